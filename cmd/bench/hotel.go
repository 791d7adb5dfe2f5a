package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// size is the number of stays of a group.
const size = 6

// plan is a group checkout that is to be made: with the services, or as bare appends.
type plan struct {
	group domain.GroupID
	stays []domain.StayID
	wrote time.Time // when the selection was acknowledged

	selected, merged, paid, confirmed rawAppend
	transferred                       []rawAppend
}

func now() domain.Moment { return domain.MomentOf(time.Now()) }

// plans makes plans for groups of some size of which every guest has arrived and was charged. Those of a floor
// are in categories that no reactor follows.
func plans(ctx context.Context, pool *pgxpool.Pool, count, size int, ofFloor bool) ([]*plan, error) {
	groups, stays := groupcheckout.NewService(nil, es.Options{}), gueststay.NewService(nil, es.Options{})
	arrival := []gueststay.Event{gueststay.CheckedIn{At: now()}, gueststay.Charged{ChargeID: domain.ChargeID(uuid.New()), Amount: domain.MoneyOfCents(10050), At: now()}}
	var ids, streams, names, bodies []string
	all := make([]*plan, count)
	named := func(stream es.StreamName) string {
		if ofFloor {
			return "Floor" + stream.String()
		}
		return stream.String()
	}
	for i := range all {
		p := &plan{group: domain.GroupID(uuid.New())}
		group := named(groups.Stream(p.group))
		raw := func(event groupcheckout.Event, expected int) rawAppend {
			name, body, err := groupcheckout.Codec().Encode(event)
			if err != nil {
				panic("bench: " + err.Error()) // a mistake in this program's text
			}
			return rawAppend{group, name, body, expected}
		}
		var residuals []groupcheckout.Residual
		for range size {
			stay := domain.StayID(uuid.New())
			p.stays = append(p.stays, stay)
			residuals = append(residuals, groupcheckout.Residual{Stay: stay, Residual: domain.MoneyOfCents(10050)})
			stream := named(stays.Stream(stay))
			for _, event := range arrival {
				name, body, err := gueststay.Codec().Encode(event)
				if err != nil {
					return nil, err
				}
				ids, streams, names, bodies = append(ids, uuid.NewString()), append(streams, stream), append(names, name), append(bodies, string(body))
			}
			name, body, err := gueststay.Codec().Encode(gueststay.TransferredToGroup{GroupID: p.group, At: now(), ResidualBalance: domain.MoneyOfCents(10050)})
			if err != nil {
				return nil, err
			}
			p.transferred = append(p.transferred, rawAppend{stream, name, body, len(arrival) - 1})
		}
		p.selected = raw(groupcheckout.StaysSelected{Stays: p.stays, At: now()}, -1)
		p.merged = raw(groupcheckout.StaysMerged{Residuals: residuals}, 0)
		p.paid = raw(groupcheckout.Paid{PaymentID: domain.PaymentID(uuid.New()), Amount: domain.MoneyOfCents(int64(size) * 10050), At: now()}, 1)
		p.confirmed = raw(groupcheckout.Confirmed{At: now()}, 2)
		all[i] = p
	}
	_, err := pool.Exec(ctx, `SELECT count(write_message(id, stream, type, data)) FROM unnest($1::varchar[], $2::varchar[], $3::varchar[], $4::jsonb[]) e(id, stream, type, data)`,
		ids, streams, names, bodies)
	return all, err
}

// hotel is clerks and a reactor.
type hotel struct {
	groups  *groupcheckout.Service
	running *reactor.Running

	mu      sync.Mutex
	waiting map[es.StreamName]chan time.Time // for the reactor to be done with a group
}

// openHotel starts a reactor at the end of the feed. Clerks have a store of their own, which may be the same.
func openHotel(ctx context.Context, clerks es.Store, backend *stores.Backend, config checkout.Config) (*hotel, error) {
	h := &hotel{
		groups:  groupcheckout.NewService(clerks, es.Options{Cache: es.NewCache(0, 0), Attempts: 20}),
		waiting: map[es.StreamName]chan time.Time{},
	}
	config.Reactor.Group, config.Reactor.FromEnd, config.Reactor.Observer = "bench-"+uuid.NewString(), true, h
	config.Log = slog.New(slog.DiscardHandler)
	var err error
	if h.running, err = checkout.Start(ctx, backend, config); err != nil {
		return nil, err
	}
	if _, err := h.running.Status(ctx); err != nil { // it has found the end by then
		return nil, fmt.Errorf("start the reactor: %w", err)
	}
	return h, nil
}

func (h *hotel) close() {
	h.running.Stop()
	<-h.running.Done()
}

// Observe implements reactor.Observer.
func (h *hotel) Observe(o reactor.Occurrence) {
	returned, is := o.(reactor.Returned)
	if !is || returned.Err != nil || returned.Observed < 2 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.waiting[returned.Stream]; c != nil {
		delete(h.waiting, returned.Stream)
		c <- time.Now()
	}
}

// selects has a clerk select the stays. What it returns gets the time when the reactor is
// done with them.
func (h *hotel) selects(ctx context.Context, p *plan) (<-chan time.Time, error) {
	merged := make(chan time.Time, 1)
	h.mu.Lock()
	h.waiting[h.groups.Stream(p.group)] = merged
	h.mu.Unlock()
	err := h.groups.Select(ctx, p.group, p.stays, now())
	p.wrote = time.Now()
	return merged, err
}

// checkOut does all that a clerk does for a group.
func (h *hotel) checkOut(ctx context.Context, p *plan) error {
	merged, err := h.selects(ctx, p)
	if err != nil {
		return err
	}
	select {
	case <-merged:
	case <-h.running.Done():
		return fmt.Errorf("the reactor has ended: %w", h.running.Wait(ctx))
	case <-ctx.Done():
		return ctx.Err()
	}
	state, err := h.groups.Read(ctx, p.group)
	if err != nil {
		return err
	}
	if err := h.groups.Pay(ctx, p.group, domain.PaymentID(uuid.New()), state.Balance(), now()); err != nil {
		return err
	}
	return h.groups.Confirm(ctx, p.group, now())
}
