package main

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/memory"
)

// inMemory is rows 6b and 10: what the services cost by themselves.
func inMemory() []figure {
	return []figure{
		{
			row: "6b", name: "groups of 6 through the services on memory ÷ their events, encoded into a map", unit: "groups/s", target: atLeast(0.3),
			prepare: func(context.Context, *ground) (*pair, error) {
				const count = 2000
				return &pair{
					subject: func(ctx context.Context) (float64, error) { return throughServices(ctx, count) },
					floor:   func(ctx context.Context) (float64, error) { return intoMap(ctx, count) },
				}, nil
			},
		},
		{
			row: "10", name: "recording 50,000 stays ÷ 50 × 1,000 stays", unit: "µs/stay", target: atMost(1.3),
			prepare: func(context.Context, *ground) (*pair, error) {
				return &pair{
					subject: func(ctx context.Context) (float64, error) { return record(ctx, 1, 50_000) },
					floor:   func(ctx context.Context) (float64, error) { return record(ctx, 50, 1000) },
				}, nil
			},
		},
	}
}

// throughServices checks groups out, with the work of the reactor in the same hand. The guests have arrived.
func throughServices(ctx context.Context, count int) (float64, error) {
	store := memory.New()
	options := es.Options{Cache: es.NewCache(count*(size+1), 0)}
	groups, stays := groupcheckout.NewService(store, options), gueststay.NewService(store, options)
	all := make([]*plan, count)
	for i := range all {
		all[i] = &plan{group: domain.GroupID(uuid.New())}
		for range size {
			stay := domain.StayID(uuid.New())
			all[i].stays = append(all[i].stays, stay)
			if err := stays.CheckIn(ctx, stay, now()); err != nil {
				return 0, err
			}
			if err := stays.Charge(ctx, stay, domain.ChargeID(uuid.New()), domain.MoneyOfCents(10050), now()); err != nil {
				return 0, err
			}
		}
	}
	took, err := together(ctx, runtime.GOMAXPROCS(0), count, func(ctx context.Context, i int) error {
		p := all[i]
		if err := groups.Select(ctx, p.group, p.stays, now()); err != nil {
			return err
		}
		var outcomes groupcheckout.Outcomes
		for _, stay := range p.stays {
			answer, err := stays.TransferToGroup(ctx, stay, p.group, now())
			if err != nil {
				return err
			}
			outcomes.Merged = append(outcomes.Merged, groupcheckout.Residual{Stay: stay, Residual: answer.Residual})
		}
		if _, _, err := groups.Record(ctx, p.group, outcomes); err != nil {
			return err
		}
		if err := groups.Pay(ctx, p.group, domain.PaymentID(uuid.New()), domain.MoneyOfCents(size*10050), now()); err != nil {
			return err
		}
		return groups.Confirm(ctx, p.group, now())
	})
	return perSecond(count, took), err
}

// intoMap encodes the same events and keeps them, one lock around all.
func intoMap(ctx context.Context, count int) (float64, error) {
	groupCodec, stayCodec := groupcheckout.Codec(), gueststay.Codec()
	var mu sync.Mutex
	streams := map[uuid.UUID][][]byte{}
	keep := func(id uuid.UUID, body []byte, err error) error {
		mu.Lock()
		defer mu.Unlock()
		streams[id] = append(streams[id], body)
		return err
	}
	took, err := together(ctx, runtime.GOMAXPROCS(0), count, func(context.Context, int) error {
		group, amount := uuid.New(), domain.MoneyOfCents(10050)
		stays, residuals := make([]domain.StayID, size), make([]groupcheckout.Residual, size)
		for i := range stays {
			stays[i] = domain.StayID(uuid.New())
			residuals[i] = groupcheckout.Residual{Stay: stays[i], Residual: amount}
			_, body, err := stayCodec.Encode(gueststay.TransferredToGroup{GroupID: domain.GroupID(group), At: now(), ResidualBalance: amount})
			if err := keep(uuid.UUID(stays[i]), body, err); err != nil {
				return err
			}
		}
		for _, event := range []groupcheckout.Event{
			groupcheckout.StaysSelected{Stays: stays, At: now()},
			groupcheckout.StaysMerged{Residuals: residuals},
			groupcheckout.Paid{PaymentID: domain.PaymentID(uuid.New()), Amount: amount, At: now()},
			groupcheckout.Confirmed{At: now()},
		} {
			_, body, err := groupCodec.Encode(event)
			if err := keep(group, body, err); err != nil {
				return err
			}
		}
		return nil
	})
	return perSecond(count, took), err
}

// record selects stays and records their outcomes in portions of a hundred, and returns the
// microseconds that the records take for each stay.
func record(ctx context.Context, groups, stays int) (float64, error) {
	service := groupcheckout.NewService(memory.New(), es.Options{Cache: es.NewCache(0, 0)})
	var took time.Duration
	for range groups {
		group := domain.GroupID(uuid.New())
		all := make([]domain.StayID, stays)
		for i := range all {
			all[i] = domain.StayID(uuid.New())
		}
		if err := service.Select(ctx, group, all, now()); err != nil {
			return 0, err
		}
		began := time.Now()
		for len(all) > 0 {
			portion := all[:min(len(all), 100)]
			all = all[len(portion):]
			var outcomes groupcheckout.Outcomes
			for _, stay := range portion {
				outcomes.Merged = append(outcomes.Merged, groupcheckout.Residual{Stay: stay, Residual: domain.MoneyOfCents(10050)})
			}
			if _, _, err := service.Record(ctx, group, outcomes); err != nil {
				return 0, err
			}
		}
		took += time.Since(began)
	}
	return float64(took.Microseconds()) / float64(groups*stays), nil
}
