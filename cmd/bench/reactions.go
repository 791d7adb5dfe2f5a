package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/messagedb"
)

// reactions is row 4: from the selection of six stays, acknowledged, to their outcome,
// recorded, at random arrivals. The reactor shares nothing with the clerks but the server, as if it were a
// process of its own.
func reactions() []figure {
	const count, everySecond = 40, 40
	latency := func(row, name string, bound target, at float64, notify bool) figure {
		return figure{row: row, name: name, unit: "ms", target: bound, prepare: func(ctx context.Context, g *ground) (*pair, error) {
			schema, err := g.checkpoints(ctx)
			if err != nil {
				return nil, err
			}
			pool, err := g.bare(ctx)
			if err != nil {
				return nil, err
			}
			clerks, err := g.open(ctx, messagedb.Config{Notify: notify})
			if err != nil {
				pool.Close()
				return nil, err
			}
			apart, err := g.open(ctx, messagedb.Config{CheckpointSchema: schema, Notify: notify})
			if err != nil {
				clerks.Close()
				pool.Close()
				return nil, err
			}
			closeAll := func() {
				apart.Close()
				clerks.Close()
				pool.Close()
			}
			backend, err := apart.Backend(checkout.Categories()...)
			if err != nil {
				closeAll()
				return nil, err
			}
			h, err := openHotel(ctx, clerks.Store(), backend, checkout.Config{Reactor: reactor.Config{}})
			if err != nil {
				closeAll()
				return nil, err
			}
			return &pair{
				subject: func(ctx context.Context) (float64, error) {
					all, err := plans(ctx, pool, count, size, false)
					if err != nil {
						return 0, err
					}
					took, err := h.react(ctx, all, everySecond)
					return quantile(took, at), err
				},
				floor: func(ctx context.Context) (float64, error) {
					all, err := plans(ctx, pool, count, size, true)
					if err != nil {
						return 0, err
					}
					var took []float64
					for _, p := range all {
						time.Sleep(untilTheNext(everySecond))
						if _, err := pool.Exec(ctx, writeSQL, p.selected.args()...); err != nil {
							return 0, err
						}
						began := time.Now()
						if err := batched(ctx, pool, p); err != nil {
							return 0, err
						}
						took = append(took, milliseconds(time.Since(began)))
					}
					return quantile(took, at), nil
				},
				close: func() {
					h.close()
					closeAll()
				},
			}, nil
		}}
	}
	return []figure{
		latency("4a", "reaction, p50, polling ÷ batched, p50", atMost(5), 0.5, false),
		latency("4b", "reaction, p50, told by NOTIFY ÷ batched, p50", atMost(1.5), 0.5, true),
		latency("4c", "reaction, p99, told by NOTIFY ÷ batched, p99", atMost(3), 0.99, true),
	}
}

// untilTheNext is the time between two random arrivals. Whoever has slept for so long begins
// more slowly, so subject and floor both do.
func untilTheNext(everySecond float64) time.Duration {
	return time.Duration(rand.ExpFloat64() / everySecond * float64(time.Second)) //nolint:gosec // no secret
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// react has groups selected at random times and returns how long each reaction took.
func (h *hotel) react(ctx context.Context, all []*plan, everySecond float64) ([]float64, error) {
	var mu sync.Mutex
	var took []float64
	var first error
	var clerks sync.WaitGroup
	for _, p := range all {
		clerks.Go(func() {
			merged, err := h.selects(ctx, p)
			var at time.Time
			if err == nil {
				select {
				case at = <-merged:
				case <-h.running.Done():
					err = fmt.Errorf("the reactor has ended: %w", h.running.Wait(ctx))
				case <-ctx.Done():
					err = ctx.Err()
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, milliseconds(at.Sub(p.wrote)))
			if err != nil && first == nil {
				first = err
			}
		})
		time.Sleep(untilTheNext(everySecond))
	}
	clerks.Wait()
	return took, first
}
