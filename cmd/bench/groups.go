package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/messagedb"
)

// groups is row 5: whole checkouts of groups of six, from the selection to the confirmation.
func groups() []figure {
	const count, clerks, workers = 128, 64, 16
	checkouts := func(row, name string, bound target, gather int) figure {
		return figure{row: row, name: name, unit: "groups/s", target: bound, prepare: func(ctx context.Context, g *ground) (*pair, error) {
			schema, err := g.checkpoints(ctx)
			if err != nil {
				return nil, err
			}
			pool, err := g.bare(ctx)
			if err != nil {
				return nil, err
			}
			db, err := g.open(ctx, messagedb.Config{CheckpointSchema: schema, Gather: gather})
			if err != nil {
				pool.Close()
				return nil, err
			}
			closeBoth := func() {
				db.Close()
				pool.Close()
			}
			backend, err := db.Backend(checkout.Categories()...)
			if err != nil {
				closeBoth()
				return nil, err
			}
			h, err := openHotel(ctx, db.Store(), backend, checkout.Config{MergesAtOnce: size, Reactor: reactor.Config{MaxWriters: clerks}})
			if err != nil {
				closeBoth()
				return nil, err
			}
			subject := func(ctx context.Context) (float64, error) {
				return rate(ctx, pool, count, clerks, false, h.checkOut)
			}
			return &pair{
				subject: subject,
				floor: func(ctx context.Context) (float64, error) {
					return rate(ctx, pool, count, workers, true, func(ctx context.Context, p *plan) error { return callByCall(ctx, pool, p) })
				},
				note: func(ctx context.Context) (string, error) {
					all, err := plans(ctx, pool, count, size, false)
					if err != nil {
						return "", err
					}
					before, err := commits(ctx, pool)
					if err != nil {
						return "", err
					}
					if _, err := together(ctx, clerks, count, func(ctx context.Context, i int) error { return h.checkOut(ctx, all[i]) }); err != nil {
						return "", err
					}
					after, err := commits(ctx, pool)
					return fmt.Sprintf("%s commits that wrote, a group", short(float64(after-before)/count)), err
				},
				close: func() {
					h.close()
					closeBoth()
				},
			}, nil
		}}
	}
	return []figure{
		checkouts("5a", "groups of 6, 64 clerks ÷ call by call, 16 workers", atLeast(4), 0),
		checkouts("5b", "the same with a transaction for each append", atLeast(1), 1),
	}
}

// rate is how many groups a second check out, with all guests there already.
func rate(ctx context.Context, pool *pgxpool.Pool, count, clerks int, ofFloor bool, checkOut func(context.Context, *plan) error) (float64, error) {
	all, err := plans(ctx, pool, count, size, ofFloor)
	if err != nil {
		return 0, err
	}
	took, err := together(ctx, clerks, count, func(ctx context.Context, i int) error { return checkOut(ctx, all[i]) })
	return perSecond(count, took), err
}

// commits counts the transactions that have written something.
func commits(ctx context.Context, pool *pgxpool.Pool) (int64, error) {
	var next int64
	// Only what writes gets a number, and this takes one itself.
	err := pool.QueryRow(ctx, "SELECT pg_current_xact_id()::text::bigint").Scan(&next)
	if err != nil {
		return 0, errors.New("count the transactions: " + err.Error())
	}
	return next, nil
}
