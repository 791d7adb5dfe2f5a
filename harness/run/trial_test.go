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

	"github.com/google/go-cmp/cmp"

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

func TestAFailureSaysWhatRunsItAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "go test ./library -count=1 -only lending.feature:3"},
		{[]string{"-time", "virtual", "-limit", "10s"}, "go test ./library -count=1 -time virtual -limit 10s -only lending.feature:3"},
		{[]string{"-store", "dynamodb", "-provision", "local"}, "go test ./library -count=1 -store dynamodb -provision local -only lending.feature:3"},
		{[]string{"-faults", "kill,slow=20ms", "-seed", "4"}, "go test ./library -count=1 -faults kill,slow=20ms -seed 4 -only lending.feature:3"},
		{[]string{"-seed", "4", "-tagged", "@a", "-messages", "x", "-retries", "2"}, "go test ./library -count=1 -only lending.feature:3"},
	} {
		f := features(t, library(), c.args...)
		if got := f.options.repeat("library", lastCopy(t, f)); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestATrialIsRunAgainByItsSeed(t *testing.T) {
	t.Parallel()
	f := features(t, library(), "-faults", "all,kill=0", "-seed", "1", "-explore", "900", "-limit", "1h")
	got := f.options.repeatTrial("library", "TestExplore", "explore", trial{scenario: lastCopy(t, f), seed: 17})
	want := "go test ./library -count=1 -run '^TestExplore$' -explore 1 -limit 1h0m0s -faults all,kill=0 -seed 17 -only lending.feature:3"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAShellReadsWhatWasQuoted(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"plain/1-a.feature:3": "plain/1-a.feature:3",
		"two words":           "'two words'",
		"Hansen's.feature:1":  `'Hansen'\''s.feature:1'`,
	} {
		check.Equal(t, word, want, quoted(word))
	}
}

// lastCopy is the scenario of the library.
func lastCopy(t *testing.T, f *Features) *suite.Scenario {
	t.Helper()
	loaded, err := suite.Load(f.project.Features)
	check.Must(t, err)
	return loaded[0].Scenarios[0]
}

func TestAReportSaysHowToMakeTheRunAgain(t *testing.T) {
	t.Parallel()
	o := features(t, library(), "-store", "messagedb", "-reactor", "3", "-tagged", "@competing and not @slow", "-seed", "7",
		"-retries", "2", "-retry-tagged", "@slow", "-flaky-budget", "1", "-reverse").options
	want := map[string]string{
		"command": "go test ./lending -count=1 -store messagedb -reactor 3 -tagged '@competing and not @slow' -retries 2 -retry-tagged @slow -flaky-budget 1 -reverse",
		"reactor": "3",
		"seed":    "7",
	}
	if diff := cmp.Diff(want, o.properties("lending", 0)); diff != "" && !shuffled() {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

func TestAKindOfFaultThatNeverCameProvesNothing(t *testing.T) {
	t.Parallel()
	none := map[faults.Kind]int{}
	some := map[faults.Kind]int{faults.Slow: 3}
	for _, c := range []struct {
		name      string
		faults    string
		flags     []string
		injected  map[faults.Kind]int
		occasions map[faults.Kind]int
		scenarios int
		want      string
	}{
		{"it came", "slow", nil, some, some, 1, ""},
		{"nothing came", "slow,kill", nil, none, none, 1, "no fault was injected in 1 scenario, so nothing was proved: give slow or kill a higher rate, such as slow=1, another -seed, or more scenarios"},
		{"there can be none", "cut", nil, none, none, 1, "no fault was injected, so nothing was proved: the store memory cannot have cut: no lines"},
		{"by chance", "slow,kill", nil, some, map[faults.Kind]int{faults.Kill: 300}, 50, ""},
		{"not by chance", "slow,kill", nil, some, map[faults.Kind]int{faults.Kill: 400}, 1, "no fault of the kind kill was injected on 400 occasions, so nothing was proved of it: this is hardly chance, see whether package faults still injects it"},
		{"no occasion", "slow,kill", nil, some, none, 20, "there was no occasion for a fault of the kind kill in 20 scenarios, so nothing was proved of it: leave it out with kill=0, if there can be none"},
		{"no occasion in a few scenarios", "slow,kill", nil, some, none, 19, ""},
		{"no occasion in a selection", "slow,kill", []string{"-tagged", "@slow"}, some, none, 20, ""},
		{"nothing to change places with", "slow,reorder", []string{"-time", "virtual"}, some, none, 20, ""},
		{"nobody to read from a replica", "slow,stale", []string{"-store", "messagedb", "-reactor", "2"}, some, none, 20, ""},
	} {
		f := features(t, library(), append(c.flags, "-faults", c.faults)...)
		check.Must(t, f.options.check())
		got := ""
		if err := f.options.proved(tally{c.injected, c.occasions, map[faults.Kind]string{faults.Cut: "no lines"}}, c.scenarios); err != nil {
			got = err.Error()
		}
		check.Equal(t, c.name, c.want, got)
	}
}
