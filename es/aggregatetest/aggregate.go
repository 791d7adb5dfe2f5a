package aggregatetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// Aggregate is the fold of an aggregate, from the zero value of its state on.
type Aggregate[S, E any] struct {
	Fold   func(S, []E) S
	States cmp.Options // how states compare
	Events cmp.Options // how events compare
}

// Decision is a decision of an aggregate.
type Decision[S, E any] = func(S) ([]E, error)

// Decides fails the test unless a decision, after given events, yields the events
// and the error that it should. Errors are compared by type and text, which holds
// all of their facts.
func (a Aggregate[S, E]) Decides(t *testing.T, given []E, when Decision[S, E], then []E, refused error) {
	t.Helper()
	events, err := when(a.State(given))
	check.Same(t, "events", then, events, a.Events)
	if got, want := fmt.Sprintf("%T: %v", err, err), fmt.Sprintf("%T: %v", refused, refused); got != want {
		t.Errorf("got the error %s, want %s", got, want)
	}
}

// State is the state after events.
func (a Aggregate[S, E]) State(events []E) S {
	var initial S
	return a.Fold(initial, events)
}

// Folds proves that it makes no difference how events are folded, and that a
// state stays as it is while others are folded from it. The events may be such as
// no decision would yield.
func (a Aggregate[S, E]) Folds(t *testing.T, generator *rapid.Generator[[]E]) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		events := generator.Draw(t, "events")
		whole := a.State(events)
		var single S
		for _, e := range events {
			single = a.Fold(single, []E{e})
		}
		a.same(t, single, whole)

		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		first := a.State(events[:cut])
		a.same(t, a.Fold(first, events[cut:]), whole)
		a.Fold(first, generator.Draw(t, "another future"))
		a.same(t, first, a.State(events[:cut]))
		a.same(t, a.Fold(first, events[cut:]), whole)
	})
}

// Snapshots proves that the state of a snapshot, and of the events behind it, is that of
// all events, and that equal states have equal snapshots. The events may be such as no
// decision would yield. A state that cannot be stored has no snapshot.
func (a Aggregate[S, E]) Snapshots(t *testing.T, codec *es.SnapshotCodec[S], generator *rapid.Generator[[]E]) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		events := generator.Draw(t, "events")
		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		first := a.State(events[:cut])
		data, err := codec.Encode(first)
		if err != nil {
			return
		}
		restored, err := codec.Decode(data)
		check.Mustf(t, err, "%s", data)
		a.same(t, restored, first)
		a.same(t, a.Fold(restored, events[cut:]), a.State(events))
		if again, err := codec.Encode(restored); err != nil || string(again) != string(data) {
			t.Errorf("got the snapshot %s and the error %v, want %s", again, err, data)
		}
	})
}

// Parts proves that a state stays as it is while several futures are folded from
// it, as callers with the same cached state do.
func (a Aggregate[S, E]) Parts(t *testing.T, shared S, past []E, futures ...[]E) {
	t.Helper()
	var folded []S
	for _, future := range futures {
		folded = append(folded, a.Fold(shared, future))
	}
	a.same(t, shared, a.State(past))
	for i, future := range futures {
		a.same(t, folded[i], a.State(slices.Concat(past, future)))
	}
}

// Command is a decision with its name.
type Command[S, E any] struct {
	Name   string
	Decide Decision[S, E]
	Varies bool // it may change something when carried out again after others; the rest never does
}

func (c Command[S, E]) String() string { return c.Name }

// Commands carries out commands at random. A refusal has no events, nothing
// follows a history that is over, and a command that is repeated at once changes
// nothing and is answered as before. After each the given check is made.
func (a Aggregate[S, E]) Commands(t *testing.T, commands *rapid.Generator[Command[S, E]], over func(history []E) bool, check func(t rapid.TB, state S, history []E)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		var history []E
		var accepted []Command[S, E]
		var state S
		for _, c := range rapid.SliceOfN(commands, 0, 20).Draw(t, "commands") {
			events, err := c.Decide(state)
			if err != nil && len(events) > 0 {
				t.Fatalf("%s was refused with %v and yet yields %v", c, err, events)
			}
			if len(events) > 0 && over(history) {
				t.Fatalf("%s yields %v after the end", c, events)
			}
			if err == nil && !c.Varies {
				accepted = append(accepted, c)
			}
			history = append(history, events...)
			state = a.Fold(state, events)

			again, errAgain := c.Decide(state)
			if len(again) > 0 || fmt.Sprint(errAgain) != fmt.Sprint(err) {
				t.Fatalf("%s again yields %v and %v, the first time it was %v and %v", c, again, errAgain, events, err)
			}
			check(t, state, history)
		}
		for _, c := range accepted {
			if events, _ := c.Decide(state); len(events) > 0 {
				t.Fatalf("%s once more, after everything else, yields %v", c, events)
			}
		}
		a.same(t, a.State(history), state)
	})
}

func (a Aggregate[S, E]) same(t rapid.TB, got, want S) {
	t.Helper()
	check.Same(t, "state", want, got, a.States)
}

// Types are those of the events that a stream holds.
func Types(t testing.TB, store es.Reader, stream es.StreamName) []string {
	t.Helper()
	events, err := store.Read(t.Context(), stream, 0, es.FromLeader)
	check.Must(t, err)
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}
