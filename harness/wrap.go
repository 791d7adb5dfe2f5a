package harness

import (
	"context"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/intercept"
)

// wrap puts around the harness' store and feed, from the inside out, what notes
// the truth and does what scenarios ask for, and then the faults of the run.
func (r *runner) wrap() {
	backend := r.harness.through
	r.backend = &stores.Backend{
		Name: backend.Name,
		Events: intercept.Store(backend.Events, intercept.StoreHooks{
			AfterRead:    r.afterRead,
			BeforeAppend: r.beforeAppend,
			AfterAppend:  r.afterAppend,
		}),
		Source: intercept.Source(backend.Source, intercept.SourceHooks{
			AfterRead: r.afterFeedRead,
			Changed:   r.feedChanged,
		}),
		Checkpoints: intercept.Checkpoints(backend.Checkpoints, intercept.CheckpointsHooks{
			BeforeSave: r.beforeSave,
		}),
		CallsAtOnce: backend.CallsAtOnce,
	}
	options := r.harness.options
	if !options.Faults.IsZero() {
		r.injectFaults()
	}
	if options.Schedule {
		r.schedule = faults.NewSchedule(options.Seed^r.salt, r.journal.key)
		r.backend.Events = r.schedule.Store(r.backend.Events)
		r.backend.Source = r.schedule.Source(r.backend.Source)
		r.backend.Checkpoints = r.schedule.Checkpoints(r.backend.Checkpoints)
	}
	r.backend.Events = r.harness.history.Store(r.backend.Events, reactors, true)
}

func (r *runner) injectFaults() {
	options := r.harness.options
	r.faults = faults.New(faults.Config{Spec: options.Faults, Seed: options.Seed, Name: r.journal.key, Kill: r.kill, Cut: r.harness.cut, Only: options.Only})
	r.harness.injects(r.faults)
	// A reactor that a scenario has break down after so many writes is spared until it
	// has: how far it gets is what such a scenario is about.
	r.backend.Events = sparing{r.faults.Store(r.backend.Events, faults.Reactor), r.backend.Events, func(context.Context) bool { return r.isDoomed() }}
	r.backend.Source = r.faults.Source(r.backend.Source)
	// What is spared is spared from cuts too: it does not go through the proxy.
	direct := intercept.Checkpoints(r.harness.site.Backend.Checkpoints, intercept.CheckpointsHooks{BeforeSave: r.beforeSave})
	r.backend.Checkpoints = lastSave{r.faults.Checkpoints(r.backend.Checkpoints), direct, r}
}

// sparing is a store with faults that some calls are spared from.
type sparing struct {
	es.Store // with faults
	sound    es.Store
	spares   func(context.Context) bool
}

func (s sparing) store(ctx context.Context) es.Store {
	if s.spares(ctx) {
		return s.sound
	}
	return s.Store
}

// Read implements es.Reader.
func (s sparing) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	return s.store(ctx).Read(ctx, stream, from, freshness)
}

// Append implements es.Appender.
func (s sparing) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	return s.store(ctx).Append(ctx, stream, expected, events)
}

// ManyReader is what es.ManyReaderOf asks.
func (s sparing) ManyReader() es.ManyReader {
	faulty, sound := es.ManyReaderOf(s.Store), es.ManyReaderOf(s.sound)
	if faulty == nil || sound == nil {
		return nil
	}
	return es.ManyReaderFunc(func(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
		if s.spares(ctx) {
			return sound.ReadMany(ctx, streams, freshness)
		}
		return faulty.ReadMany(ctx, streams, freshness)
	})
}

// Snapshotter is what es.SnapshotterOf asks.
func (s sparing) Snapshotter() es.Snapshotter {
	faulty, sound := es.SnapshotterOf(s.Store), es.SnapshotterOf(s.sound)
	if faulty == nil || sound == nil {
		return nil
	}
	of := func(ctx context.Context) es.Snapshotter {
		if s.spares(ctx) {
			return sound
		}
		return faulty
	}
	return es.SnapshotterFuncs{
		Read: func(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
			return of(ctx).ReadSnapshots(ctx, streams, snapshotType, freshness)
		},
		Append: func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
			return of(ctx).AppendSnapshot(ctx, stream, expected, events, taking)
		},
	}
}

// lastSave spares the last checkpoint of a reactor that is stopped in good order
// from faults: it has no second try, so its failure would be one of the stop.
type lastSave struct {
	feed.Checkpoints // with faults
	sound            feed.Checkpoints
	runner           *runner
}

// Save implements feed.Checkpoints.
func (s lastSave) Save(ctx context.Context, key feed.Key, pos feed.Position) error {
	if s.runner.life().phase == ending {
		return s.sound.Save(ctx, key, pos)
	}
	return s.Checkpoints.Save(ctx, key, pos)
}

// storeOf is the store as a scenario uses it: what it writes first belongs
// to it, and all that it writes is noted.
func (r *runner) storeOf(w *World, store es.Store) es.Store {
	store = w.front(store, r.faults)
	if r.schedule != nil {
		store = r.schedule.Store(store)
	}
	return w.recorded(store)
}

// front is a store that notes what a scenario writes, and of which it meets the
// faults, if there are any.
func (w *World) front(store es.Store, injector *faults.Injector) es.Store {
	noted := w.harness.journal.noting(w, store)
	if injector == nil {
		return noted
	}
	return sparing{injector.Store(noted, faults.Client), noted, checks}
}

// noting notes what a scenario writes.
func (j *journal) noting(w *World, store es.Store) es.Store {
	return intercept.Store(store, intercept.StoreHooks{
		BeforeAppend: func(_ context.Context, stream es.StreamName, _ es.Version, _ []es.EventData) error {
			j.claim(stream, w)
			return nil
		},
		AfterAppend: func(_ context.Context, stream es.StreamName, _ es.Version, events []es.EventData, after es.Version, err error) (es.Version, error) {
			if err == nil {
				j.wrote(stream, after, evidence.ByScenario, events, nil)
			}
			return after, err
		},
	})
}

// injector implements host.
func (r *runner) injector() *faults.Injector { return r.faults }
