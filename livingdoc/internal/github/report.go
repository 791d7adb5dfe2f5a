package github

import (
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// Report is how the scenarios of a build went.
type Report struct {
	Title    string // of the summary, such as "Checking out a group"
	Stores   []Store
	Features []*run.Feature // whose rows have a result for each store, in their order
}

// Store is a store that the scenarios ran on.
type Store struct {
	Name string
	How  string // how it was brought up; may be empty
	// Faults say in sentences what was wrong with the run on it as a whole, beside its
	// scenarios.
	Faults []string
}

// counts is how many rows ended in each verdict.
type counts map[run.Verdict]int

func (c counts) total() int {
	n := 0
	for _, count := range c {
		n += count
	}
	return n
}

// each calls a function with every row of a report, in order.
func (r Report) each(do func(*run.Feature, *run.Rule, *run.Scenario, *run.Row)) {
	for _, feature := range r.Features {
		for _, rule := range feature.Rules {
			for _, scenario := range rule.Scenarios {
				for _, row := range scenario.Rows {
					do(feature, rule, scenario, row)
				}
			}
		}
	}
}

// title is that of a row, with what tells it from the others of an outline.
func title(scenario *run.Scenario, row *run.Row) string {
	if scenario.Outline() {
		return row.Title + " (" + strings.Join(row.Cells, ", ") + ")"
	}
	return row.Title
}

// detail is why a row did not simply pass; it may have many lines.
func detail(result run.Result) string {
	if result.Verdict == run.Skipped {
		return result.Reason
	}
	return result.Failure
}
