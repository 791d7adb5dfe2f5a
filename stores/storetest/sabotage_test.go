package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.com/groupcheckout/es"
)

// sabotage is a way to break a store.
type sabotage struct {
	name  string // completes "a store that …"
	store func() Fixture
	found []string // the tests that must fail
}

func sabotages() []sabotage {
	return slices.Concat(sabotagedAppends(), sabotagedReads(), sabotagedSnapshots(), sabotagedFeeds(), sabotagedCheckpoints(), sabotagedSlots())
}

// appendFunc replaces the Append of a store.
type appendFunc func(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error)

type appendSaboteur struct {
	es.Store
	append appendFunc
}

func (s appendSaboteur) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	return s.append(ctx, s.Store, stream, expected, events)
}

func appending(f appendFunc) func() Fixture {
	return func() Fixture {
		fixture := intact()
		fixture.Store = appendSaboteur{fixture.Store, f}
		return fixture
	}
}

func sabotagedAppends() []sabotage {
	return []sabotage{
		{"drops the last event of an append", appending(dropLast), []string{
			"an append writes all of its events in order and returns the version after",
			"a hundred events fit in one append",
			"any sequence of appends and reads goes as it does with plain lists",
		}},
		{"returns the index of the last event for the version", appending(returnIndex), []string{
			"an append writes all of its events in order and returns the version after",
			"an append of no events writes nothing and returns the version that it expected",
		}},
		{"checks the version of an append of no events", appending(checkEmpty), []string{
			"an append of no events writes nothing and returns the version that it expected",
		}},
		{"does not look at an append of no events", appending(skipEmpty), []string{
			"an append of no events needs a stream's name and a context that has not ended",
		}},
		{"refuses large appends", appending(refuseLarge), []string{
			"a hundred events fit in one append",
			"bodies of 100 KB are kept",
		}},
		{"writes what stands before a bad event", appending(writeUntilBad), []string{
			"an event id that is in use spoils the whole append or nothing of it",
			"a body that is not JSON is refused and nothing is written",
			"an event without a type is refused and nothing is written",
			"what was refused is not delivered",
		}},
		{"ignores the expected version", appending(ignoreVersion), []string{
			"a stale version is a conflict and writes nothing",
			"a version inside an earlier append is a conflict and writes nothing",
			"a future version is a conflict and writes nothing",
			"a negative version is a conflict and writes nothing",
			"of appends that race for a version one wins and the others conflict",
			"any sequence of appends and reads goes as it does with plain lists",
		}},
		{"takes version -1 for any version", appending(anyVersion), []string{
			"a negative version is a conflict and writes nothing",
		}},
		{"reports a conflict after writing", appending(conflictAfterWriting), []string{
			"a stale version is a conflict and writes nothing",
			"a future version is a conflict and writes nothing",
			"what was refused is not delivered",
		}},
		{"tells a wrong version in a conflict", appending(wrongActual), []string{
			"a stale version is a conflict and writes nothing",
			"of appends that race for a version one wins and the others conflict",
		}},
		{"ignores the end of a context", ignoringContexts(), []string{
			"an append whose context has ended writes nothing and says why",
			"a read whose context has ended says why",
			"a read of the feed whose context has ended says why and harms no later one",
			"a save whose context has ended saves nothing and says why",
		}},
		{"writes what it reports as cut off", appending(cutOffAfterWriting), []string{
			"an append whose context has ended writes nothing and says why",
			"an append that its context cuts off is never half done nor misreported",
		}},
		{"writes half of what is cut off", appending(cutOffHalfWritten), []string{
			"an append that its context cuts off is never half done nor misreported",
		}},
		{"reports as done what is cut off", appending(cutOffAsDone), []string{
			"an append whose context has ended writes nothing and says why",
			"an append that its context cuts off is never half done nor misreported",
		}},
		{"cuts an id off at its second dash", naming(func(name string) string {
			return strings.Join(strings.SplitN(name, "-", 3)[:2], "-")
		}), []string{"an id may be any text"}},
		{"ignores the case of names", naming(strings.ToLower), []string{
			"names that differ in anything name different streams",
		}},
	}
}

func dropLast(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if len(events) > 1 {
		after, err := store.Append(ctx, stream, expected, events[:len(events)-1])
		return after + 1, err
	}
	return store.Append(ctx, stream, expected, events)
}

func returnIndex(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := store.Append(ctx, stream, expected, events)
	return after - 1, err
}

func checkEmpty(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if actual := versionOf(store, stream); len(events) == 0 && actual != expected {
		return 0, &es.ConflictError{Stream: stream, Expected: expected, Actual: actual}
	}
	return store.Append(ctx, stream, expected, events)
}

func skipEmpty(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if len(events) == 0 {
		return expected, nil
	}
	return store.Append(ctx, stream, expected, events)
}

func refuseLarge(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	size := 0
	for _, e := range events {
		size += 1000 + len(e.Data)
	}
	if size >= 100_000 {
		return 0, errors.New("too large")
	}
	return store.Append(ctx, stream, expected, events)
}

func writeUntilBad(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	for i := range events {
		if _, err := store.Append(ctx, stream, expected+es.Version(i), events[i:i+1]); err != nil {
			return 0, err
		}
	}
	return expected + es.Version(len(events)), nil
}

func ignoreVersion(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	for {
		_, err := store.Append(ctx, stream, versionOf(store, stream), events)
		if conflict := new(es.ConflictError); !errors.As(err, &conflict) {
			return expected + es.Version(len(events)), err
		}
	}
}

func anyVersion(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if expected == -1 {
		return ignoreVersion(ctx, store, stream, expected, events)
	}
	return store.Append(ctx, stream, expected, events)
}

func conflictAfterWriting(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := store.Append(ctx, stream, expected, events)
	if conflict := new(es.ConflictError); errors.As(err, &conflict) {
		if _, err := ignoreVersion(ctx, store, stream, expected, events); err != nil {
			return 0, err
		}
	}
	return after, err
}

func wrongActual(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := store.Append(ctx, stream, expected, events)
	if conflict := new(es.ConflictError); errors.As(err, &conflict) {
		conflict.Actual = conflict.Expected
	}
	return after, err
}

func cutOffAfterWriting(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := store.Append(context.WithoutCancel(ctx), stream, expected, events)
	return after, errors.Join(err, ctx.Err())
}

func cutOffHalfWritten(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if ctx.Err() != nil {
		events = events[:len(events)/2]
	}
	return cutOffAfterWriting(ctx, store, stream, expected, events)
}

func cutOffAsDone(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := store.Append(ctx, stream, expected, events)
	if errors.Is(err, ctx.Err()) {
		return expected + es.Version(len(events)), nil
	}
	return after, err
}

func versionOf(store es.Store, stream es.StreamName) es.Version {
	events, err := store.Read(context.Background(), stream, 0, es.FromLeader)
	if err != nil {
		panic(err)
	}
	return es.Version(len(events))
}

// naming mistakes a stream for another.
func naming(mistake func(string) string) func() Fixture {
	return func() Fixture {
		fixture := intact()
		fixture.Store = namingSaboteur{fixture.Store, mistake}
		return fixture
	}
}

type namingSaboteur struct {
	es.Store
	mistake func(string) string
}

func (s namingSaboteur) rename(stream es.StreamName) es.StreamName {
	renamed, err := es.ParseStreamName(s.mistake(stream.String()))
	if err != nil {
		return stream
	}
	return renamed
}

func (s namingSaboteur) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	return s.Store.Append(ctx, s.rename(stream), expected, events)
}

func (s namingSaboteur) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	return s.Store.Read(ctx, s.rename(stream), from, freshness)
}
