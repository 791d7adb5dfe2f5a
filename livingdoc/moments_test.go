package livingdoc

import (
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/run"
	"example.com/groupcheckout/livingdoc/internal/timeline"
)

// lending has steps of every kind, of which the first two and the last write events.
func lending() (*run.Scenario, *run.Row, run.Result) {
	steps := []run.Step{
		{Kind: run.Context, Text: `the reader "Ann"`},
		{Kind: run.Context, Text: "the book is there"},
		{Kind: run.Context, Text: "the desk is stopped"},
		{Kind: run.Context, Text: "the desk is going to break down after 3 books"},
		{Kind: run.Action, Text: `Ann lends the book to the reader "Ann"`},
		{Kind: run.Outcome, Text: "it is refused because 2 books are still out"},
		{Kind: run.Action, Text: "Ann asks for the book"},
		{Kind: run.Action, Text: "30 days pass"},
		{Kind: run.Action, Text: "the desk starts again"},
		{Kind: run.Action, Text: "the desk is stopped and started again"},
		{Kind: run.Action, Text: "the desk has broken down"},
		{Kind: run.Outcome, Text: "the book is there"},
	}
	row := &run.Row{}
	for _, step := range steps {
		row.Steps = append(row.Steps, step.Text)
	}
	events := evidence.Events{Streams: []evidence.Stream{
		{Label: `the reader "Ann"`, Events: []evidence.Event{{Step: 0, By: evidence.ByScenario}}},
		{Label: "the reader"}, // which others begin with
		{Label: "the book", Events: []evidence.Event{{Step: 1, By: evidence.ByScenario}, {Step: 8, By: evidence.ByReactor}}},
	}}
	return &run.Scenario{Steps: steps}, row, run.Result{Verdict: run.Passed, Events: events}
}

func TestWhatWroteNothingIsFoundInTheSteps(t *testing.T) {
	t.Parallel()
	s, row, result := lending()
	want := []timeline.Moment{
		{Step: 2, Kind: timeline.Stopped, Text: "the desk is stopped"},
		{Step: 4, Kind: timeline.Refused, Text: `Ann lends the book to the reader "Ann" – refused: 2 books are still out`, About: `the reader "Ann"`},
		{Step: 6, Kind: timeline.Tried, Text: "Ann asks for the book: nothing was added", About: "the book"},
		{Step: 7, Kind: timeline.Elapsed, Text: "30 days pass"},
		{Step: 8, Kind: timeline.Resumed, Text: "the desk starts again"},
		{Step: 9, Kind: timeline.Restarted, Text: "the desk is stopped and started again"},
		{Step: 10, Kind: timeline.Broken, Text: "the desk has broken down"},
	}
	check.Same(t, "the result", want, moments(s, row, result))
}

func TestWhatWasNotReachedDidNotHappen(t *testing.T) {
	t.Parallel()
	s, row, result := lending()
	for i := range row.Steps {
		result.Steps = append(result.Steps, map[bool]run.Verdict{true: run.Passed, false: run.NotRun}[i < 5])
	}
	result.Steps[5] = run.Failed // it was not refused
	want := []timeline.Moment{
		{Step: 2, Kind: timeline.Stopped, Text: "the desk is stopped"},
		{Step: 4, Kind: timeline.Tried, Text: `Ann lends the book to the reader "Ann": nothing was added`, About: `the reader "Ann"`},
	}
	check.Same(t, "the result", want, moments(s, row, result))
}
