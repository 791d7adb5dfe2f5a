package harness

import (
	"cmp"
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

	text string // of the error, with the scenario's words for its streams; "" if it has none
}

// Error has the scenario's words for its streams. Their names stand in the account.
func (e *FailureError) Error() string { return cmp.Or(e.text, e.Err.Error()) + "\n" + e.Account }

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
	return &FailureError{err, w.account(ctx), w.harness.journal.called(w, err.Error())}
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
	text.WriteString(journal.called(w, w.host.account(ctx, w)))
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

// troubles describes how far a reactor is, and which streams of a scenario it has trouble
// with. Those of others that share it are counted.
func troubles(ctx context.Context, r Reactor, isOf func(stream string) bool) string {
	status, err := r.Status(ctx)
	if err != nil {
		return fmt.Sprintf("; the reactor does not answer: %v", err)
	}
	text, others := "", 0
	for _, trouble := range status.Troubled {
		if isOf(trouble.Stream.String()) {
			text += failed(trouble.Stream.String(), trouble.Attempts, trouble.Cause)
		} else {
			others++
		}
	}
	text += failing(others)
	for _, tranche := range status.Tranches {
		text += fmt.Sprintf("; tranche %s is read to %d and completed to %d", tranche.Tranche, tranche.Read, tranche.Completed)
		if tranche.Error != "" {
			text += ", and reading fails: " + tranche.Error
		}
	}
	return text
}

// failed says that the handler of a stream has failed, and why.
func failed(stream string, attempts int, cause string) string {
	return fmt.Sprintf("; %s has failed %s: %s", stream, plural.Of(attempts, "time"), cause)
}

// failing counts the streams of other scenarios that a reactor has trouble with.
func failing(others int) string {
	if others == 0 {
		return ""
	}
	return fmt.Sprintf("; %s of other scenarios %s too", plural.Of(others, "stream"), plural.Word(others, "fails", "fail"))
}
