package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// NewEvent returns an event of a type with a new id, decided now. Its data is
// the JSON text, or absent if that is empty, and it has no metadata.
func NewEvent(eventType, data string) es.EventData {
	e := es.EventData{ID: uuid.New(), Type: eventType, Time: time.Now().UTC()}
	if data != "" {
		e.Data = []byte(data)
	}
	return e
}

// NewEvents returns events with numbered data, {"n":0}, {"n":1} and so on.
func NewEvents(count int) []es.EventData {
	events := make([]es.EventData, count)
	for i := range events {
		events[i] = NewEvent("Numbered", fmt.Sprintf(`{"n":%d}`, i))
	}
	return events
}

// UniqueCategory returns the name of a category that nobody else uses. It holds
// letters of both cases and no punctuation.
func UniqueCategory() string {
	return "Test" + strings.ReplaceAll(uuid.NewString(), "-", "")
}

// UniqueStream returns the name of a stream in a category that nobody else
// uses.
func UniqueStream() es.StreamName { return streamOf(UniqueCategory(), "stream") }

// streamOf is for names that the test knows to be good.
func streamOf(category, id string) es.StreamName {
	name, err := es.ParseStreamName(category + "-" + id)
	if err != nil {
		panic(err)
	}
	return name
}

// mustAppend appends or ends the test, and returns the version after.
func mustAppend(t testing.TB, store es.Store, stream es.StreamName, expected es.Version, events ...es.EventData) es.Version {
	t.Helper()
	after, err := appendAll(patient(t), store, stream, expected, events)
	check.Must(t, err)
	return after
}

// appendAll appends and checks the version that the store returns.
func appendAll(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := store.Append(ctx, stream, expected, events)
	if err != nil {
		return 0, fmt.Errorf("append %d events to %s at version %d: got error %w, want none", len(events), stream, expected, err)
	}
	if want := expected + es.Version(len(events)); after != want {
		return 0, fmt.Errorf("append %d events to %s at version %d: got version %d after, want %d", len(events), stream, expected, after, want)
	}
	return after, nil
}

// mustRead reads from the leader or ends the test.
func mustRead(t testing.TB, store es.Store, stream es.StreamName, from es.Version) []es.Event {
	t.Helper()
	events, err := store.Read(patient(t), stream, from, es.FromLeader)
	if err != nil {
		t.Fatalf("read %s from %d: got error %v, want none", stream, from, err)
	}
	return events
}

// checkStream reads a whole stream and ends the test unless it holds want.
func checkStream(t testing.TB, store es.Store, stream es.StreamName, want ...es.EventData) {
	t.Helper()
	check.Mustf(t, compareEvents(mustRead(t, store, stream, 0), 0, want), "%s", stream)
}

// compareEvents says how events of a stream, read from the index first on,
// differ from those that were appended.
func compareEvents(got []es.Event, first es.Version, want []es.EventData) error {
	for i, e := range got {
		if i >= len(want) {
			return fmt.Errorf("got %d events, want %d; the first too many is %s at index %d", len(got), len(want), e.Type, e.Index)
		}
		if err := compareEvent(e, first+es.Version(i), want[i]); err != nil {
			return err
		}
		if diff := diffJSON(e.Data, want[i].Data); diff != "" {
			return fmt.Errorf("event %d: data (-want +got):\n%s", e.Index, diff)
		}
		if diff := diffJSON(e.Meta, want[i].Meta); diff != "" {
			return fmt.Errorf("event %d: metadata (-want +got):\n%s", e.Index, diff)
		}
	}
	if len(got) < len(want) {
		return fmt.Errorf("got %d events, want %d; the first missing is %s at index %d", len(got), len(want), want[len(got)].Type, int(first)+len(got))
	}
	return nil
}

// compareEvent compares all but the bodies and the time.
func compareEvent(got es.Event, index es.Version, want es.EventData) error {
	switch {
	case got.Index != index:
		return fmt.Errorf("got an event with index %d, want index %d", got.Index, index)
	case got.Type != want.Type:
		return fmt.Errorf("event %d: got type %q, want %q", index, got.Type, want.Type)
	case got.ID != want.ID && got.ID != uuid.Nil:
		return fmt.Errorf("event %d: got id %s, want %s, or the zero UUID of a store that keeps no ids", index, got.ID, want.ID)
	}
	return nil
}
