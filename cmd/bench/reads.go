package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/messagedb"
)

// reads is row 12: what a reaction gains by what it does not read, and by how many stays
// are merged at once. The floor is this project too, without the one or the other. One
// group follows the other, and the reactor hears of each at once.
func reads() []figure {
	const count = 10
	compare := func(row, name string, bound target, stays int, without checkout.Config) figure {
		return figure{row: row, name: name, unit: "ms", target: bound, prepare: func(ctx context.Context, g *ground) (*pair, error) {
			subject, closeSubject, err := g.reacting(ctx, count, stays, checkout.Config{})
			if err != nil {
				return nil, err
			}
			floor, closeFloor, err := g.reacting(ctx, count, stays, without)
			if err != nil {
				closeSubject()
				return nil, err
			}
			return &pair{
				subject: subject, floor: floor,
				note:  func(context.Context) (string, error) { return fmt.Sprintf("groups of %d", stays), nil },
				close: func() { closeSubject(); closeFloor() },
			}, nil
		}}
	}
	alone := checkout.Config{ReadAtOnce: 1}
	untold := checkout.Config{ReadGroups: true}
	fiveAtOnce := checkout.Config{MergesAtOnce: 5}
	return []figure{
		compare("12a", "reaction, stays read together ÷ each by itself", atMost(1), size, alone),
		compare("12b", "reaction, the feed's events used ÷ the group read", atMost(1), size, untold),
		compare("12c", "reaction, merges at once as the store chooses ÷ five", atMost(1), size, fiveAtOnce),
		compare("12d", "the same, a coach", atMost(1), 50, fiveAtOnce),
		compare("12e", "reaction of a coach, stays read together ÷ each by itself", atMost(1), 50, alone),
	}
}

// reacting is a reactor, and how long it takes from the acknowledged selection of a group
// to its outcome: the median of some groups.
func (g *ground) reacting(ctx context.Context, count, stays int, config checkout.Config) (measure func(context.Context) (float64, error), release func(), err error) {
	schema, err := g.checkpoints(ctx)
	if err != nil {
		return nil, nil, err
	}
	pool, err := g.bare(ctx)
	if err != nil {
		return nil, nil, err
	}
	db, err := g.open(ctx, messagedb.Config{CheckpointSchema: schema})
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	closeBoth := func() { db.Close(); pool.Close() }
	backend, err := db.Backend(checkout.Categories()...)
	if err != nil {
		closeBoth()
		return nil, nil, err
	}
	clerks := backend.Events
	config.Reactor = reactor.Config{MaxWriters: 64}
	var mine sync.Map // the streams of its groups: the other one's are none of its business
	backend.Source = intercept.Source(backend.Source, intercept.SourceHooks{
		AfterRead: func(_ context.Context, _ feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			batch.Events = slices.DeleteFunc(batch.Events, func(d feed.Delivery) bool {
				_, is := mine.Load(d.Stream)
				return !is
			})
			return batch, err
		},
	})
	h, err := openHotel(ctx, clerks, backend, config)
	if err != nil {
		closeBoth()
		return nil, nil, err
	}
	return func(ctx context.Context) (float64, error) {
		all, err := plans(ctx, pool, count, stays, false)
		if err != nil {
			return 0, err
		}
		var took []float64
		for _, p := range all {
			mine.Store(h.groups.Stream(p.group), true)
			merged, err := h.selects(ctx, p)
			if err != nil {
				return 0, err
			}
			select {
			case at := <-merged:
				took = append(took, milliseconds(at.Sub(p.wrote)))
			case <-h.running.Done():
				return 0, fmt.Errorf("the reactor has ended: %w", h.running.Wait(ctx))
			case <-time.After(time.Minute):
				return 0, fmt.Errorf("group %s was not merged within a minute", p.group)
			}
		}
		return quantile(took, 0.5), nil
	}, func() { h.close(); closeBoth() }, nil
}
