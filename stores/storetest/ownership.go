package storetest

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func ownership() []leaf {
	return []leaf{
		{"what was appended is the caller's to change", ownsAppended},
		{"what was read is the caller's to change", ownsRead},
		{"what a feed delivered is the caller's to change", ownsDelivered},
	}
}

// withBodies returns three events that have data and metadata.
func withBodies() []es.EventData {
	events := NewEvents(3)
	for i := range events {
		events[i].Meta = []byte(`{"by":"somebody"}`)
	}
	return events
}

// deepCopy returns events that share nothing with the given ones.
func deepCopy(events []es.EventData) []es.EventData {
	events = slices.Clone(events)
	for i := range events {
		events[i].Data = slices.Clone(events[i].Data)
		events[i].Meta = slices.Clone(events[i].Meta)
	}
	return events
}

// scribble overwrites all of an event, and what lies behind its bodies.
func scribble(e *es.EventData) {
	for _, body := range [][]byte{e.Data, e.Meta} {
		body = body[:cap(body)]
		for i := range body {
			body[i] = '#'
		}
	}
	e.ID, e.Type = uuid.New(), "Scribbled"
}

func ownsAppended(t testing.TB, f Fixture) {
	stream := UniqueStream()
	events := withBodies()
	want := deepCopy(events)
	mustAppend(t, f.Store, stream, 0, events...)
	for i := range events {
		scribble(&events[i])
	}
	checkStream(t, f.Store, stream, want...)
}

func ownsRead(t testing.TB, f Fixture) {
	stream := UniqueStream()
	events := withBodies()
	mustAppend(t, f.Store, stream, 0, events...)
	for _, freshness := range []es.Freshness{es.FromLeader, es.FromReplica} {
		got, err := f.Store.Read(patient(t), stream, 0, freshness)
		check.Must(t, err)
		for i := range got {
			scribble(&got[i].EventData)
		}
		clear(got[:cap(got)])
		checkStream(t, f.Store, stream, events...)
	}
}

func ownsDelivered(t testing.TB, f Fixture) {
	category := UniqueCategory()
	stream := streamOf(category, "a")
	first, second := mustFollow(t, f, 10, category), mustFollow(t, f, 10, category)
	events := withBodies()
	mustAppend(t, f.Store, stream, 0, events...)

	mustAwait(t, first, appended{stream: events})
	for i := range first.delivered {
		scribble(&first.delivered[i].Event.EventData)
	}
	mustAwait(t, second, appended{stream: events})
	checkStream(t, f.Store, stream, events...)
}
