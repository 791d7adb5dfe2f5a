package livingdoc

import (
	"net/url"
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// rulePage is what the page of a rule shows: its examples, each with a link to its
// own page.
type rulePage struct {
	*rule

	Views  []exampleView
	Health *health // in the last builds; nil if there is one only
	Ask    string  // where a question about it is put to; "" if nowhere
	Moved  []alias // places that the page had
}

// Simply tells whether there is nothing to say of an example but that it passed.
func (e *example) Simply() bool { return calm(e.Cells) }

// exampleView is an example with its rows.
type exampleView struct {
	*example

	Rows    []rowView
	Trouble []rowTrouble
}

// Broken tells whether it failed or was flaky somewhere.
func (v exampleView) Broken() bool { return slices.ContainsFunc(v.Trouble, rowTrouble.Broken) }

// rowView is a row with what became of it, and what happened in it.
type rowView struct {
	*run.Row

	Table *run.Table // the one that begins with it, if that has something to say
	Name  string     // what tells it from the other rows; "" for a plain scenario
	Cells []cell
	State state
	Proof proof // on the page of the example only
}

// rowTrouble is why a row did not simply pass on a store, and what is known of it.
type rowTrouble struct {
	Example  *example
	Row      *run.Row
	Name     string // of the row: its cells, "" for a plain scenario
	Stores   []string
	Verdict  run.Verdict
	Text     string
	Attempts int
	Failed   int // the index of the step at which it went wrong, -1 if at none
	Steps    []markedStep
	Compared *comparison // nil if the failure does not say both
	Command  string      // that repeats it; "" if the run does not say
	Drawn    []string    // the addresses of drawings of what was wrong
	Proof    proof       // that of the first of the stores before others; on the page of the example only
}

// markedStep is a step of a row with what became of it.
type markedStep struct {
	run.Step

	Class string // "ok", "bad", or "left" if it was not reached
}

// First is the first line of the text, which says what was wrong.
func (t rowTrouble) First() string { return headline(t.Text) }

// Rest is what follows, for developers.
func (t rowTrouble) Rest() string { return rest(t.Text) }

// Broken tells whether it was checked and did not simply hold.
func (t rowTrouble) Broken() bool { return t.Verdict == run.Failed || t.Verdict == run.Flaky }

// Step is the text of the step at which it went wrong; "" if at none.
func (t rowTrouble) Step() string {
	if t.Failed < 0 {
		return ""
	}
	return strings.TrimSpace(t.Steps[t.Failed].Keyword + " " + t.Steps[t.Failed].Text)
}

func (r *renderer) rulePage(given *rule) rulePage {
	made := rulePage{rule: given, Moved: r.moved[given.Address], Health: shownHealth(r.past.ofRule(given)), Ask: r.ask(given.Title, given.Address)}
	for _, e := range given.Examples {
		made.Views = append(made.Views, r.view(e))
	}
	return made
}

// ask is where a question about a page is put to.
func (r *renderer) ask(title, address string) string {
	return strings.NewReplacer("{title}", url.QueryEscape(title), "{address}", url.QueryEscape(address)).Replace(r.site.Ask)
}

func (r *renderer) view(e *example) exampleView {
	made := exampleView{example: e, Trouble: r.trouble(e)}
	for _, row := range e.Scenario.Rows {
		one := rowView{Row: row, Name: rowName(e.Scenario, row), Cells: r.tree.cells([]*run.Row{row}), State: r.tree.state([]*run.Row{row})}
		if i := slices.IndexFunc(e.Scenario.Tables, func(t run.Table) bool { return t.First == row.Number }); i >= 0 {
			one.Table = &e.Scenario.Tables[i]
		}
		made.Rows = append(made.Rows, one)
	}
	return made
}

// trouble is why the rows of an example did not simply pass, the same on several
// stores taken as one.
func (r *renderer) trouble(e *example) []rowTrouble {
	var made []rowTrouble
	for _, row := range e.Scenario.Rows {
		for k := range r.tree.stores {
			one, found := r.rowTrouble(e, row, k)
			if !found {
				continue
			}
			if n := len(made); n > 0 && made[n-1].same(one) {
				made[n-1].Stores = append(made[n-1].Stores, one.Stores...)
			} else {
				made = append(made, one)
			}
		}
	}
	return made
}

func (t rowTrouble) same(other rowTrouble) bool {
	return t.Row == other.Row && t.Verdict == other.Verdict && t.Text == other.Text && t.Failed == other.Failed && t.Attempts == other.Attempts && t.Command == other.Command
}

func (r *renderer) rowTrouble(e *example, row *run.Row, store int) (rowTrouble, bool) {
	result := row.Results[store]
	if result.Verdict == run.Passed {
		return rowTrouble{}, false
	}
	made := rowTrouble{
		Example: e, Row: row, Name: rowName(e.Scenario, row), Stores: []string{r.tree.stores[store].Name}, Verdict: result.Verdict,
		Text: result.Failure, Attempts: result.Attempts, Failed: slices.Index(result.Steps, run.Failed),
	}
	if result.Verdict == run.Skipped {
		made.Text = result.Reason
	}
	if !made.Broken() {
		return made, true
	}
	made.Command = r.tree.repeat(e, row, result)
	for _, drawing := range result.Drawings {
		address := "drawings/" + drawing.Name
		r.drawings[address] = drawing.Page
		made.Drawn = append(made.Drawn, address)
	}
	made.Steps = markedSteps(e.Scenario, row, result.Steps)
	if made.Failed >= len(made.Steps) {
		made.Failed = -1
	}
	var at *run.Step
	if made.Failed >= 0 {
		at = &made.Steps[made.Failed].Step
	}
	made.Compared = compared(result.Failure, at)
	return made, true
}

// markedSteps are the steps of a row as they were carried out.
func markedSteps(s *run.Scenario, row *run.Row, became []run.Verdict) []markedStep {
	classes := map[run.Verdict]string{run.Passed: "ok", run.Failed: "bad", run.NotRun: "left"}
	made := make([]markedStep, 0, len(s.Steps))
	for i, step := range s.Steps {
		one := markedStep{Step: step}
		if i < len(row.Steps) {
			one.Text = row.Steps[i]
		}
		one.Table = filled(step.Table, s.Header, row.Cells)
		if i < len(became) {
			one.Class = classes[became[i]]
		}
		made = append(made, one)
	}
	return made
}

// filled is a table of a step with the cells of a row for its placeholders.
func filled(table [][]string, header, cells []string) [][]string {
	var pairs []string
	for i, name := range header[:min(len(header), len(cells))] {
		pairs = append(pairs, "<"+name+">", cells[i])
	}
	fill := strings.NewReplacer(pairs...)
	var made [][]string
	for _, row := range table {
		var one []string
		for _, cell := range row {
			one = append(one, fill.Replace(cell))
		}
		made = append(made, one)
	}
	return made
}

// rowName tells the rows of an outline apart.
func rowName(s *run.Scenario, row *run.Row) string {
	if !s.Outline() {
		return ""
	}
	var named []string
	for i, value := range row.Cells[:min(len(row.Cells), len(s.Header))] {
		named = append(named, s.Header[i]+": "+value)
	}
	return strings.Join(named, ", ")
}

// examplePage is what the page of an example shows: its steps, and what really
// happened.
type examplePage struct {
	exampleView

	Excused []rowTrouble // of rows that were left out or not checked
	Broken  []rowTrouble // of those that failed or were flaky
	Proved  bool         // whether anything is known of what happened
	Key     key          // of the signs of its pictures
	Health  *health
	Ask     string
}

func (r *renderer) examplePage(e *example) examplePage {
	made := examplePage{exampleView: r.view(e), Health: shownHealth(r.past.ofExample(e)), Ask: r.ask(e.Title, e.Address)}
	for i, row := range e.Scenario.Rows {
		made.Rows[i].Proof = r.tree.proof(e.Scenario, row, i == 0)
	}
	for _, t := range made.Trouble {
		if !t.Broken() {
			made.Excused = append(made.Excused, t)
			continue
		}
		t.Proof = r.tree.proof(e.Scenario, t.Row, true).from(t.Stores[0])
		made.Key = made.Key.with(t.Proof)
		made.Broken = append(made.Broken, t)
		i := slices.IndexFunc(made.Rows, func(v rowView) bool { return v.Row == t.Row })
		made.Rows[i].Proof = proof{} // it stands with the failure
	}
	for _, row := range made.Rows {
		made.Proved = made.Proved || !row.Proof.Empty()
		made.Key = made.Key.with(row.Proof)
	}
	return made
}

// Told tells whether the steps are shown by themselves: those of the one row that failed
// are shown with what became of each.
func (p examplePage) Told() bool { return p.Scenario.Outline() || len(p.Broken) == 0 }

// Opened is the index of the first row of which it is known what happened: that is shown
// without a click.
func (p examplePage) Opened() int {
	return slices.IndexFunc(p.Rows, func(v rowView) bool { return !v.Proof.Empty() })
}

// Seconds is how long the last attempt took on each store, for developers.
func (v rowView) Seconds() []string {
	made := make([]string, len(v.Results))
	for i, result := range v.Results {
		if result.Attempts > 0 {
			made[i] = spell(result.Duration)
		}
	}
	return made
}
