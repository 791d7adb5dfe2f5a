package livingdoc

import (
	"strings"

	"groupcheckout/harness/livingdoc/run"
)

// rulePage is what the page of a rule shows, with all of its examples.
type rulePage struct {
	*rule

	Views   []exampleView
	Trouble []rowTrouble
	After   *rule   // the next in reading order; nil at the end
	Moved   []alias // places that the page had
}

// Worst is what is to be told first of the rule.
func (r *rule) Worst() run.Verdict { return worst(r.Cells) }

// exampleView is an example with what happened in its rows.
type exampleView struct {
	*example

	Rows []rowView
}

// rowView is a row with what happened in it.
type rowView struct {
	*run.Row

	Cells []cell
	Proof proof
}

// rowTrouble is why a row did not simply pass on a store.
type rowTrouble struct {
	Example  *example
	Row      string // its cells, "" for a plain scenario
	Stores   []string
	Verdict  run.Verdict
	Text     string
	Attempts int
	Step     string // at which it went wrong, "" if at none
}

// First is the first line of the text, which says what was wrong.
func (t rowTrouble) First() string {
	first, _, _ := strings.Cut(t.Text, "\n")
	return first
}

// Rest is what follows, for developers.
func (t rowTrouble) Rest() string {
	_, rest, _ := strings.Cut(t.Text, "\n")
	return rest
}

func (r *renderer) rulePage(given *rule) rulePage {
	made := rulePage{rule: given, Moved: r.moved[given.Address]}
	for _, e := range given.Examples {
		view := exampleView{example: e}
		for i, row := range e.Scenario.Rows {
			one := rowView{Row: row, Proof: r.tree.proof(e.Scenario, row, i == 0)}
			for k := range r.tree.stores {
				one.Cells = append(one.Cells, r.tree.cell(k, []*run.Row{row}))
				if trouble, found := r.rowTrouble(e, row, k); found {
					made.add(trouble)
				}
			}
			view.Rows = append(view.Rows, one)
		}
		made.Views = append(made.Views, view)
	}
	return made
}

// add takes trouble, with the same on another store as one.
func (p *rulePage) add(trouble rowTrouble) {
	if n := len(p.Trouble); n > 0 {
		last := &p.Trouble[n-1]
		if last.same(trouble) {
			last.Stores = append(last.Stores, trouble.Stores...)
			return
		}
	}
	p.Trouble = append(p.Trouble, trouble)
}

func (t rowTrouble) same(other rowTrouble) bool {
	return t.Example == other.Example && t.Row == other.Row && t.Verdict == other.Verdict &&
		t.Text == other.Text && t.Step == other.Step && t.Attempts == other.Attempts
}

func (r *renderer) rowTrouble(e *example, row *run.Row, store int) (rowTrouble, bool) {
	result := row.Results[store]
	if result.Verdict == run.Passed {
		return rowTrouble{}, false
	}
	made := rowTrouble{
		Example: e, Row: rowName(e.Scenario, row), Stores: []string{r.tree.stores[store].Name}, Verdict: result.Verdict,
		Text: result.Failure, Attempts: len(result.Attempts),
	}
	if result.Verdict == run.Skipped {
		made.Text = result.Reason
	}
	for _, attempt := range result.Attempts {
		for i, step := range attempt.Steps {
			if step.Status != "" && step.Status != "PASSED" && step.Status != "SKIPPED" && i < len(row.Steps) {
				made.Step = row.Steps[i]
			}
		}
	}
	return made, true
}

// rowName tells the rows of an outline apart.
func rowName(s *run.Scenario, row *run.Row) string {
	if !s.Outline() {
		return ""
	}
	name := ""
	for i, header := range s.Header {
		if i < len(row.Cells) {
			if name != "" {
				name += ", "
			}
			name += header + " " + row.Cells[i]
		}
	}
	return name
}

// Seconds is how long the last attempt took on each store, for developers.
func (v rowView) Seconds() []string {
	made := make([]string, len(v.Results))
	for i, result := range v.Results {
		if len(result.Attempts) > 0 {
			made[i] = spell(result.Duration)
		}
	}
	return made
}
