package run

import (
	"context"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// trials are a laboratory for a project with the given flags, and what it prints.
func trials(t *testing.T, project Project, args ...string) (*laboratory, *strings.Builder) {
	t.Helper()
	f, out := features(t, project, args...), &strings.Builder{}
	check.Must(t, f.options.check())
	f.ready, f.out = true, out
	return f.laboratory(t), out
}

// scripted is a library with a scenario of which the steps do what a test says.
func scripted(lend, remind func() error) Project {
	project := library()
	project.Define = func(r *gherkin.Registrar, _ *harness.World) {
		r.When("the last copy is lent", lend)
		r.Then("its reader is reminded once", remind)
	}
	return project
}

func nothing() error { return nil }

func TestAnExplorationShowsWhatAFailureNeedsAndRepeatsIt(t *testing.T) { //nolint:paralleltest // its trials are
	l, out := trials(t, carelessLibrary(), "-explore", "500", "-seed", "1", "-faults", "die-after=1,slow=1")
	failure := l.explore(t)
	check.Contains(t, failure,
		"the smallest failure, of seed ",
		"✗ Then its reader is reminded once",
		"got 2 reminders, want 1",
		", of which these are needed: 1\n")
	// It ends with a few failures, before it has tried all seeds.
	if told := regexp.MustCompile(`^explored \d{1,2} seeds from 1 on: \d+ faults injected, [1-9]`); !told.MatchString(out.String()) {
		t.Errorf("got %q, want it to match %s", out, told)
	}
	command := regexp.MustCompile(`to repeat: go test \./library -count=1 -run '\^Test.*\$' -explore 1 -faults die-after=1,slow=1 -seed (\d+) -only (lending\.feature:3)$`)
	found := command.FindStringSubmatch(failure)
	if found == nil {
		t.Fatalf("got\n%s\nwant it to end with a command such as %s", failure, command)
	}
	again, _ := trials(t, carelessLibrary(), "-explore", "1", "-seed", found[1], "-only", found[2], "-faults", "die-after=1,slow=1")
	id := regexp.MustCompile(`Book-[-0-9a-f]+`)
	if got, want := id.ReplaceAllString(again.explore(t), "Book"), id.ReplaceAllString(failure, "Book"); got != want {
		t.Errorf("the command gives\n%s\nwant the same as before\n%s", got, want)
	}
}

func TestAnExplorationOfWhatHoldsFindsNothing(t *testing.T) { //nolint:paralleltest // its trials are
	l, out := trials(t, library(), "-explore", "50", "-seed", "1")
	if failure := l.explore(t); failure != "" {
		t.Errorf("got\n%s\nwant no failure", failure)
	}
	if want := " 0 failures\n"; !strings.HasSuffix(out.String(), want) || strings.Contains(out.String(), " 0 faults") {
		t.Errorf("got %q, want some faults and %q", out, want)
	}
}

func TestAFailureThatDoesNotComeAgainIsSaidToBeOne(t *testing.T) { //nolint:paralleltest // its trials are
	var calls atomic.Int64
	l, _ := trials(t, scripted(nothing, func() error {
		if calls.Add(1) == 1 {
			return errors.New("once in a blue moon")
		}
		return nil
	}), "-explore", "1", "-seed", "3")
	check.Contains(t, l.explore(t), "once in a blue moon", "the same seed was tried again and passed", "-explore 1 -seed 3 ")
}

func TestTheMatrixNamesTheFaultsThatDoHarm(t *testing.T) { //nolint:paralleltest // its trials are
	l, out := trials(t, carelessLibrary(), "-matrix", "20")
	var reports strings.Builder
	l.matrix(t, func(failure string) { reports.WriteString(failure + "\n") })
	check.Contains(t, reports.String(),
		"under die-after=1, seed ", // by chance there was none
		"got 2 reminders, want 1",
		"-matrix 1 -seed ",
		"under failed-checkpoint no fault was injected, so nothing was proved") // all is over before the second
	for _, harmless := range []string{"under slow, ", "under conflict, ", "under cut"} {
		if strings.Contains(reports.String(), harmless) {
			t.Errorf("got a failure %s, want none", harmless)
		}
	}
	for _, row := range []string{
		`die-after +40 runs +[1-9]\d* faults +[1-9]\d* failed`,
		`reorder +20 runs +[1-9]\d* faults +0 failed`, // there is a stream of each of two copies
	} {
		if want := regexp.MustCompile(`(?m)^  ` + row + `$`); !want.MatchString(out.String()) {
			t.Errorf("got\n%s\nwant in it %s", out, want)
		}
	}
}

func TestAPairFailsIfEitherDoes(t *testing.T) { //nolint:paralleltest // its trials are
	for _, nth := range []int64{1, 2} {
		var calls atomic.Int64
		project := scripted(nothing, func() error {
			if calls.Add(1) == nth {
				return errors.New("somebody else has it")
			}
			return nil
		})
		audits := 0
		project.System.Audit = func(context.Context, harness.Left) error { audits++; return nil }
		l, _ := trials(t, project)
		v := l.run(t, trial{scenario: l.scenarios[0], seed: 1, pair: true})
		if text := l.text(v); !v.failed() || !strings.Contains(text, "somebody else has it") || calls.Load() != 2 || audits != 1 {
			t.Errorf("call %d fails: got failure %t after %d calls and %d audits, and\n%s\nwant one after 2 and 1", nth, v.failed(), calls.Load(), audits, text)
		}
	}
}

func TestAPairWithoutAStoreFails(t *testing.T) { //nolint:paralleltest // its trials are
	project := library()
	project.System.Start = func(context.Context, *stores.Backend, reactor.Config) (harness.Reactor, error) {
		return nil, errors.New("the reactor has no fuel")
	}
	l, _ := trials(t, project)
	v := l.run(t, trial{scenario: l.scenarios[0], seed: 1, pair: true})
	if text := l.text(v); !v.failed() || !strings.Contains(text, "the reactor has no fuel") {
		t.Errorf("got failure %t and\n%s\nwant one, and what is missing", v.failed(), text)
	}
}

func TestTheMatrixIsOfTheFaultsThatAreAskedFor(t *testing.T) { //nolint:paralleltest // its trials are
	l, out := trials(t, library(), "-matrix", "2", "-seed", "1", "-faults", "conflict=1,slow=3ms,cut")
	l.matrix(t, func(failure string) { t.Error(failure) })
	var names []string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
		names = append(names, strings.Fields(line)[0])
	}
	if want := []string{"conflict=1", "slow=3ms", "conflict=1,slow=3ms,cut"}; !slices.Equal(names, want) {
		t.Errorf("got the rows %q, want %q", names, want)
	}
	var reports strings.Builder
	none, _ := trials(t, library(), "-matrix", "2", "-faults", "cut")
	none.matrix(t, func(failure string) { reports.WriteString(failure) })
	check.Contains(t, reports.String(), "there is no way for cut on the memory store")
}

func TestATrialHasTheLimitThatIsAskedFor(t *testing.T) { //nolint:paralleltest // its trials are
	slow := func() error { time.Sleep(time.Hour); return nil } // of virtual time
	l, _ := trials(t, scripted(slow, nothing), "-explore", "1", "-limit", "10m")
	check.Contains(t, l.explore(t), "the time limit of 10m0s is over")
}

func TestAllFaultsTogetherMayBeNone(t *testing.T) { //nolint:paralleltest // its trials are
	l, out := trials(t, scripted(nothing, nothing), "-matrix", "1", "-only", "lending.feature")
	l.matrix(t, func(failure string) { t.Error(failure) })
	check.Contains(t, out.String(), "all                     1 runs        0 faults")
}

func TestTheMatrixOfWhatHoldsHasNoFailure(t *testing.T) { //nolint:paralleltest // its trials are
	l, out := trials(t, library(), "-matrix", "5", "-only", "lending.feature")
	l.matrix(t, func(failure string) { t.Error(failure) })
	if got, want := strings.Count(out.String(), " 0 failed\n"), len(faults.Kinds()); got != want { // all, and no cut
		t.Errorf("got %d rows without a failure, want %d:\n%s", got, want, out)
	}
}

func TestTrialsLeaveOutWhatMemoryCannotRun(t *testing.T) { //nolint:paralleltest // its trials are
	project := library()
	project.Features = fstest.MapFS{"lending.feature": {Data: []byte(
		strings.Replace(lending, "    Scenario", "    @skip-on-memory:too-small\n    Scenario: Too many\n      When the last copy is lent\n\n    @virtual-time\n    Scenario", 1))}}
	l, _ := trials(t, project)
	if len(l.scenarios) != 1 || l.scenarios[0].Name != "The last copy" {
		t.Errorf("got %d scenarios, the first of which is %q, want only the last copy", len(l.scenarios), l.scenarios[0].Name)
	}
}

func TestNoTrialCutsAConnection(t *testing.T) {
	t.Parallel()
	seen := map[faults.Kind]bool{}
	for seed := range uint64(1000) {
		spec := someFaults(rand.New(rand.NewPCG(seed, 0)))
		for _, kind := range faults.Kinds() {
			seen[kind.Kind] = seen[kind.Kind] || spec.Has(kind.Kind)
		}
	}
	for _, kind := range faults.Kinds() {
		if got, want := seen[kind.Kind], kind.Kind != faults.Cut; got != want {
			t.Errorf("%s is chosen: %t, want %t", kind.Kind, got, want)
		}
	}
}

func TestThoseWhoWaitHearOfTrials(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	start := time.Now()
	p := newProgress(&out, 100, start)
	passed := verdict{result: suite.Result{Status: suite.Passed}, faults: make([]faults.Injected, 3)}
	for second := range 25 {
		p.add(passed, start.Add(time.Duration(second)*time.Second))
	}
	p.add(verdict{}, start.Add(31*time.Second))
	want := "  11 of 100 after 10s: 33 faults injected, 0 failures\n" +
		"  21 of 100 after 20s: 63 faults injected, 0 failures\n" +
		"  26 of 100 after 31s: 75 faults injected, 1 failure\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
