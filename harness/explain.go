package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/livingdoc/evidence"
)

// How much of a scenario a failure shows.
const (
	shownStreams = 10
	shownEvents  = 4
	shownFaults  = 20
)

// explainLimit is how long a failure may take to find out what there is to say. It
// is below what package suite gives a scenario to end in whose time is over: one
// that takes longer than that is left behind, with nothing said.
const explainLimit = 3 * time.Second

// FailureError is a check that did not hold, or a wait that did not end, with
// what was known at that moment.
type FailureError struct {
	Err     error  // what was wanted and what was found
	Account string // the last events of the scenario's streams, and where feed and reactor are; several lines
}

func (e *FailureError) Error() string { return e.Err.Error() + "\n" + e.Account }

func (e *FailureError) Unwrap() error { return e.Err }

// explain adds to the error of a check what is known of its scenario. A skip is
// no failure.
func (w *World) explain(err error) error {
	if _, ok := errors.AsType[*gherkin.SkipError](err); ok {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), explainLimit) // that of the scenario may be over
	defer cancel()
	if !w.host.exact() {
		reading, enough := context.WithTimeout(ctx, explainLimit/2) // the reactor is to be asked too
		defer enough()
		if unread := w.readBack(reading); unread != nil {
			err = errors.Join(err, fmt.Errorf("what the reactor wrote could not be read: %w", unread))
		}
	}
	return &FailureError{err, w.account(ctx)}
}

// account says what was written to the scenario's streams and what the reactor
// is at.
func (w *World) account(ctx context.Context) string {
	var text strings.Builder
	journal := w.harness.journal
	streams := journal.streams(w)
	// Those that the reactor follows come first: of many, they are the ones to look at.
	follows := func(s evidence.Stream) bool { return journal.handled(s.Name) != "" }
	others := func(s evidence.Stream) bool { return !follows(s) }
	streams = slices.Concat(slices.DeleteFunc(slices.Clone(streams), others), slices.DeleteFunc(streams, follows))
	for i, stream := range streams {
		if i == shownStreams {
			fmt.Fprintf(&text, "… and %d more streams\n", len(streams)-i)
			break
		}
		handled := ""
		if w.host.exact() { // otherwise nobody here sees it
			handled = journal.handled(stream.Name)
		}
		writeStream(&text, stream, handled)
	}
	text.WriteString(w.host.account(ctx))
	for i, fault := range w.injected() {
		if i == shownFaults {
			text.WriteString("\n… and more injected faults")
			break
		}
		fmt.Fprintf(&text, "\ninjected: %s", strings.ReplaceAll(fault.String(), w.key+keyEnds, ""))
	}
	return text.String()
}

// writeStream writes the last events of a stream, and how far it was handled.
func writeStream(text *strings.Builder, stream evidence.Stream, handled string) {
	name := stream.Name
	if stream.Label != "" {
		name = stream.Label + ", " + stream.Name
	}
	fmt.Fprintf(text, "%s%s:\n", name, handled)
	hidden := len(stream.Events) - shownEvents
	if hidden > 0 {
		fmt.Fprintf(text, "  … %s before\n", plural.Of(hidden, "event"))
	}
	for _, e := range stream.Events[max(0, hidden):] {
		fmt.Fprintf(text, "  %3d %-20s %-8s %s\n", e.Position, e.Type, e.By, says(e))
	}
}

// says is what an event says to a reader, or its body where nobody has words for it.
func says(e evidence.Event) string {
	if e.Text != "" {
		return e.Text
	}
	return short(e.Data)
}

// short is an event's body in a line that can be read.
func short(data json.RawMessage) string {
	const most = 100
	if text := []rune(string(data)); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(data)
}

// troubles describes how far a reactor is, and which streams it has trouble with.
func troubles(ctx context.Context, r Reactor) string {
	status, err := r.Status(ctx)
	if err != nil {
		return fmt.Sprintf("; the reactor does not answer: %v", err)
	}
	text := ""
	for _, trouble := range status.Troubled {
		text += fmt.Sprintf("; %s has failed %s: %s", trouble.Stream, plural.Of(trouble.Attempts, "time"), trouble.Cause)
	}
	for _, tranche := range status.Tranches {
		text += fmt.Sprintf("; tranche %s is read to %d and completed to %d", tranche.Tranche, tranche.Read, tranche.Completed)
		if tranche.Error != "" {
			text += ", and reading fails: " + tranche.Error
		}
	}
	return text
}
