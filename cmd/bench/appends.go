package main

import (
	"context"
	"fmt"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/messagedb"
)

// appends are rows 1 and 2: events are appended one by one, each to a new stream of one category.
func appends() []figure {
	return []figure{
		appending("1", "append, 1 caller ÷ pgbench with 1 client", atLeast(0.9), 1, 1, 400, 0),
		appending("2a", "append, 8 callers ÷ pgbench with 8 clients", atLeast(2.5), 8, 8, 800, 0),
		appending("2b", "append, 64 callers ÷ pgbench with 8 clients", atLeast(5), 64, 8, 1600, 0),
		appending("2c", "the same with a transaction for each append", atLeast(1), 64, 8, 800, 1),
		notifying(),
	}
}

// notifying is what it costs those who append that others are told of it, while one listens.
func notifying() figure {
	return figure{row: "2d", name: "append, 8 callers, others told by NOTIFY ÷ not told", unit: "appends/s", target: atLeast(0.7), prepare: func(ctx context.Context, g *ground) (*pair, error) {
		told, err := g.open(ctx, messagedb.Config{Notify: true})
		if err != nil {
			return nil, err
		}
		untold, err := g.open(ctx, messagedb.Config{})
		if err != nil {
			told.Close()
			return nil, err
		}
		category := newCategory("Store")
		measure := func(db *messagedb.DB) func(context.Context) (float64, error) {
			return func(ctx context.Context) (float64, error) { return appendAll(ctx, db.Store(), category, 8, 800) }
		}
		_, err = told.Source(category) // which listens
		return &pair{
			subject: measure(told), floor: measure(untold),
			close: func() {
				told.Close()
				untold.Close()
			},
		}, err
	}}
}

// appendAll appends so many times, and returns how often in a second.
func appendAll(ctx context.Context, store es.Store, category string, callers, times int) (float64, error) {
	took, err := together(ctx, callers, times, func(ctx context.Context, _ int) error {
		_, err := store.Append(ctx, newStream(category), 0, []es.EventData{newEvent()})
		return err
	})
	return perSecond(times, took), err
}

func appending(row, name string, bound target, callers, clients, times, gather int) figure {
	return figure{row: row, name: name, unit: "appends/s", target: bound, prepare: func(ctx context.Context, g *ground) (*pair, error) {
		floor, closeFloor, err := writers(ctx, g, clients, times/2)
		if err != nil {
			return nil, err
		}
		db, err := g.open(ctx, messagedb.Config{Gather: gather})
		if err != nil {
			closeFloor()
			return nil, err
		}
		store, category := db.Store(), newCategory("Store")
		return &pair{
			subject: func(ctx context.Context) (float64, error) { return appendAll(ctx, store, category, callers, times) },
			floor:   floor,
			note: func(context.Context) (string, error) {
				return fmt.Sprintf("%d callers, %d clients", callers, clients), nil
			},
			close: func() {
				db.Close()
				closeFloor()
			},
		}, nil
	}}
}
