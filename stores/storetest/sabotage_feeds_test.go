package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// miscounting is a source that counts one event too few.
type miscounting struct{ feed.Source }

// Lag implements feed.Lagger.
func (m miscounting) Lag(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Lag, error) {
	lag, err := m.Source.(feed.Lagger).Lag(ctx, tranche, from)
	lag.Events = max(lag.Events-1, 0)
	return lag, err
}

// feeding wraps each source that is opened. The hooks are made anew for each.
func feeding(hooks func() intercept.SourceHooks) func() Fixture {
	return sourcing(func(source feed.Source) feed.Source { return intercept.Source(source, hooks()) })
}

// sourcing replaces each source that is opened.
func sourcing(wrap func(feed.Source) feed.Source) func() Fixture {
	return func() Fixture {
		fixture := intact()
		open := fixture.Source
		fixture.Source = func(batchSize int, categories ...string) (feed.Source, error) {
			source, err := open(batchSize, categories...)
			return wrap(source), err
		}
		return fixture
	}
}

// delivering changes what is delivered.
func delivering(f func(from feed.Position, batch *feed.Batch)) func() Fixture {
	return feeding(func() intercept.SourceHooks {
		return intercept.SourceHooks{
			AfterRead: func(_ context.Context, _ feed.Tranche, from feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
				f(from, &batch)
				return batch, err
			},
		}
	})
}

func sabotagedFeeds() []sabotage {
	return []sabotage{
		{"gives each source an id of its own", sourcing(func(s feed.Source) feed.Source {
			return anonymous{Source: s, id: uuid.NewString()}
		}), []string{"the id and the tranches of a feed stay the same"}},
		{"begins at the present end for position 0", feeding(skipBeginning), []string{
			"a read from position 0 begins before everything",
		}},
		{"counts one event too few", sourcing(func(s feed.Source) feed.Source { return miscounting{s} }), []string{
			"a lag has the end, and what lies behind a position as far as that is known",
		}},
		{"delivers events twice", delivering(deliverTwice), []string{
			"every event is delivered once and in the order of its stream, whatever the batch size",
		}},
		{"delivers out of order", delivering(deliverReversed), []string{
			"every event is delivered once and in the order of its stream, whatever the batch size",
			"nothing is skipped while eight writers are busy",
			"any sequence of appends and reads goes as it does with plain lists",
		}},
		{"skips an event behind each batch", delivering(skipNext), []string{
			"every event is delivered once and in the order of its stream, whatever the batch size",
			"nothing is skipped while eight writers are busy",
		}},
		{"delivers a category that begins alike", alsoDelivering("X"), []string{
			"only the categories that were asked for are delivered",
		}},
		{"delivers nothing again", feeding(neverAgain), []string{
			"reading again from an earlier position gives the same events again",
		}},
		{"stamps an event anew when it is delivered", delivering(restamp), []string{
			"what is delivered is what a read of the stream gives",
		}},
		{"keeps what it delivered and delivers it again", feeding(deliverShared()), []string{
			"what a feed delivered is the caller's to change",
		}},
		{"fails past the end", feeding(failPastEnd), []string{
			"a read past the end finds nothing, is at the tail and stays where it was",
		}},
		{"gives the position of the last event for the end", feeding(endTooLow), []string{
			"the end is the position behind everything",
		}},
		{"gives an end that lies ahead", feeding(endTooHigh), []string{
			"the end is the position behind everything",
		}},
		{"never closes the channel of a wait", feeding(neverChanged), []string{
			"one who waits at the tail gets every event that is appended then",
			"a notifier's channel closes once there is something to read",
		}},
	}
}

type anonymous struct {
	feed.Source
	id string
}

func (a anonymous) ID() string { return a.id }

func skipBeginning() intercept.SourceHooks {
	return intercept.SourceHooks{
		AfterRead: func(_ context.Context, _ feed.Tranche, from feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			if from == 0 {
				return feed.Batch{Next: batch.Next, Tail: batch.Tail}, err
			}
			return batch, err
		},
	}
}

func deliverTwice(_ feed.Position, batch *feed.Batch) {
	batch.Events = slices.Concat(batch.Events, batch.Events)
}

func deliverReversed(_ feed.Position, batch *feed.Batch) { slices.Reverse(batch.Events) }

func skipNext(from feed.Position, batch *feed.Batch) {
	if batch.Next > from {
		batch.Next++
	}
}

func restamp(_ feed.Position, batch *feed.Batch) {
	for i := range batch.Events {
		batch.Events[i].Event.Time = batch.Events[i].Event.Time.Add(time.Second)
	}
}

// alsoDelivering adds another category to each that is asked for.
func alsoDelivering(suffix string) func() Fixture {
	return func() Fixture {
		fixture := intact()
		open := fixture.Source
		fixture.Source = func(batchSize int, categories ...string) (feed.Source, error) {
			for _, category := range slices.Clone(categories) {
				categories = append(categories, category+suffix)
			}
			return open(batchSize, categories...)
		}
		return fixture
	}
}

// neverAgain empties a batch that lies before one that was delivered already.
func neverAgain() intercept.SourceHooks {
	var mu sync.Mutex
	reached := map[feed.Tranche]feed.Position{}
	return intercept.SourceHooks{
		AfterRead: func(_ context.Context, tranche feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			mu.Lock()
			defer mu.Unlock()
			if batch.Next <= reached[tranche] {
				batch.Events = nil
			}
			reached[tranche] = max(reached[tranche], batch.Next)
			return batch, err
		},
	}
}

// deliverShared remembers the bodies that it delivered, for all sources.
func deliverShared() func() intercept.SourceHooks {
	var mu sync.Mutex
	bodies := map[uuid.UUID]es.EventData{}
	return func() intercept.SourceHooks {
		return intercept.SourceHooks{
			AfterRead: func(_ context.Context, _ feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
				mu.Lock()
				defer mu.Unlock()
				for i := range batch.Events {
					e := &batch.Events[i].Event
					if _, known := bodies[e.ID]; !known {
						bodies[e.ID] = e.EventData
					}
					e.EventData = bodies[e.ID]
				}
				return batch, err
			},
		}
	}
}

func failPastEnd() intercept.SourceHooks {
	return intercept.SourceHooks{
		BeforeRead: func(_ context.Context, _ feed.Tranche, from feed.Position) error {
			if from > 1_000_000 {
				return errors.New("no such position")
			}
			return nil
		},
	}
}

func endTooLow() intercept.SourceHooks { return movedEnd(-1) }

func endTooHigh() intercept.SourceHooks { return movedEnd(1) }

func movedEnd(by feed.Position) intercept.SourceHooks {
	return intercept.SourceHooks{
		AfterEnd: func(_ context.Context, _ feed.Tranche, end feed.Position, err error) (feed.Position, error) {
			return max(0, end+by), err
		},
	}
}

func neverChanged() intercept.SourceHooks {
	return intercept.SourceHooks{
		Changed: func(feed.Tranche, feed.Position, <-chan struct{}) <-chan struct{} { return make(chan struct{}) },
	}
}

// ignoringContexts works on when its caller has gone.
func ignoringContexts() func() Fixture {
	return func() Fixture {
		fixture := sourcing(func(source feed.Source) feed.Source { return deafSource{source} })()
		fixture.Store = deafStore{fixture.Store}
		checkpoints, err := fixture.Checkpoints()
		fixture.Checkpoints = func() (feed.Checkpoints, error) { return deafCheckpoints{checkpoints}, err }
		return fixture
	}
}

type deafStore struct{ es.Store }

func (d deafStore) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	return d.Store.Read(context.WithoutCancel(ctx), stream, from, freshness)
}

func (d deafStore) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	return d.Store.Append(context.WithoutCancel(ctx), stream, expected, events)
}

type deafSource struct{ feed.Source }

func (d deafSource) Read(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	return d.Source.Read(context.WithoutCancel(ctx), tranche, from)
}

type deafCheckpoints struct{ feed.Checkpoints }

func (d deafCheckpoints) Save(ctx context.Context, key feed.Key, pos feed.Position) error {
	return d.Checkpoints.Save(context.WithoutCancel(ctx), key, pos)
}
