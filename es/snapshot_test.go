package es_test

import (
	"context"
	"errors"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/memory"
)

type sumSnapshot struct {
	Sum int `json:"sum"`
}

func sums(name string, from func(sumSnapshot) (int, error)) *es.SnapshotCodec[int] {
	return es.SnapshotAs(name, func(sum int) sumSnapshot { return sumSnapshot{sum} }, from)
}

func readSum(s sumSnapshot) (int, error) { return s.Sum, nil }

// snapshotReads is how a counter of ten events is read that somebody else has brought there.
func snapshotReads(t *testing.T, options es.Options, write, read *es.SnapshotCodec[int]) (sum, firstEvent int, counted es.Counted) {
	t.Helper()
	store, counts := &observed{Store: memory.New(), first: -1}, &es.Counts{}
	options.Counts = counts
	writer, err := counters(store, options).WithSnapshots(write).Decider("a")
	check.Must(t, err)
	for i := range 10 {
		check.Must(t, writer.Transact(t.Context(), add(1<<i)))
	}
	reader, err := counters(store, options).WithSnapshots(read).Decider("a")
	check.Must(t, err)
	store.first = -1
	sum, err = reader.Query(t.Context())
	check.Must(t, err)
	return sum, store.first, counts.Now()
}

// observed notes the first event of the last read.
type observed struct {
	*memory.Store

	first int
}

func (o *observed) Snapshotter() es.Snapshotter {
	return es.SnapshotterFuncs{Append: o.AppendSnapshot, Read: func(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
		all, err := o.ReadSnapshots(ctx, streams, snapshotType, freshness)
		if err == nil && len(all[0].Events) > 0 {
			o.first = int(all[0].Events[0].Index)
		}
		return all, err
	}}
}

func (o *observed) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	events, err := o.Store.Read(ctx, stream, from, freshness)
	if err == nil && len(events) > 0 {
		o.first = int(events[0].Index)
	}
	return events, err
}

func TestALongStreamIsReadFromItsSnapshot(t *testing.T) {
	t.Parallel()
	worthFrom := func(least es.Version) *es.SnapshotCodec[int] {
		return sums("Sum.1", readSum).If(func(_ int, at es.Version) bool { return at >= least })
	}
	failing := func(sumSnapshot) (int, error) { return 0, errors.New("not one of ours") }
	for name, test := range map[string]struct {
		every       es.Version
		write, read *es.SnapshotCodec[int]
		first       int
		taken       int64
		unreadable  bool
	}{
		"from its snapshot on":          {4, sums("Sum.1", readSum), sums("Sum.1", readSum), 8, 2, false},
		"whole, being too short":        {11, sums("Sum.1", readSum), sums("Sum.1", readSum), 0, 0, false},
		"whole, without snapshots":      {-1, sums("Sum.1", readSum), sums("Sum.1", readSum), 0, 0, false},
		"whole, with those of others":   {4, sums("Sum.2", readSum), sums("Sum.1", readSum), 0, 2, false},
		"whole, if it cannot be read":   {4, sums("Sum.1", readSum), sums("Sum.1", failing), 0, 2, true},
		"whole, if none is worth while": {4, worthFrom(8), sums("Sum.1", readSum), 0, 0, false},
		"from the one worth while on":   {4, worthFrom(4), sums("Sum.1", readSum), 8, 1, false},
		"whole, by default, below 500":  {0, sums("Sum.1", readSum), sums("Sum.1", readSum), 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sum, first, counted := snapshotReads(t, es.Options{SnapshotEvery: test.every}, test.write, test.read)
			if sum != 1023 || first != test.first {
				t.Errorf("got %d, read from event %d on, want 1023 from %d on", sum, first, test.first)
			}
			if counted.Snapshots != test.taken || (counted.SnapshotsFailed > 0) != test.unreadable {
				t.Errorf("got %+v, want %d snapshots, and failures: %t", counted, test.taken, test.unreadable)
			}
		})
	}
}

// A program that does not know an event must not hide it from those that do.
func TestASkippedEventKeepsSnapshotsAway(t *testing.T) {
	t.Parallel()
	store, counts := memory.New(), &es.Counts{}
	category := counters(store, es.Options{SnapshotEvery: 2, Counts: counts}).WithSnapshots(sums("Sum.1", readSum))
	d, err := category.Decider("a")
	check.Must(t, err)
	check.Must(t, check.Error(store.Append(t.Context(), d.Stream(), 0, []es.EventData{{Type: "Doubled"}})))
	for range 5 {
		check.Must(t, d.Transact(t.Context(), add(1)))
	}
	check.Equal(t, "snapshots of a stream with an event that is not known", 0, counts.Now().Snapshots)
}
