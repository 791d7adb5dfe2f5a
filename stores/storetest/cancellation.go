package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func cancellation() []leaf {
	return []leaf{
		{"an append whose context has ended writes nothing and says why", cancelledBefore},
		{"an append that its context cuts off is never half done nor misreported", cancelledDuring},
		{"a read whose context has ended says why", cancelledRead},
	}
}

func cancelledBefore(t testing.TB, f Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stream := UniqueStream()
	after, err := f.Store.Append(ctx, stream, 0, NewEvents(2))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("append with a cancelled context: got version %d and error %v, want context.Canceled", after, err)
	}
	checkStream(t, f.Store, stream)
}

func cancelledRead(t testing.TB, f Fixture) {
	stream := UniqueStream()
	mustAppend(t, f.Store, stream, 0, NewEvents(2)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, freshness := range []es.Freshness{es.FromReplica, es.FromLeader} {
		if got, err := f.Store.Read(ctx, stream, 0, freshness); !errors.Is(err, context.Canceled) {
			t.Errorf("read from the %v with a cancelled context: got %d events and error %v, want context.Canceled", freshness, len(got), err)
		}
	}
}

// outcome is what a store said of an append.
type outcome string

const (
	done      outcome = "done"
	notDone   outcome = "not done"
	uncertain outcome = "uncertain"
)

const (
	cutOffAttempts = 120 // appends that are, or are not, cut off
	cutOffEvents   = 3   // events in each of them
)

// cancelledDuring makes many appends whose contexts end about when the append
// does: each has a little less time than the one before if that was done, and a
// little more if it was not. Each event tells which attempt it is of.
func cancelledDuring(t testing.TB, f Fixture) {
	limit := usualAppendTime(t, f)
	stream := UniqueStream()
	var outcomes []outcome
	version := es.Version(0)
	for i := range cutOffAttempts {
		var events []es.EventData
		for part := range cutOffEvents {
			events = append(events, NewEvent("Attempted", fmt.Sprintf(`{"attempt":%d,"part":%d}`, i, part)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		after, err := f.Store.Append(ctx, stream, version, events)
		cancel()

		var unknown *es.UncertainError
		switch {
		case err == nil:
			outcomes = append(outcomes, done)
			if after != version+cutOffEvents {
				t.Fatalf("attempt %d: got version %d after, want %d", i, after, version+cutOffEvents)
			}
			version = after
			limit = limit * 4 / 5
			continue
		case errors.As(err, &unknown):
			outcomes = append(outcomes, uncertain)
		default:
			outcomes = append(outcomes, notDone)
		}
		version = es.Version(len(mustRead(t, f.Store, stream, 0)))
		limit = limit*5/4 + 1
	}

	t.Logf("of %d appends %d were done and %d uncertain", len(outcomes), count(outcomes, done), count(outcomes, uncertain))
	check.Must(t, checkOutcomes(mustRead(t, f.Store, stream, 0), outcomes))
}

func count(outcomes []outcome, wanted outcome) int {
	return len(slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool { return o != wanted }))
}

// usualAppendTime is the median of several.
func usualAppendTime(t testing.TB, f Fixture) time.Duration {
	t.Helper()
	stream := UniqueStream()
	var times []time.Duration
	for i := range 11 {
		start := time.Now()
		mustAppend(t, f.Store, stream, es.Version(i*cutOffEvents), NewEvents(cutOffEvents)...)
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// checkOutcomes compares what a stream holds with what was said of each
// attempt.
func checkOutcomes(events []es.Event, outcomes []outcome) error {
	if len(events)%cutOffEvents != 0 {
		return fmt.Errorf("got %d events in the stream, want whole appends of %d", len(events), cutOffEvents)
	}
	found := make([]bool, len(outcomes))
	begun := 0 // the attempt that the last part 0 is of
	for i, e := range events {
		var body struct{ Attempt, Part int }
		if err := json.Unmarshal(e.Data, &body); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		switch {
		case body.Part != i%cutOffEvents:
			return fmt.Errorf("event %d: got part %d of attempt %d, want part %d of one", i, body.Part, body.Attempt, i%cutOffEvents)
		case body.Part == 0 && found[body.Attempt]:
			return fmt.Errorf("event %d: attempt %d was written twice", i, body.Attempt)
		case body.Part > 0 && body.Attempt != begun:
			return fmt.Errorf("event %d: got part %d of attempt %d, want one of attempt %d", i, body.Part, body.Attempt, begun)
		}
		begun, found[body.Attempt] = body.Attempt, true
	}
	for i, outcome := range outcomes {
		if outcome == done && !found[i] {
			return fmt.Errorf("attempt %d was reported as done, but is not in the stream", i)
		}
		if outcome == notDone && found[i] {
			return fmt.Errorf("attempt %d was reported as not done, but is in the stream", i)
		}
	}
	return nil
}
