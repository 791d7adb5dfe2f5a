package run

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/plural"
)

// tally is what came of faults. It does not change.
type tally struct {
	injected   map[faults.Kind]int
	occasions  map[faults.Kind]int    // on which they could have come, by their rates
	impossible map[faults.Kind]string // those that cannot come, and why
}

// plus adds what came of them on a harness.
func (t tally) plus(h *harness.Harness) tally {
	sum := tally{map[faults.Kind]int{}, h.Occasions(), h.Impossible()}
	maps.Copy(sum.injected, t.injected)
	for _, fault := range h.Injected() {
		sum.injected[fault.Kind]++
	}
	for kind, n := range t.occasions {
		sum.occasions[kind] += n
	}
	return sum
}

// since is what came of them since an earlier moment.
func (t tally) since(before tally) tally {
	left := tally{maps.Clone(t.injected), maps.Clone(t.occasions), t.impossible}
	for kind, n := range before.injected {
		left.injected[kind] -= n
	}
	for kind, n := range before.occasions {
		left.occasions[kind] -= n
	}
	return left
}

// all is how many were injected.
func (t tally) all() (n int) {
	for _, of := range t.injected {
		n += of
	}
	return n
}

// missing are the kinds of a spec that could have come and did not.
func (t tally) missing(spec faults.Spec) (kinds []faults.Kind) {
	for _, kind := range spec.Kinds() {
		if _, never := t.impossible[kind]; !never && t.injected[kind] == 0 {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// never says which kinds of a spec there cannot be on a store.
func (t tally) never(spec faults.Spec, store string) string {
	var text []string
	for _, kind := range spec.Kinds() {
		if reason, never := t.impossible[kind]; never {
			text = append(text, fmt.Sprintf("the store %s cannot have %s: %s", store, kind, reason))
		}
	}
	return strings.Join(text, "; ")
}

// faultsText says for people what came of the faults of all runs.
func (o *options) faultsText(t tally) string {
	text := fmt.Sprintf("%d were injected", t.all())
	if missing := t.missing(o.faults); len(missing) > 0 && t.all() > 0 {
		text += ", none of them " + list(missing)
	}
	if never := t.never(o.faults, o.store); never != "" {
		text += "; " + never
	}
	return text
}

// list is kinds in words.
func list(kinds []faults.Kind) string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return oneOf(names)
}

// A kind that did not come is a failure if chance can hardly be why: if by its rate so
// many were to be expected, or if so many scenarios had no occasion for it.
const (
	surelyExpected  = 7 // of a thousand such runs, one has none
	enoughScenarios = 20
)

// proved is an error if so few faults were injected that a run proves less than it
// seems to.
func (o *options) proved(t tally, scenarios int) error {
	missing := t.missing(o.faults)
	switch {
	case t.all() == 0 && len(missing) == 0:
		return fmt.Errorf("no fault was injected, so nothing was proved: %s", t.never(o.faults, o.store))
	case t.all() == 0:
		return fmt.Errorf("no fault was injected in %s, so nothing was proved: give %s a higher rate, such as %s=1, another -seed, or more scenarios", plural.Of(scenarios, "scenario"), list(missing), missing[0])
	}
	whole := scenarios >= enoughScenarios && o.tagged == "" && o.only == ""
	var errs []error
	for _, kind := range missing {
		occasions := t.occasions[kind]
		// Alone on its store, a scenario may have nothing that could change places; and
		// beside a reactor in other processes nobody may read from a replica.
		idle := kind == faults.Reorder && o.virtual() || kind == faults.Stale && o.processes > 0
		switch {
		case float64(occasions)*o.faults.Rate(kind) >= surelyExpected:
			errs = append(errs, fmt.Errorf("no fault of the kind %s was injected on %s, so nothing was proved of it: this is hardly chance, see whether package faults still injects it", kind, plural.Of(occasions, "occasion")))
		case occasions == 0 && whole && !idle:
			errs = append(errs, fmt.Errorf("there was no occasion for a fault of the kind %s in %s, so nothing was proved of it: leave it out with %s=0, if there can be none", kind, plural.Of(scenarios, "scenario"), kind))
		}
	}
	return errors.Join(errs...)
}
