package storetest

import (
	"context"
	"errors"
	"maps"
	"math"
	"reflect"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

func tail() []leaf {
	return []leaf{
		{"a read past the end finds nothing, is at the tail and stays where it was", tailPastEnd},
		{"the end is the position behind everything", tailIsEnd},
		{"a lag has the end, and what lies behind a position as far as that is known", tailLags},
		{"one who waits at the tail gets every event that is appended then", tailIsFollowed},
		{"a notifier's channel closes once there is something to read", tailNotifies},
		{"a read of the feed whose context has ended says why and harms no later one", tailCancelled},
	}
}

func tailPastEnd(t testing.TB, f Fixture) {
	category := UniqueCategory()
	follower := mustFollow(t, f, 10, category)
	mustAwait(t, follower, appendSome(t, f, category, 1, 2))
	for tranche, at := range follower.at {
		for _, from := range []feed.Position{at + 1_000_000, math.MaxInt64} {
			batch, err := follower.source.Read(patient(t), tranche, from)
			if err != nil {
				t.Errorf("read %q from %d, past its end: got error %v, want none", tranche, from, err)
				continue
			}
			if len(batch.Events) != 0 || batch.Next != from || !batch.Tail {
				t.Errorf("read %q from %d, past its end: got %d events, next position %d, tail %t; want none, the same position, the tail",
					tranche, from, len(batch.Events), batch.Next, batch.Tail)
			}
		}
	}
}

// tailLags asks for the lag in front of everything that it appends, and at the end.
// Others may write to the same tranche, so there may be more.
func tailLags(t testing.TB, f Fixture) {
	category := UniqueCategory()
	follower, start := mustFollow(t, f, 10, category), mustFollow(t, f, 10, category).at
	lagger, ok := follower.source.(feed.Lagger)
	if !ok {
		return // it knows its end alone
	}
	all := appendSome(t, f, category, 2, 2)
	written := 0
	for _, events := range all {
		written += len(events)
	}
	mustAwait(t, follower, all)
	lagging := false
	for tranche := range follower.at {
		before := mustEnd(t, follower.source, tranche)
		lag, err := lagger.Lag(patient(t), tranche, start[tranche])
		check.Must(t, err)
		after := mustEnd(t, follower.source, tranche)
		if lag.End < before || lag.End > after {
			t.Errorf("lag of %q: got the end %d, want one from %d to %d", tranche, lag.End, before, after)
		}
		behind := lag.End > start[tranche]
		lagging = lagging || behind
		switch {
		case lag.Events >= 0 && behind && lag.Events < written:
			t.Errorf("lag of %q from %d: got %d events, want at least %d", tranche, start[tranche], lag.Events, written)
		case lag.Events >= 0 && behind && lag.Oldest.IsZero():
			t.Errorf("lag of %q from %d: got events and no time of the oldest", tranche, start[tranche])
		}
		at, err := lagger.Lag(patient(t), tranche, math.MaxInt64)
		if err != nil || at.Events != 0 || !at.Oldest.IsZero() {
			t.Errorf("lag of %q past the end: got %+v and error %v, want no events", tranche, at, err)
		}
	}
	if !lagging {
		t.Error("got no lag in front of what was appended")
	}
}

// tailIsEnd reads up to the tail between two questions for the end. Others may
// write to the same tranche in the meantime, so the tail lies between the two
// answers; if nobody did, the answers and the tail are one.
func tailIsEnd(t testing.TB, f Fixture) {
	category := UniqueCategory()
	follower := mustFollow(t, f, 10, category)
	start := mustFollow(t, f, 10, category).at
	mustAwait(t, follower, appendSome(t, f, category, 2, 2))

	moved := false
	for tranche := range follower.at {
		before := mustEnd(t, follower.source, tranche)
		at := start[tranche]
		for _, page := range mustDrain(t, follower.source, tranche, at) {
			at = max(at, page.next)
		}
		after := mustEnd(t, follower.source, tranche)
		if at < before || at > after {
			t.Errorf("the feed %q ends at %d, and later at %d; got the tail at %d, want it between them", tranche, before, after, at)
		}
		if pages := mustDrain(t, follower.source, tranche, after); len(labels(pages)) != 0 {
			t.Errorf("read %q from its end, %d: got %q, want nothing", tranche, after, labels(pages))
		}
		moved = moved || after > start[tranche]
	}
	if !moved {
		t.Error("no tranche's end moved when events were appended")
	}
}

func mustEnd(t testing.TB, source feed.Source, tranche feed.Tranche) feed.Position {
	t.Helper()
	end, err := source.End(patient(t), tranche)
	check.Mustf(t, err, "end of %q", tranche)
	return end
}

// tailIsFollowed appends each event when the follower has found nothing more to
// read and is about to wait.
func tailIsFollowed(t testing.TB, f Fixture) {
	category := UniqueCategory()
	stream := streamOf(category, "a")
	follower := mustFollow(t, f, 10, category)
	follower.idle = make(chan struct{}, 1)
	events := NewEvents(30)
	ctx := patient(t)
	followed := make(chan error, 1)
	go func() { followed <- follower.await(ctx, appended{stream: events}) }()

	for i := range events {
		select {
		case <-follower.idle:
			mustAppend(t, f.Store, stream, es.Version(i), events[i])
		case err := <-followed:
			t.Fatalf("%d events were appended, and the follower ended: %v", i, err)
		}
	}
	check.Must(t, <-followed)
}

// tailNotifies proves nothing of a source that is no notifier: its readers ask
// again by themselves, as the other tests do.
func tailNotifies(t testing.TB, f Fixture) {
	category := UniqueCategory()
	stream := streamOf(category, "a")
	follower := mustFollow(t, f, 10, category)
	notifier, ok := follower.source.(feed.Notifier)
	if !ok {
		t.Log("the source is no notifier")
		return
	}
	events := NewEvents(10)
	for i := range events {
		before := maps.Clone(follower.at)
		for range 100 { // given up, which must not spoil the wait that counts
			changes(notifier, before)
		}
		waiting := changes(notifier, before)
		mustAppend(t, f.Store, stream, es.Version(i), events[i])
		if !anyClosed(patient(t), waiting) {
			t.Fatalf("event %d was appended, and no tranche's channel was closed", i)
		}
		mustAwait(t, follower, appended{stream: events[:i+1]})
		if !anyClosed(patient(t), changes(notifier, before)) {
			t.Fatalf("event %d is there to read, and no tranche's channel is closed", i)
		}
	}
}

// changes waits for something behind a position in each tranche.
func changes(notifier feed.Notifier, at map[feed.Tranche]feed.Position) []<-chan struct{} {
	var channels []<-chan struct{}
	for tranche, from := range at {
		channels = append(channels, notifier.Changed(tranche, from))
	}
	return channels
}

// anyClosed waits until a channel is closed, or returns false at the end of ctx.
func anyClosed(ctx context.Context, channels []<-chan struct{}) bool {
	cases := []reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())}}
	for _, channel := range channels {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(channel)})
	}
	chosen, _, _ := reflect.Select(cases)
	return chosen > 0
}

func tailCancelled(t testing.TB, f Fixture) {
	category := UniqueCategory()
	follower := mustFollow(t, f, 10, category)
	all := appendSome(t, f, category, 1, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for tranche, at := range follower.at {
		if batch, err := follower.source.Read(ctx, tranche, at); !errors.Is(err, context.Canceled) {
			t.Errorf("read %q with a cancelled context: got %d events and error %v, want context.Canceled", tranche, len(batch.Events), err)
		}
		if end, err := follower.source.End(ctx, tranche); !errors.Is(err, context.Canceled) {
			t.Errorf("end of %q with a cancelled context: got %d and error %v, want context.Canceled", tranche, end, err)
		}
	}
	mustAwait(t, follower, all)
}
