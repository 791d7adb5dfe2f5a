package intercept_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errBefore = errors.New("refused before")
	errAfter  = errors.New("replaced after")
)

// TestNilHooksPassEverything runs the whole suite through wrappers without hooks.
func TestNilHooksPassEverything(t *testing.T) {
	t.Parallel()
	store, checkpoints := memory.New(), memory.NewCheckpoints()
	storetest.Run(t, storetest.Fixture{
		Store: intercept.Store(store, intercept.StoreHooks{}),
		Source: func(batchSize int, categories ...string) (feed.Source, error) {
			source, err := store.Source(memory.SourceConfig{Categories: categories, BatchSize: batchSize})
			return intercept.Source(source, intercept.SourceHooks{}), err
		},
		Checkpoints: func() (feed.Checkpoints, error) {
			return intercept.Checkpoints(checkpoints, intercept.CheckpointsHooks{}), nil
		},
	})
}

// calls records what hooks were told.
type calls []string

func (c *calls) add(format string, args ...any) { *c = append(*c, fmt.Sprintf(format, args...)) }

func (c *calls) check(t *testing.T, want ...string) {
	t.Helper()
	check.Same(t, "calls", want, []string(*c))
	*c = nil
}

func checkError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got error %v, want %v", got, want)
	}
}

func TestStoreHooks(t *testing.T) {
	t.Parallel()
	var seen calls
	var before, after error
	inner := memory.New()
	store := intercept.Store(inner, intercept.StoreHooks{
		BeforeRead: func(_ context.Context, _ es.StreamName, from es.Version, freshness es.Freshness) error {
			seen.add("before read from %d of %v", from, freshness)
			return before
		},
		AfterRead: func(_ context.Context, _ es.StreamName, from es.Version, freshness es.Freshness, events []es.Event, err error) ([]es.Event, error) {
			seen.add("after read from %d of %v: %d events, error %v", from, freshness, len(events), err)
			return events[1:], errors.Join(err, after)
		},
		BeforeAppend: func(_ context.Context, _ es.StreamName, expected es.Version, events []es.EventData) error {
			seen.add("before append of %d at %d", len(events), expected)
			return before
		},
		AfterAppend: func(_ context.Context, _ es.StreamName, expected es.Version, events []es.EventData, version es.Version, err error) (es.Version, error) {
			seen.add("after append of %d at %d: version %d, error %v", len(events), expected, version, err)
			return version + 100, errors.Join(err, after)
		},
	})
	stream, ctx := storetest.UniqueStream(), t.Context()

	version, err := store.Append(ctx, stream, 0, storetest.NewEvents(2))
	checkError(t, err, nil)
	if want := es.Version(102); version != want {
		t.Errorf("got version %d, want %d as the hook returned it", version, want)
	}
	seen.check(t, "before append of 2 at 0", "after append of 2 at 0: version 2, error <nil>")

	events, err := store.Read(ctx, stream, 0, es.FromLeader)
	checkError(t, err, nil)
	if len(events) != 1 || events[0].Index != 1 {
		t.Errorf("got %v, want event 1 alone as the hook returned it", events)
	}
	seen.check(t, "before read from 0 of leader", "after read from 0 of leader: 2 events, error <nil>")

	after = errAfter
	_, err = store.Append(ctx, stream, 2, storetest.NewEvents(1))
	checkError(t, err, errAfter)
	_, err = store.Read(ctx, stream, 2, es.FromReplica)
	checkError(t, err, errAfter)
	seen.check(t,
		"before append of 1 at 2", "after append of 1 at 2: version 3, error <nil>",
		"before read from 2 of replica", "after read from 2 of replica: 1 events, error <nil>")

	before = errBefore
	_, err = store.Append(ctx, stream, 3, storetest.NewEvents(1))
	checkError(t, err, errBefore)
	_, err = store.Read(ctx, stream, 0, es.FromReplica)
	checkError(t, err, errBefore)
	seen.check(t, "before append of 1 at 3", "before read from 0 of replica")

	stored, err := inner.Read(ctx, stream, 0, es.FromLeader)
	checkError(t, err, nil)
	if got, want := len(stored), 3; got != want {
		t.Errorf("got %d events stored, want %d: an append with a lost reply is stored, one refused before is not", got, want)
	}
}

// The hooks of a read see each stream of several that are read together.
func TestHooksOfReadsTogether(t *testing.T) {
	t.Parallel()
	var seen calls
	streams := []es.StreamName{storetest.UniqueStream(), storetest.UniqueStream()}
	inner := memory.New()
	_, err := inner.Append(t.Context(), streams[1], 0, storetest.NewEvents(2))
	checkError(t, err, nil)
	var before, after error // of the second stream
	wrapped := intercept.Store(inner, intercept.StoreHooks{
		BeforeRead: func(_ context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) error {
			seen.add("before %d from %d of %v", slices.Index(streams, stream), from, freshness)
			if stream == streams[1] {
				return before
			}
			return nil
		},
		AfterRead: func(_ context.Context, stream es.StreamName, _ es.Version, _ es.Freshness, events []es.Event, err error) ([]es.Event, error) {
			seen.add("after %d: %d events, error %v", slices.Index(streams, stream), len(events), err)
			if stream == streams[1] && err == nil {
				return events[:1], after
			}
			return events, err
		},
	})
	many := es.ManyReaderOf(wrapped)

	all, err := many.ReadMany(t.Context(), streams, es.FromReplica)
	checkError(t, err, nil)
	if len(all) != 2 || len(all[0]) != 0 || len(all[1]) != 1 {
		t.Errorf("got %v, want no event, and one as the hook returned it", all)
	}
	seen.check(t, "before 0 from 0 of replica", "before 1 from 0 of replica", "after 0: 0 events, error <nil>", "after 1: 2 events, error <nil>")

	after = errAfter
	_, err = many.ReadMany(t.Context(), streams, es.FromReplica)
	checkError(t, err, errAfter)
	before = errBefore
	_, err = many.ReadMany(t.Context(), streams, es.FromReplica)
	checkError(t, err, errBefore)
	seen = nil
	before = nil
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = many.ReadMany(ended, streams, es.FromReplica)
	checkError(t, err, context.Canceled)
	seen.check(t, "before 0 from 0 of replica", "before 1 from 0 of replica",
		fmt.Sprintf("after 0: 0 events, error read %s: context canceled", streams[0]), fmt.Sprintf("after 1: 0 events, error read %s: context canceled", streams[0]))

	if es.ManyReaderOf(intercept.Store(struct{ es.Store }{inner}, intercept.StoreHooks{})) != nil {
		t.Error("a store that reads alone reads together when it is wrapped")
	}
}

func TestSourceHooks(t *testing.T) {
	t.Parallel()
	var seen calls
	var before, after error
	store := memory.New()
	category := storetest.UniqueCategory()
	inner, err := store.Source(memory.SourceConfig{Categories: []string{category}})
	checkError(t, err, nil)
	changed := make(chan struct{})
	source := intercept.Source(inner, intercept.SourceHooks{
		BeforeTranches: func(context.Context) error {
			seen.add("before tranches")
			return before
		},
		BeforeRead: func(_ context.Context, _ feed.Tranche, from feed.Position) error {
			seen.add("before read from %d", from)
			return before
		},
		AfterRead: func(_ context.Context, _ feed.Tranche, from feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			seen.add("after read from %d: next %d, error %v", from, batch.Next, err)
			batch.Next += 100
			return batch, errors.Join(err, after)
		},
		BeforeEnd: func(context.Context, feed.Tranche) error {
			seen.add("before end")
			return before
		},
		AfterEnd: func(_ context.Context, _ feed.Tranche, end feed.Position, err error) (feed.Position, error) {
			seen.add("after end: %d, error %v", end, err)
			return end + 100, errors.Join(err, after)
		},
		Changed: func(_ feed.Tranche, from feed.Position, inner <-chan struct{}) <-chan struct{} {
			seen.add("changed at %d, given a channel: %t", from, inner != nil)
			return changed
		},
	})
	ctx, tranche := t.Context(), feed.Tranche(category)
	if got, want := source.ID(), inner.ID(); got != want {
		t.Errorf("got id %q, want %q", got, want)
	}

	if tranches, err := source.Tranches(ctx); err != nil || len(tranches) != 1 {
		t.Errorf("tranches: got %v and error %v, want one", tranches, err)
	}
	if batch, err := source.Read(ctx, tranche, 7); err != nil || batch.Next != 107 {
		t.Errorf("read: got next position %d and error %v, want 107 as the hook returned it", batch.Next, err)
	}
	if end, err := source.End(ctx, tranche); err != nil || end != 100 {
		t.Errorf("end: got %d and error %v, want 100 as the hook returned it", end, err)
	}
	notifier, ok := source.(feed.Notifier)
	if !ok {
		t.Fatal("the wrapped notifier is no notifier")
	}
	if got := notifier.Changed(tranche, 7); got != changed {
		t.Error("changed: got another channel than the hook returned")
	}
	seen.check(t,
		"before tranches",
		"before read from 7", "after read from 7: next 7, error <nil>",
		"before end", "after end: 0, error <nil>",
		"changed at 7, given a channel: true")

	after = errAfter
	_, err = source.Read(ctx, tranche, 0)
	checkError(t, err, errAfter)
	_, err = source.End(ctx, tranche)
	checkError(t, err, errAfter)
	seen = nil

	before = errBefore
	_, err = source.Tranches(ctx)
	checkError(t, err, errBefore)
	_, err = source.Read(ctx, tranche, 0)
	checkError(t, err, errBefore)
	_, err = source.End(ctx, tranche)
	checkError(t, err, errBefore)
	seen.check(t, "before tranches", "before read from 0", "before end")
}

func TestSourceThatIsNoNotifierStaysNone(t *testing.T) {
	t.Parallel()
	inner, err := memory.New().Source(memory.SourceConfig{Categories: []string{"A"}})
	checkError(t, err, nil)
	source := intercept.Source(struct{ feed.Source }{inner}, intercept.SourceHooks{})
	if _, ok := source.(feed.Notifier); ok {
		t.Error("got a notifier from a source that is none")
	}
}

func TestCheckpointsHooks(t *testing.T) {
	t.Parallel()
	var seen calls
	var before, after error
	inner := memory.NewCheckpoints()
	checkpoints := intercept.Checkpoints(inner, intercept.CheckpointsHooks{
		BeforeLoad: func(context.Context, feed.Key) error {
			seen.add("before load")
			return before
		},
		AfterLoad: func(_ context.Context, _ feed.Key, pos feed.Position, ok bool, err error) (feed.Position, bool, error) {
			seen.add("after load: %d, %t, error %v", pos, ok, err)
			return pos + 100, true, errors.Join(err, after)
		},
		BeforeSave: func(_ context.Context, _ feed.Key, pos feed.Position) error {
			seen.add("before save of %d", pos)
			return before
		},
		AfterSave: func(_ context.Context, _ feed.Key, pos feed.Position, err error) error {
			seen.add("after save of %d, error %v", pos, err)
			return errors.Join(err, after)
		},
	})
	ctx, key := t.Context(), feed.Key{Source: "s", Tranche: "t", Group: "g"}

	if pos, ok, err := checkpoints.Load(ctx, key); pos != 100 || !ok || err != nil {
		t.Errorf("load: got %d, %t and error %v; want 100, true as the hook returned it", pos, ok, err)
	}
	checkError(t, checkpoints.Save(ctx, key, 5), nil)
	seen.check(t, "before load", "after load: 0, false, error <nil>", "before save of 5", "after save of 5, error <nil>")

	after = errAfter
	_, _, err := checkpoints.Load(ctx, key)
	checkError(t, err, errAfter)
	checkError(t, checkpoints.Save(ctx, key, 6), errAfter)
	seen = nil

	before = errBefore
	_, _, err = checkpoints.Load(ctx, key)
	checkError(t, err, errBefore)
	checkError(t, checkpoints.Save(ctx, key, 7), errBefore)
	seen.check(t, "before load", "before save of 7")
	if pos, _, err := inner.Load(ctx, key); pos != 6 || err != nil {
		t.Errorf("got %d saved and error %v, want 6: a save with a lost reply is saved, one refused before is not", pos, err)
	}
}
