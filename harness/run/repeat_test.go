package run

import (
	"testing"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"

	"github.com/google/go-cmp/cmp"
)

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
