package steps_test

import (
	"encoding/json"
	"slices"
	"testing"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/evidence"
)

// leaves reads what a scenario that passed has left for the reports.
func leaves[T any](t *testing.T, result suite.Result, mediaType string) (left T) {
	t.Helper()
	all := result.Attachments
	for _, hook := range result.Hooks {
		all = append(all, hook.Attachments...)
	}
	for _, step := range result.Steps {
		check.OKf(t, step.Err, "%s", step.Text)
		all = append(all, step.Attachments...)
	}
	i := slices.IndexFunc(all, func(a gherkin.Attachment) bool { return a.MediaType == mediaType })
	if i < 0 {
		t.Fatalf("no %s among %d attachments", mediaType, len(all))
	}
	check.Must(t, json.Unmarshal([]byte(all[i].Text), &left))
	return left
}

func TestTheBillOfACoachTourAddsUpOnAPage(t *testing.T) {
	t.Parallel()
	books := leaves[evidence.Statements](t, play(t,
		"Given a coach tour of 250 stays with a charge of 10.00 each", // merged in several batches
		"When the clerk selects the whole coach tour for the group",
		"And the clerk takes a payment of 2500.00 for the group",
		"Then all 250 stays of the coach tour are merged into the group",
	), evidence.StatementsMediaType)
	lines := books.Statements[0].Lines
	if len(lines) != 10 {
		t.Fatalf("got %d lines, want 8 stays, the rest in one, and the payment: %v", len(lines), lines)
	}
	rest := evidence.Line{Text: "242 more stays, unpaid balances", Amount: "2420.00"}
	if !slices.ContainsFunc(lines, func(l evidence.Line) bool { return l.Text == rest.Text && l.Amount == rest.Amount }) {
		t.Errorf("got %v, want %v among it", lines, rest)
	}
}

func TestStaysAreMergedBecauseTheyWereSelected(t *testing.T) {
	t.Parallel()
	events := leaves[evidence.Events](t, play(t,
		"Given stays 101 and 102 with a balance of 80.00 each",
		"And the system is going to break down after 1 write",
		"And the clerk selects stays 101 and 102 for the group",
		"And the system has broken down",
		"When the clerk takes a payment of 160.00 for the group",
		"And the system starts again",
		"Then nothing is owed for the group, and the clerk can confirm it",
	), evidence.EventsMediaType)
	seen := 0
	for _, stream := range events.Streams {
		for _, event := range stream.Events {
			if event.By != evidence.ByReactor {
				continue
			}
			seen++
			if event.Cause == nil || event.Cause.Position != 0 {
				t.Errorf("%s of %s: got the cause %v, want the selection, which is at 0", event.Type, stream.Label, event.Cause)
			}
		}
	}
	check.Equal(t, "the number of the system's events", 3, seen)
}
