package livingdoc

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
		if len(result.Attempts) > 0 {
			made[i] = spell(result.Duration)
		}
	}
	return made
}
