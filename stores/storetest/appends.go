package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
)

func appends() []leaf {
	return []leaf{
		{"an append writes all of its events in order and returns the version after", appendsInOrder},
		{"an append of no events writes nothing and returns the version that it expected", appendsNothing},
		{"an append of no events needs a stream's name and a context that has not ended", appendsNothingInVain},
		{"a hundred events fit in one append", appendsAHundred},
		{"bodies of 100 KB are kept", appendsLargeBodies},
		{"an event id that is in use spoils the whole append or nothing of it", appendsRepeatedID},
	}
}

func appendsInOrder(t testing.TB, f Fixture) {
	stream := UniqueStream()
	events := NewEvents(7)
	version := mustAppend(t, f.Store, stream, 0, events[0])
	version = mustAppend(t, f.Store, stream, version, events[1:3]...)
	mustAppend(t, f.Store, stream, version, events[3:]...)
	checkStream(t, f.Store, stream, events...)
}

func appendsNothing(t testing.TB, f Fixture) {
	stream := UniqueStream()
	mustAppend(t, f.Store, stream, 0)
	checkStream(t, f.Store, stream)

	events := NewEvents(2)
	mustAppend(t, f.Store, stream, 0, events...)
	for _, expected := range []es.Version{2, 0, 1, 3, 1000} {
		mustAppend(t, f.Store, stream, expected)
	}
	checkStream(t, f.Store, stream, events...)
}

func appendsNothingInVain(t testing.TB, f Fixture) {
	var name *es.NameError
	if after, err := f.Store.Append(patient(t), es.StreamName{}, 0, nil); !errors.As(err, &name) {
		t.Errorf("append of no events to the zero StreamName: got version %d and error %v, want a NameError", after, err)
	}
	if after, err := f.Store.Append(patient(t), es.StreamName{}, 0, NewEvents(1)); !errors.As(err, &name) {
		t.Errorf("append to the zero StreamName: got version %d and error %v, want a NameError", after, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if after, err := f.Store.Append(ctx, UniqueStream(), 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("append of no events with a cancelled context: got version %d and error %v, want context.Canceled", after, err)
	}
}

func appendsAHundred(t testing.TB, f Fixture) {
	stream := UniqueStream()
	events := NewEvents(201)
	version := mustAppend(t, f.Store, stream, 0, events[:100]...)
	version = mustAppend(t, f.Store, stream, version, events[100])
	mustAppend(t, f.Store, stream, version, events[101:]...)
	checkStream(t, f.Store, stream, events...)
}

func appendsLargeBodies(t testing.TB, f Fixture) {
	stream := UniqueStream()
	var events []es.EventData
	for i := range 5 {
		e := NewEvent("Large", fmt.Sprintf(`{"text":%q}`, largeText()))
		e.Meta = []byte(`{"small":true}`)
		events = append(events, e)
		mustAppend(t, f.Store, stream, es.Version(i), e)
	}
	checkStream(t, f.Store, stream, events...)
}

// largeText is 100 KB that do not compress well.
func largeText() string {
	var text strings.Builder
	for text.Len() < 100*1024 {
		text.WriteString(uuid.NewString())
	}
	return text.String()
}

// appendsRepeatedID allows for a store that keeps no ids and so cannot refuse
// one; the caller promises that ids are unique. One that refuses says which.
func appendsRepeatedID(t testing.TB, f Fixture) {
	used := NewEvents(1)[0]
	mustAppend(t, f.Store, UniqueStream(), 0, used)

	stream := UniqueStream()
	events := NewEvents(3)
	events[2].ID = used.ID
	if _, err := f.Store.Append(patient(t), stream, 0, events); err != nil {
		duplicate, ok := errors.AsType[*es.DuplicateIDError](err)
		if !ok || duplicate.Stream != stream || duplicate.Expected != 0 || duplicate.ID != used.ID {
			t.Errorf("got error %v, want an es.DuplicateIDError of %s in %s at version 0", err, used.ID, stream)
		}
		checkStream(t, f.Store, stream)
		return
	}
	checkStream(t, f.Store, stream, events...)
}
