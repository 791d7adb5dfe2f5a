package run

import (
	"fmt"
	"testing"

	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/plural"
)

// Matrix runs every scenario under every kind of fault, and under all of them
// together, on memory in virtual time; if -faults names some, under those. It skips t unless -matrix says how many
// seeds to try. A kind of which chance injected no fault comes again, whenever it
// can; one that never can has proved nothing, and fails t too.
func (f *Features) Matrix(t *testing.T) {
	t.Helper()
	if f.options.matrix == 0 {
		t.Skip("the matrix of faults takes a while: -matrix says how many seeds to try")
	}
	f.laboratory(t).matrix(t, func(failure string) { t.Error(failure) })
}

// row is what came of all scenarios under some faults.
type row struct {
	kind                   faults.Kind // "" for all of them together
	name                   string
	spec                   faults.Spec
	runs, injected, failed int
}

// rows are those of a spec, or of all kinds if that is zero.
func rows(spec faults.Spec) []*row {
	name := spec.String()
	if spec.IsZero() {
		name, spec = "all", specOf("all")
	}
	var list []*row
	for _, kind := range possible() {
		if one := spec.Just(kind); !one.IsZero() {
			list = append(list, &row{kind: kind, name: one.String(), spec: one})
		}
	}
	if len(list) > 1 {
		list = append(list, &row{name: name, spec: spec})
	}
	return list
}

// matrix reports each failure as it comes.
func (l *laboratory) matrix(t *testing.T, report func(failure string)) {
	t.Helper()
	rows, seeds, first := rows(l.options.faults), l.options.matrix, max(l.options.seed, 1)
	if len(rows) == 0 {
		report(fmt.Sprintf("there is no way for %s on the memory store, so nothing was proved", l.options.faults))
		return
	}
	l.fill(t, rows, first, report)
	var empty []*row
	for _, r := range rows {
		if r.injected == 0 && r.kind != "" {
			r.spec = specOf(string(r.kind) + "=1")
			empty = append(empty, r)
		}
	}
	l.fill(t, empty, first, report)
	fmt.Fprintf(l.out, "%s under each kind of fault, each with %s, from %d on:\n", plural.Of(len(l.scenarios), "scenario"), plural.Of(seeds, "seed"), first)
	for _, r := range rows {
		fmt.Fprintf(l.out, "  %-18s %6d runs %8d faults %4d failed\n", r.name, r.runs, r.injected, r.failed)
		if r.injected == 0 && l.options.tagged == "" && l.options.only == "" {
			report(fmt.Sprintf("under %s no fault was injected, so nothing was proved", r.name))
		}
	}
}

// fill makes the trials of rows.
func (l *laboratory) fill(t *testing.T, rows []*row, first uint64, report func(failure string)) {
	t.Helper()
	if len(rows) == 0 {
		return
	}
	of := map[string]*row{}
	for _, r := range rows {
		of[r.spec.String()] = r
	}
	perRow := l.options.matrix * len(l.scenarios)
	l.each(t, perRow*len(rows), func(i int) trial {
		return trial{
			scenario: l.scenarios[i%len(l.scenarios)],
			// Faults of the feed depend on little else than the seed, so no two
			// scenarios of a row have the same.
			seed:     first + uint64(i%perRow), //nolint:gosec // not negative
			spec:     rows[i/perRow].spec,
			schedule: true,
			// With one stream there is nothing to re-order.
			pair: rows[i/perRow].kind == faults.Reorder && sharesReactor(l.scenarios[i%len(l.scenarios)]),
		}
	}, func(v verdict) bool {
		r := of[v.trial.spec.String()]
		r.runs++
		r.injected += len(v.faults)
		if v.failed() {
			r.failed++
			report(fmt.Sprintf("under %s, seed %d:\n%s\n  to repeat: %s", v.trial.spec, v.trial.seed, l.text(v),
				l.options.repeatTrial(l.project.Folder, t.Name(), "matrix", v.trial)))
		}
		return true
	})
}
