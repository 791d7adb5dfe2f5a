package livingdoc

import (
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// rulePage is what the page of a rule shows: its examples, each with a link to its
// own page.
type rulePage struct {
	*rule

	Views   []exampleView
	Trouble []rowTrouble
	After   string  // the address of the next rule in reading order; "" at the end
	Moved   []alias // places that the page had
}

// Worst is what is to be told first of the rule.
func (r *rule) Worst() run.Verdict { return worst(r.Cells) }

// Simply tells whether there is nothing to say of an example but that it passed.
func (e *example) Simply() bool { return calm(e.Cells) }

// exampleView is an example with its rows.
type exampleView struct {
	*example

	Rows []rowView
}

// rowView is a row with what became of it, and what happened in it.
type rowView struct {
	*run.Row

	Table *run.Table // the one that begins with it, if that has something to say
	Name  string     // what tells it from the other rows; "" for a plain scenario
	Cells []cell
	Proof proof // on the page of the example only
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
		made.Views = append(made.Views, r.view(e))
		made.Trouble = append(made.Trouble, r.trouble(e)...)
	}
	return made
}

func (r *renderer) view(e *example) exampleView {
	made := exampleView{example: e}
	for _, row := range e.Scenario.Rows {
		one := rowView{Row: row, Name: rowName(e.Scenario, row), Cells: r.tree.cells([]*run.Row{row})}
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
		Text: result.Failure, Attempts: result.Attempts, Step: result.Step,
	}
	if result.Verdict == run.Skipped {
		made.Text = result.Reason
	}
	return made, true
}

// rowName tells the rows of an outline apart.
func rowName(s *run.Scenario, row *run.Row) string {
	if !s.Outline() {
		return ""
	}
	var named []string
	for i, value := range row.Cells[:min(len(row.Cells), len(s.Header))] {
		named = append(named, s.Header[i]+" "+value)
	}
	return strings.Join(named, ", ")
}

// examplePage is what the page of an example shows: its steps, and what really
// happened.
type examplePage struct {
	exampleView

	Trouble []rowTrouble
	Proved  bool // whether anything is known of what happened
	Key     bool // whether there is a picture, whose signs are to be explained
}

func (r *renderer) examplePage(e *example) examplePage {
	made := examplePage{exampleView: r.view(e), Trouble: r.trouble(e)}
	for i, row := range e.Scenario.Rows {
		proof := r.tree.proof(row, i == 0)
		made.Rows[i].Proof = proof
		made.Proved = made.Proved || !proof.Empty()
		for _, h := range proof.Happened {
			made.Key = made.Key || h.Picture()
		}
	}
	return made
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
