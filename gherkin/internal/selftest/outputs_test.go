package selftest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	protocol "github.com/cucumber/messages/go/v34"

	// What testdata/red is made of: go test would keep the result of this test
	// although they have changed, if it did not know.
	_ "example.com/groupcheckout/gherkin/report"
	_ "example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
)

// outputs are the four, in the order in which read adds what they say.
func outputs() []string { return []string{"go test", "JUnit", "messages", "summary"} }

// test is what go test says of a test.
type test struct{ verdict, output string }

type tests map[string]test

// output gives what a test and those within it said.
func (l tests) output(name string) string {
	var b strings.Builder
	for other, test := range l {
		if other == name || strings.HasPrefix(other, name+"/") {
			b.WriteString(test.output)
		}
	}
	return b.String()
}

// goTest runs the broken package as a user would.
func goTest(t *testing.T, folder string) (status int, _ tests) {
	t.Helper()
	// For the same reason the files are read.
	check.Must(t, os.CopyFS(t.TempDir(), os.DirFS("testdata/red")))
	command := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", "./testdata/red")
	command.Env = append(os.Environ(), "SELFTEST_OUT="+folder)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	list := tests{}
	for line := range bytes.Lines(output) {
		var event struct{ Action, Test, Output string }
		check.Mustf(t, json.Unmarshal(line, &event), "read go test's line %s", line)
		if event.Test == "" {
			continue
		}
		seen := list[event.Test]
		switch event.Action {
		case "output":
			seen.output += event.Output
		case "pass", "fail", "skip":
			seen.verdict = event.Action
		}
		list[event.Test] = seen
	}
	if len(list) == 0 {
		t.Fatalf("go test ran nothing:\n%s%s", output, complaints.Bytes())
	}
	return command.ProcessState.ExitCode(), list
}

// read takes in what the four outputs say of a run's scenarios.
func read(t *testing.T, folder, run string, list tests, got map[string]want, texts map[string][]string) {
	t.Helper()
	cases := readJUnit(t, filepath.Join(folder, run+".xml"))
	report, ok := readMessages(t, filepath.Join(folder, run+".ndjson"))
	if ok {
		t.Errorf("%s: the messages say that the run was a success", run)
	}
	content, err := os.ReadFile(filepath.Join(folder, run+".txt"))
	check.Must(t, err)
	summary := string(content)
	if len(report.scenarios) != len(cases) {
		t.Errorf("%s: got %d scenarios in the messages and %d in JUnit, want the same", run, len(report.scenarios), len(cases))
		return
	}
	counts := map[string]int{}
	for i, scenario := range report.scenarios {
		// JUnit and the messages have the order of the files.
		title := scenario.title(got)
		leaf := list.leaf(run, title)
		line := summaryLine(summary, scenario.name, cases[i])
		w := want{test: leaf.verdict, junit: cases[i].verdict(), messages: scenario.status, summary: line.verdict}
		got[title] = w
		texts[title] = []string{leaf.output, cases[i].text(), scenario.text, line.text}
		counts[w.summary]++
	}
	n := func(words ...string) (sum int) {
		for _, word := range words {
			sum += counts[word]
		}
		return sum
	}
	head := fmt.Sprintf("memory: %d scenarios: %d passed, %d failed, %d skipped", len(cases),
		n("passed"), n("failed", "undefined", "pending", "ambiguous"), n("skipped"))
	if n("flaky") > 0 {
		head += fmt.Sprintf(", %d flaky", n("flaky"))
	}
	if !strings.HasPrefix(summary, head+" (") {
		t.Errorf("%s: got the summary:\n%s\nwant at its start: %s", run, summary, head)
	}
}

// leaf finds a scenario among the tests of a run.
func (l tests) leaf(run, title string) test {
	name := strings.ReplaceAll(title, " ", "_")
	for other, test := range l {
		if strings.HasPrefix(other, run+"/") && strings.HasSuffix(other, "/"+name) {
			return test
		}
	}
	return test{}
}

// said is a verdict of the summary, with its line.
type said struct{ verdict, text string }

// summaryLine finds a scenario by its file and title. One that is skipped shares
// a line with others of its reason, and one that passed has none.
func summaryLine(summary, title string, c junitCase) said {
	for line := range strings.Lines(summary) {
		verdict, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch place, what, _ := strings.Cut(strings.TrimSpace(rest), "  "); {
		case verdict == "skipped" && c.Skipped != nil && strings.HasSuffix(strings.TrimSpace(line), ": "+c.Skipped.Message):
			return said{verdict, line}
		case strings.HasPrefix(what, title+": ") && c.contains(place):
			return said{verdict, line}
		}
	}
	return said{"passed", ""}
}

type (
	junitCase struct {
		Name    string    `xml:"name,attr"`
		Line    int       `xml:"line,attr"`
		Errors  []problem `xml:"error"`
		Failed  []problem `xml:"failure"`
		Flaky   []problem `xml:"flakyFailure"`
		Skipped *problem  `xml:"skipped"`
		Output  string    `xml:"system-out"`
	}
	problem struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func readJUnit(t *testing.T, file string) []junitCase {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return nil
	}
	var report struct {
		Cases []junitCase `xml:"testsuite>testcase"`
	}
	check.OKf(t, xml.Unmarshal(content, &report), "%s", file)
	return report.Cases
}

// verdict is that of the readers: any error or failure is one.
func (c junitCase) verdict() string {
	switch {
	case len(c.Errors)+len(c.Failed) > 0:
		return "failed"
	case c.Skipped != nil:
		return "skipped"
	case len(c.Flaky) > 0:
		return "flaky"
	default:
		return "passed"
	}
}

func (c junitCase) text() string {
	text := c.Output
	for _, p := range slices.Concat(c.Errors, c.Failed, c.Flaky) {
		text += p.Message + "\n" + p.Text
	}
	if c.Skipped != nil {
		text += c.Skipped.Message
	}
	return text
}

// contains tells whether the case's text begins with the place.
func (c junitCase) contains(place string) bool { return strings.Contains(c.text(), place+": ") }

// messages is what a file of messages says.
type messages struct {
	scenarios []scenario
	text      string
}

type scenario struct {
	name, row, status, text string
}

// title is the scenario's name in the table, which no other has yet.
func (s scenario) title(taken map[string]want) string {
	title := s.name
	if s.row != "" {
		title += "/" + s.row
	}
	if _, twice := taken[title]; twice {
		title += "#01"
	}
	return title
}

// readMessages tells whether the run was a success, too. A file without an end
// says that it was none.
func readMessages(t *testing.T, file string) (m messages, success bool) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return m, false
	}
	m.text = strings.NewReplacer(`\"`, `"`, `\u0026`, "&").Replace(string(content))
	pickles, cases, attempts := map[string]*scenario{}, map[string]*scenario{}, map[string]*attempt{}
	var order []*scenario
	for line := range bytes.Lines(content) {
		var e protocol.Envelope
		check.Mustf(t, json.Unmarshal(line, &e), "%s", file)
		switch {
		case e.Pickle != nil:
			pickles[e.Pickle.Id] = &scenario{name: e.Pickle.Name, text: string(line)} // the protocol says of an undefined step only which it is
		case e.TestCase != nil:
			s := pickles[e.TestCase.PickleId]
			cases[e.TestCase.Id], order = s, append(order, s)
		case e.TestCaseStarted != nil:
			attempts[e.TestCaseStarted.Id] = &attempt{scenario: cases[e.TestCaseStarted.TestCaseId]}
		case e.TestStepFinished != nil:
			attempts[e.TestStepFinished.TestCaseStartedId].add(string(e.TestStepFinished.TestStepResult.Status), string(line))
		case e.TestCaseFinished != nil:
			attempts[e.TestCaseFinished.TestCaseStartedId].end(e.TestCaseFinished.WillBeRetried)
		case e.TestRunFinished != nil:
			success = e.TestRunFinished.Success
		}
	}
	rows := map[string]int{}
	for _, s := range order {
		if s.name == "Some rows" { // the only outline with rows
			rows[s.name]++
			s.row = []string{"", "1: it fails", "2: one is lent"}[rows[s.name]]
		}
		s.text = strings.ReplaceAll(s.text, `\"`, `"`)
		m.scenarios = append(m.scenarios, *s)
	}
	return m, success
}

// attempt collects the statuses of one attempt at a scenario.
type attempt struct {
	scenario *scenario
	worst    int
}

// severity orders statuses; the greater one prevails.
func severity() []string {
	return []string{"PASSED", "SKIPPED", "PENDING", "UNDEFINED", "AMBIGUOUS", "FAILED"}
}

func (a *attempt) add(status, line string) {
	a.worst = max(a.worst, slices.Index(severity(), status))
	a.scenario.text += line
}

func (a *attempt) end(willBeRetried bool) {
	status := severity()[a.worst]
	switch {
	case willBeRetried:
		status = "retried " + status
	case a.scenario.status != "" && status == "PASSED":
		status = "FLAKY"
	}
	a.scenario.status = status
}
