package suite

import (
	"bytes"
	"cmp"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/check"
)

// process runs a fixture and returns what it printed, and its exit status.
func process(t *testing.T, name string, flags ...string) (output string, status int) {
	t.Helper()
	if _, ok := fixtures()[name]; !ok {
		t.Fatalf("there is no fixture %q", name)
	}
	if !slices.ContainsFunc(flags, func(f string) bool { return strings.HasPrefix(f, "-test.run") }) {
		flags = append(flags, "-test.run=^TestFixture$")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], flags...) //nolint:gosec // the test binary itself
	cmd.Env = append(os.Environ(), fixtureEnv+"="+name)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// verdicts lists the verdicts of go test -v, sorted by name.
func verdicts(output string) []string {
	var list []string
	for line := range strings.Lines(output) {
		line, found := strings.CutPrefix(strings.TrimSpace(line), "--- ")
		if !found {
			continue
		}
		verdict, name, _ := strings.Cut(line, ": ")
		name, _, _ = strings.Cut(name, " ")
		list = append(list, name+" "+verdict)
	}
	slices.Sort(list)
	return list
}

func TestGoTestShowsTheTruth(t *testing.T) {
	t.Parallel()
	output, status := process(t, "mixed", "-test.v")
	check.Equal(t, "exit status", 1, status)
	const rule = "TestFixture/memory/Mixed/Some_go_wrong"
	want := []string{
		"TestFixture FAIL",
		"TestFixture/memory FAIL",
		"TestFixture/memory/Mixed FAIL",
		"TestFixture/memory/Mixed/It_passes PASS",
		rule + " FAIL",
		rule + "/A_hook_skips_it SKIP",
		rule + "/A_step's_hook_panics FAIL",
		rule + "/It_fails FAIL",
		rule + "/It_is_empty FAIL",
		rule + "/It_is_not_supported SKIP",
		rule + "/It_is_skipped SKIP",
		rule + "/It_is_undefined FAIL",
		rule + "/Row_of_<what> FAIL",
		rule + "/Row_of_<what>/1:_a_step PASS",
		rule + "/Row_of_<what>/2:_it_panics FAIL",
		rule + "/Rowless FAIL",
	}
	slices.Sort(want)
	if diff := gocmp.Diff(want, verdicts(output)); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	check.Contains(t, output,
		"dir/f.feature:11: failed: When it fails with",
		"✓ Given a step",
		"no clock", "there is no server", "the before hook says so",
		"panicInStep",
		"to repeat: go test -run '^TestFixture$/^memory$/^Mixed$/^Some_go_wrong$/^It_fails$'",
		"memory: 11 scenarios: 2 passed, 6 failed, 3 skipped (",
		"  skipped   1: there is no server",
		"  undefined dir/f.feature:27  It is undefined: When nobody knows it: no definition matches",
		"hello",
	)
	if strings.Contains(output, "progress") || strings.Contains(output, "No scenarios") {
		t.Errorf("godog's own output shows:\n%s", output)
	}
}

func TestWithoutVerboseOnlyFailuresAreShown(t *testing.T) {
	t.Parallel()
	output, status := process(t, "mixed")
	if status != 1 || strings.Contains(output, "hello") || strings.Contains(output, "It_passes") {
		t.Errorf("got exit status %d and:\n%s", status, output)
	}
	if output, status := process(t, "two passes"); status != 0 || strings.Contains(output, "✓") {
		t.Errorf("got exit status %d and:\n%s", status, output)
	}
}

func TestRunSelectsAtEveryLevel(t *testing.T) {
	t.Parallel()
	const rule = "TestFixture/memory/Mixed/Some_go_wrong"
	for pattern, want := range map[string][]string{
		"TestFixture/memory/Mixed/It_passes": {"TestFixture/memory/Mixed/It_passes PASS"},
		rule + "/Row_of/^1:":                 {rule + "/Row_of_<what>/1:_a_step PASS"},
		rule + "/Row_of/panics":              {rule + "/Row_of_<what>/2:_it_panics FAIL"},
		rule + "/skip":                       {rule + "/A_hook_skips_it SKIP", rule + "/It_is_skipped SKIP"},
		// As it is printed, it must select the one.
		RunPattern(rule + "/A_step's_hook_panics"): {rule + "/A_step's_hook_panics FAIL"},
	} {
		output, status := process(t, "mixed", "-test.v", "-test.run="+pattern)
		got := slices.DeleteFunc(verdicts(output), func(v string) bool {
			name, _, _ := strings.Cut(v, " ")
			return strings.Count(name, "/") < 3 || strings.HasSuffix(name, "Some_go_wrong") || strings.HasSuffix(name, "<what>")
		})
		failed := strings.Contains(strings.Join(want, " "), "FAIL")
		if diff := gocmp.Diff(want, got); diff != "" || failed != (status == 1) {
			t.Errorf("-run %s: got exit status %d, verdicts (-want +got):\n%s", pattern, status, diff)
		}
	}
	output, status := process(t, "mixed", "-test.run=TestFixture/memory/Mixd")
	if status != 1 {
		t.Errorf("got exit status %d for a pattern that selects nothing", status)
	}
	check.Contains(t, output, `none of the 11 selected scenarios was run: -run="TestFixture/memory/Mixd"`)
	output, status = process(t, "hooks", "-test.run=TestFixture/other")
	if got := results(output); status != 0 || len(got) > 0 {
		t.Errorf("got exit status %d and %q for a pattern that selects another run, want 0 and nothing", status, got)
	}
}

// passes are the results of three scenarios in order, with what was told before
// and after them.
func passes(before []string, after ...string) []string {
	const how = " passed attempt 1 again false"
	return slices.Concat(before, []string{"a" + how, "b" + how, "c" + how}, after)
}

// TestRuns has a run of each fixture: with one scenario at a time unless it says
// otherwise, and red if any scenario has failed or a verdict is missing.
func TestRuns(t *testing.T) {
	t.Parallel()
	const red = 1
	for name, test := range map[string]struct {
		status   int
		parallel string   // "1" unless given
		leaves   string   // the verdicts of go test, not compared if empty
		results  []string // what reporters were told, not compared if nil
		output   []string
	}{
		"tags":  {leaves: "a PASS"},
		"only":  {leaves: "b PASS, c PASS"},
		"twice": {status: red, leaves: "same PASS, same#01 FAIL"}, // scenarios of one name are told apart
		"repeat": {status: red, output: []string{
			"  to repeat: go test ./here -at sea -only dir/f.feature:2 -run '^TestFixture$/^features$/^F$/^a$'\n",
		}},
		"bubble": {status: red, leaves: "a PASS, b PASS, c FAIL", output: []string{"the time limit of 24h0m0s is over"}},

		// As many run at once as -parallel says: the first waits for three of them, the
		// second minds if there are more than two.
		"meeting": {parallel: "3"},
		"crowd":   {parallel: "2"},

		// A flaky scenario is not a pass.
		"flaky": {
			status: red, results: []string{
				"a failed attempt 1 again true", "a passed attempt 2 again false",
				"b failed attempt 1 again true", "b failed attempt 2 again false",
				"c undefined attempt 1 again false",
			},
			output: []string{
				"3 scenarios: 0 passed, 2 failed, 0 skipped, 1 flaky",
				"flaky     dir/f.feature:2  a: passed at attempt 2; attempt 1 failed: * it fails once: not yet",
				"attempt 1 failed, another follows", "FLAKY: passed at attempt 2",
			},
		},
		"budget":     {leaves: "a SKIP, b SKIP", output: []string{"0 passed, 0 failed, 0 skipped, 2 flaky"}},
		"no budget":  {status: red, leaves: "a SKIP, b SKIP", output: []string{"2 scenarios are flaky, and no more than 1 is tolerated"}},
		"retry tags": {status: red, leaves: "a SKIP, b FAIL", output: []string{"0 passed, 1 failed, 0 skipped, 1 flaky"}},

		"hooks":      {results: passes([]string{"b1", "b2"}, "a2", "a1"), output: []string{"3 scenarios: 3 passed"}},
		"bad before": {status: red, results: []string{"b1", "b2", "a1"}, output: []string{"failed    before run: b1: no server"}},
		"bad after":  {status: red, results: passes(nil, "a2", "a1"), output: []string{"the books do not balance"}},

		"bad start": {
			status: red, output: []string{"no disk"},
			results: []string{"start 3 of 3", "start 3 of 3", "finish 0, success false", "finish 0, success false"},
		},
		"bad write": {status: red, output: []string{"disk full"}, results: passes([]string{"start 3 of 3"}, "finish 3, success false")},
		"bad end":   {status: red, output: []string{"disk gone"}, results: passes([]string{"start 3 of 3"}, "finish 3, success true")},

		"empty tags": {status: red, output: []string{`the tag expression "@nosuch" selects none of the 3 scenarios`}},
		"bad tags":   {status: red, output: []string{`the tag expression "@a &&" has the word "&&"`}},
		"bad file":   {status: red, output: []string{"dir/f.feature:1:1: expected:"}},
		"no feature": {status: red, output: []string{"empty.feature: the file has no feature: write one, or remove the file", "3 scenarios: 3 passed"}},
		"selection":  {output: []string{"1 scenario: 1 passed"}},
		"no column":  {status: red, output: []string{`the examples at line 7 lack the column "x", which the outline "O" uses at line 3`}},
		"no world":   {status: red, output: []string{"make the world: no"}},
		"bad config": {status: red, output: []string{"Config.Retries is -1: it must not be negative"}},
		"two orders": {status: red, output: []string{"Config.Shuffle and Config.Reverse exclude each other: choose one order"}},
		"bad retry":  {status: red, output: []string{`Config.RetryTags: the tag expression "slow" has the word "slow"`}},
		"bad only":   {status: red, output: []string{"dir/f.feature has 7 lines, and no line 99"}},
		"bad hook":   {status: red, output: []string{"the run's hook \"b1\" has no function"}},
		"hook boom":  {status: red, output: []string{"before run: b1 (suite/process_test.go:"}},
		"no around":  {status: red, output: []string{"Config.Around called the scenario 0 times instead of once"}},
		"bad around": {status: red, output: []string{"around the scenario: panic: boom around"}},
	} {
		output, status := process(t, name, "-test.v", "-test.parallel="+cmp.Or(test.parallel, "1"))
		if status != test.status {
			t.Errorf("%s: got exit status %d, want %d:\n%s", name, status, test.status, output)
		}
		if got := leavesOf(output); test.leaves != "" && got != test.leaves {
			t.Errorf("%s: got the verdicts %s, want %s", name, got, test.leaves)
		}
		if diff := gocmp.Diff(test.results, results(output)); diff != "" && test.results != nil {
			t.Errorf("%s: results (-want +got):\n%s", name, diff)
		}
		check.Contains(t, output, test.output...)
	}
}

// leavesOf lists the verdicts of the scenarios.
func leavesOf(output string) string {
	var list []string
	for _, verdict := range verdicts(output) {
		if leaf, found := strings.CutPrefix(verdict, "TestFixture/features/F/"); found {
			list = append(list, leaf)
		}
	}
	return strings.Join(list, ", ")
}

// results lists the names that were reported, in that order.
func results(output string) []string {
	var list []string
	for line := range strings.Lines(output) {
		if rest, found := strings.CutPrefix(line, "result "); found {
			list = append(list, strings.TrimSpace(rest))
		}
	}
	return list
}

func TestOrder(t *testing.T) {
	t.Parallel()
	order := func(name string, args ...string) string {
		output, status := process(t, name, append(args, "-test.parallel=1")...)
		if status != 0 {
			t.Errorf("%s: got exit status %d:\n%s", name, status, output)
		}
		var b strings.Builder
		for _, r := range results(output) {
			b.WriteString(r[:1])
		}
		return b.String()
	}
	check.Equal(t, "order", "cba", order("reversed"))
	// One at a time they run in the order of the tree, and those that -run leaves out
	// change nothing of it.
	const all = "abcdefghij"
	check.Equal(t, "order", all, order("in order"))
	check.Equal(t, "order", "abcehij", order("in order", "-test.run=TestFixture/features/F/[^R]/^[^d]*$"))
	if first, second := order("mixed up"), order("mixed up"); first != second || first == all {
		t.Errorf("got the orders %s and %s for the same seed, want one that is not %s", first, second, all)
	}
	output, _ := process(t, "no seed", "-test.v")
	_, chosen, _ := strings.Cut(output, "to repeat this order set the seed to ")
	chosen, _, _ = strings.Cut(chosen, "\n")
	check.Contains(t, output, "  shuffled  with the seed "+chosen+"\n")
}

func TestTheSlowestComeFirst(t *testing.T) {
	t.Parallel()
	s := Summary{Name: "memory", Duration: 1200 * time.Millisecond}
	took := []time.Duration{5 * time.Millisecond, 900 * time.Millisecond, 30 * time.Millisecond, 30 * time.Millisecond}
	for i, scenario := range load(t, "Feature: F\nScenario: a\n* x\nScenario: b\n* x\nScenario: c\n* x\nScenario: d\n* x\n") {
		s.add(Result{Scenario: scenario, Status: Passed, Attempt: 1, Duration: took[i]})
	}
	var text strings.Builder
	for _, n := range []int{-1, 0, 3, 9} {
		check.Must(t, s.WriteSlowest(&text, n))
	}
	want := `  the slowest 3 of 4:
      900ms f.feature:4  b
       30ms f.feature:6  c
       30ms f.feature:8  d
  the slowest 4 of 4:
      900ms f.feature:4  b
       30ms f.feature:6  c
       30ms f.feature:8  d
        5ms f.feature:2  a
`
	check.Same(t, "the result", want, text.String())
	text.Reset()
	if err := s.WriteText(&text); err != nil || text.String() != "memory: 4 scenarios: 4 passed, 0 failed, 0 skipped (1.2s)\n" {
		t.Errorf("got %q and error %v, want the wall clock in it", text.String(), err)
	}
}

func TestEveryVerdictIsCountedOnce(t *testing.T) {
	t.Parallel()
	var s Summary
	for _, r := range []Result{
		{Status: Passed, Attempt: 1},
		{Status: Passed, Attempt: 2},
		{Status: Skipped, Attempt: 1},
		{Status: Failed, Attempt: 2},
		{Status: Undefined, Attempt: 1},
		{Status: Pending},
		{Status: Ambiguous},
		{},
	} {
		s.add(r)
	}
	if s.Passed != 1 || s.Flaky != 1 || s.Skipped != 1 || s.Failed != 5 || s.Total() != 8 {
		t.Errorf("got %d passed, %d flaky, %d skipped, %d failed of %d, want 1, 1, 1, 5 of 8", s.Passed, s.Flaky, s.Skipped, s.Failed, s.Total())
	}
}

func outline(nodes []*node, indent string) []string {
	var lines []string
	for _, n := range nodes {
		lines = append(lines, indent+n.name)
		lines = append(lines, outline(n.children, indent+"  ")...)
	}
	return lines
}

func TestGrow(t *testing.T) {
	t.Parallel()
	got := outline(grow(load(t, `Feature: Paid/unpaid   rooms
  Scenario:
    * x
  Scenario Outline: Of <a>
    * <a>
    Examples:
      | a | b |
      | 1 | a/b |
      |   |   |
  Scenario Outline: With other columns
    * <a>
    Examples:
      | a | b |
      | 1 | 2 |
    Examples: More
      | a |
      | `+strings.Repeat("ä", 80)+` |
  Rule: First
    Scenario: Same
      * x
    Scenario: Same
      * x
`)), "")
	want := []string{
		"Paid-unpaid rooms",
		"  scenario at line 2",
		"  Of <a>",
		"    1: 1, a-b",
		"    2: ,",
		"  With other columns",
		"    1: a = 1, b = 2",
		"    2: a = " + strings.Repeat("ä", 55) + "…",
		"  First",
		"    Same",
		"    Same",
	}
	check.Same(t, "tree", want, got)
}

func TestShuffleRepeatsForASeed(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("Feature: F\n")
	for _, name := range strings.Split("abcdefghij", "") {
		file.WriteString("Scenario: " + name + "\n* x\n")
	}
	order := func(seed uint64) string {
		tree := grow(load(t, file.String()))
		shuffle(tree, rand.New(rand.NewPCG(seed, 0)))
		return strings.Join(outline(tree[0].children, ""), "")
	}
	first, again, other := order(1), order(1), order(2)
	if first != again || first == other || first == "abcdefghij" {
		t.Errorf("got %s, %s and %s for the seeds 1, 1 and 2", first, again, other)
	}
}

func TestRunPattern(t *testing.T) {
	t.Parallel()
	got := RunPattern("TestX/memory/A_guest's_stay/2:_101,_EUR_20.00_(net)")
	want := `^TestX$/^memory$/^A_guest.s_stay$/^2:_101,_EUR_20\.00_\(net\)$`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
