package run

import (
	"time"

	"example.com/groupcheckout/livingdoc/evidence"
)

// Info is what a run says of itself.
type Info struct {
	File       string            // that it was read from
	Store      string            // what it was on, such as "memory"; of a run that does not say, what it was made by
	Title      string            // what that is called, if not by its name
	How        string            // how that was brought up, such as "in this process"
	Properties map[string]string // what else it says of itself, such as the seed of its order
	Started    time.Time
	Finished   time.Time
	Took       time.Duration // of several parts, all together
	Commit     Commit
	Message    string  // what it says of itself as a whole, though nothing was wrong; "" if nothing
	Faults     []Fault // what was wrong with it as a whole, beside its scenarios

	nameless bool // whether it does not say what it was on
}

// Fault is something that was wrong with a run as a whole, so that what passed in
// it proves less than it seems to.
type Fault struct {
	Kind FaultKind
	Hook string // the name of the hook; "" if it has none, or it was no hook
	Text string // what was wrong; "" if nobody said
}

// FaultKind is what a fault was found by.
type FaultKind int

// The kinds.
const (
	OfRun  FaultKind = iota // the run calls itself a failure, and no scenario or hook of it says why
	Before                  // a hook before the scenarios
	After                   // a hook after the scenarios, such as an audit of what they left behind
)

// Commit is what was checked out. Its fields are empty where a run does not say.
type Commit struct {
	Revision string // in full
	Branch   string
	Remote   string // the address of the repository
	Job      string // the address of the CI job that ran
}

// Feature is a feature file.
type Feature struct {
	Path  string // with slashes, as the run has it, such as "features/a/b.feature"
	Title string
	Prose string // Markdown
	Rules []*Rule
}

// Rule is a rule of a feature with its scenarios. Those outside of any rule are
// in one without a title, which is the first.
type Rule struct {
	Title     string
	Prose     string // Markdown
	Line      int
	Scenarios []*Scenario
}

// Rows are those of all scenarios of a rule.
func (r *Rule) Rows() []*Row {
	var rows []*Row
	for _, s := range r.Scenarios {
		rows = append(rows, s.Rows...)
	}
	return rows
}

// Scenario is one scenario, or a scenario outline.
type Scenario struct {
	Title  string
	Prose  string // Markdown
	Tags   []string
	Line   int
	Steps  []Step   // with those of its backgrounds, and of an outline with its placeholders
	Header []string // the names of an outline's columns, of all its tables; nil for any other scenario
	Rows   []*Row   // one for a plain scenario
	Tables []Table  // of an outline, those that say something beside their rows
}

// Table is what a table of an outline says beside its rows.
type Table struct {
	Title string
	Prose string // Markdown
	First int    // the number of its first row
}

// Outline tells whether the scenario has rows of its own.
func (s *Scenario) Outline() bool { return s.Header != nil }

// Step is a step as it was written.
type Step struct {
	Keyword string // such as "Given" or "And"
	Kind    StepKind
	Text    string
	Table   [][]string // nil if it has none
	Doc     string     // its text in quotes, "" if it has none
	DocType string     // what that is, such as "json"; "" if it does not say
	Code    string     // where the code of the step is, as file:line; "" if the run did not come to it
	Values  []string   // what the code of the step takes from its text, in order, such as "80.00"; of an outline, that of a row
}

// StepKind is what a step is for.
type StepKind string

// The kinds of steps. One that is of neither has none.
const (
	Context StepKind = "context" // it says how things are
	Action  StepKind = "action"  // it says what is done
	Outcome StepKind = "outcome" // it says what is to come of it
)

// Row is one row of an outline, or the one of a plain scenario.
type Row struct {
	Number  int      // from 1
	Title   string   // the scenario's, with the row's cells for its placeholders
	Cells   []string // one for each name of the header
	Tags    []string
	Line    int
	Steps   []string // the texts of the steps with the row's cells
	Results []Result // one for each run, in their order
}

// Verdict is what became of a row.
type Verdict string

// The verdicts, from the best to the one to be told first.
const (
	Passed  Verdict = "passed"
	NotRun  Verdict = "not run"
	Skipped Verdict = "skipped"
	Flaky   Verdict = "flaky" // passed, but not at once
	Failed  Verdict = "failed"
)

// Verdicts are all of them, in that order.
func Verdicts() []Verdict { return []Verdict{Passed, NotRun, Skipped, Flaky, Failed} }

func (v Verdict) rank() int {
	for i, known := range Verdicts() {
		if v == known {
			return i
		}
	}
	return -1
}

// Worse returns which of two verdicts is to be told first.
func (v Verdict) Worse(other Verdict) Verdict {
	if other.rank() > v.rank() {
		return other
	}
	return v
}

// Result is what became of a row in one run.
type Result struct {
	Verdict  Verdict
	Reason   string        // why it was skipped; "" if nobody said
	Failure  string        // what was wrong at the last attempt that failed; "" if none did
	Step     string        // the text of the step at which that was; "" if at none
	Steps    []Verdict     // what became of each step at that attempt, NotRun of those it did not come to; nil if none failed
	Command  string        // what repeats the run, without saying which scenario; "" if it does not say
	Attempts int           // how many there were; 0 if it did not run
	Duration time.Duration // of the last attempt

	Events     evidence.Events // of the last attempt that failed, or if none did of the last, as the fields below
	Waits      evidence.Waits
	Statements evidence.Statements
	Drawings   []Drawing
}

// Drawing is a whole HTML page that a run attached to a row, such as that of a history
// which cannot have been. Its name is one for a file.
type Drawing struct {
	Name string
	Page []byte
}
