package run

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/plural"
)

// enough is how many failures an exploration looks for.
const enough = 5

// Explore runs scenarios under orders of goroutines and faults that seeds decide,
// one scenario for each seed, in turn, on memory in virtual time. Of the failures
// it shows the smallest, from which it has taken away what does not matter. It
// skips t unless -explore says how many seeds to try.
func (f *Features) Explore(t *testing.T) {
	t.Helper()
	if f.options.explore == 0 {
		t.Skip("exploring takes a while: -explore says how many seeds to try")
	}
	if failure := f.laboratory(t).explore(t); failure != "" {
		t.Error(failure)
	}
}

// explore returns the smallest failure, in words, or "" if there is none.
func (l *laboratory) explore(t *testing.T) (failure string) {
	t.Helper()
	n, first := l.options.explore, l.options.seed // which check has chosen, unless it was given
	tried, injected, failures := 0, 0, []finding{}
	l.each(t, n, func(i int) trial { return l.trial(first + uint64(i)) }, func(v verdict) bool { //nolint:gosec // not negative
		tried++
		injected += len(v.faults)
		if v.failed() {
			failures = append(failures, finding{verdict: v})
		}
		return len(failures) < enough
	})
	fmt.Fprintf(l.out, "explored %s from %d on: %s injected, %s\n", plural.Of(tried, "seed"), first, plural.Of(injected, "fault"), plural.Of(len(failures), "failure"))
	if len(failures) == 0 && injected == 0 && !l.options.faults.IsZero() {
		return fmt.Sprintf("no fault was injected, so nothing was proved: give %s higher rates, or try more seeds", l.options.faults)
	}
	if len(failures) == 0 {
		return ""
	}
	for i := range failures {
		failures[i] = l.shrink(t, failures[i].verdict)
	}
	return l.describe(slices.MinFunc(failures, finding.compare), t.Name())
}

// trial is what a seed stands for.
func (l *laboratory) trial(seed uint64) trial {
	decide := rand.New(rand.NewPCG(seed, 0))
	spec := l.options.faults
	if spec.IsZero() {
		spec = someFaults(decide)
	}
	scenario := l.scenarios[seed%uint64(len(l.scenarios))]
	return trial{scenario: scenario, seed: seed, spec: spec, schedule: true, pair: decide.IntN(pairs) == 0 && sharesReactor(scenario)}
}

// pairs is in how many trials of an exploration there is one of two copies.
const pairs = 4

// someFaults chooses up to three kinds of faults.
func someFaults(decide *rand.Rand) faults.Spec {
	kinds := possible()
	var names []string
	for range decide.IntN(4) {
		if name := string(kinds[decide.IntN(len(kinds))]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return specOf(strings.Join(names, ","))
}

// finding is a failure that was looked into.
type finding struct {
	verdict  verdict
	repeated bool // it failed again with the same seed
}

// compare puts what is easiest to understand first.
func (f finding) compare(g finding) int {
	if f.repeated != g.repeated {
		if f.repeated {
			return -1
		}
		return 1
	}
	return cmp.Compare(f.verdict.size(), g.verdict.size())
}

// shrink takes away from a failure what it does not need: faults, as long as it
// fails without, the copy beside it, and the order of goroutines. One that does not fail again as it
// is stays as it is.
func (l *laboratory) shrink(t *testing.T, failure verdict) finding {
	t.Helper()
	try := func(trial trial) bool {
		v := l.run(t, trial)
		if v.failed() {
			failure = v
		}
		return v.failed()
	}
	if !try(failure.trial) {
		return finding{verdict: failure}
	}
	alone := failure.trial
	alone.pair = false
	if failure.trial.pair {
		try(alone)
	}
	plain := failure.trial
	plain.schedule = false
	try(plain)
	needed := slices.Clone(failure.faults)
	for i := 0; i < len(needed); {
		fewer := slices.Delete(slices.Clone(needed), i, i+1)
		trial := failure.trial
		trial.only = func(f faults.Injected) bool { return slices.Contains(fewer, f) }
		if try(trial) {
			needed = slices.DeleteFunc(fewer, func(f faults.Injected) bool { return !slices.Contains(failure.faults, f) })
		} else {
			i++
		}
	}
	return finding{failure, true}
}

// describe shows a failure and how to see it again, with a command for the test.
func (l *laboratory) describe(f finding, test string) string {
	v := f.verdict
	var text strings.Builder
	fmt.Fprintf(&text, "the smallest failure, of seed %d:\n\n%s\n", v.trial.seed, l.text(v))
	if f.repeated {
		fmt.Fprintf(&text, "with the faults %q, of which these are needed: %d\n", v.trial.spec, len(v.faults))
	} else {
		fmt.Fprintf(&text, "with the faults %q, of which these were injected: %d\n", v.trial.spec, len(v.faults))
	}
	for _, f := range v.faults {
		fmt.Fprintf(&text, "  %s\n", f)
	}
	if v.trial.pair {
		text.WriteString("and with a second copy of the scenario on the same store\n")
	}
	if v.trial.schedule {
		text.WriteString("and with goroutines in the order that the seed decides\n")
	}
	if !f.repeated {
		text.WriteString("\nthe same seed was tried again and passed: something has a hand in it that the seed does not decide,\n" +
			"such as a clock, a random number or the order of a map; it may take several tries\n")
	}
	fmt.Fprintf(&text, "\nto repeat: %s", l.options.repeatTrial(l.project.Folder, test, "explore", v.trial))
	return text.String()
}
