package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
)

// clerk does what a clerk does at the desk. All clerks are the same one: it
// keeps nothing between two guests, so calls may overlap.
type clerk struct {
	groups *groupcheckout.Service
	stays  *gueststay.Service
	ledger *ledger
	watch  *watch
}

// clerkAttempts is how often a command is decided on before a conflict ends
// it. A clerk who selects more stays competes with the reactor for the group.
const clerkAttempts = 20

func newClerk(ledger *ledger, watch *watch) *clerk {
	options := es.Options{Cache: es.NewCache(0, 0), Attempts: clerkAttempts}
	return &clerk{
		groups: groupcheckout.NewService(ledger, options),
		stays:  gueststay.NewService(ledger, options),
		ledger: ledger,
		watch:  watch,
	}
}

func now() domain.Moment { return domain.MomentOf(time.Now()) }

// receive brings a stay to where it is when its group checks out.
func (c *clerk) receive(ctx context.Context, s stay) error {
	if s.kind == unknown {
		return nil
	}
	if err := c.stays.CheckIn(ctx, s.id, now()); err != nil {
		return fmt.Errorf("check in: %w", err)
	}
	for _, amount := range s.charges {
		if err := c.stays.Charge(ctx, s.id, domain.ChargeID(uuid.New()), amount, now()); err != nil {
			return fmt.Errorf("charge %s: %w", amount, err)
		}
	}
	if s.paid.Sign() > 0 {
		if err := c.stays.Pay(ctx, s.id, domain.PaymentID(uuid.New()), s.paid, now()); err != nil {
			return fmt.Errorf("pay %s: %w", s.paid, err)
		}
	}
	if s.kind == checkedOut {
		if err := c.stays.CheckOut(ctx, s.id, now()); err != nil {
			return fmt.Errorf("check out: %w", err)
		}
	}
	return nil
}

// checkOut checks a group out: select, wait for the merges, pay, confirm.
func (c *clerk) checkOut(ctx context.Context, g group) error {
	if err := c.selectStays(ctx, g); err != nil {
		return err
	}
	balance, err := c.awaitMerges(ctx, g.id)
	if err != nil {
		return fmt.Errorf("wait for the merges: %w", err)
	}
	return c.settle(ctx, g, balance)
}

func (c *clerk) selectStays(ctx context.Context, g group) error {
	for _, selection := range g.selections {
		c.ledger.selecting(c.groups.Stream(g.id))
		if err := c.groups.Select(ctx, g.id, selection, now()); err != nil {
			return fmt.Errorf("select %s: %w", plural.Of(len(selection), "stay"), err)
		}
	}
	return nil
}

// settle takes the payment and confirms.
func (c *clerk) settle(ctx context.Context, g group, balance domain.Money) error {
	if balance.Sign() > 0 {
		if err := c.groups.Pay(ctx, g.id, domain.PaymentID(uuid.New()), balance, now()); err != nil {
			return fmt.Errorf("pay %s: %w", balance, err)
		}
	}
	if err := c.groups.Confirm(ctx, g.id, now()); err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	return nil
}

// Pauses before a clerk looks again at a group that did not change although
// the reactor is done with it: the clerk reads from a copy that lags behind.
const (
	shortestLook = time.Millisecond
	longestLook  = 200 * time.Millisecond
)

// awaitMerges looks at the group until no merge is pending and returns what is
// then to be paid.
func (c *clerk) awaitMerges(ctx context.Context, id domain.GroupID) (domain.Money, error) {
	seen, pause := es.Version(-1), shortestLook
	for {
		state, version, err := c.groups.ReadVersion(ctx, id)
		if err != nil {
			return domain.Money{}, err
		}
		switch step := groupcheckout.Next(state).(type) {
		case groupcheckout.Settle:
			return step.Balance, nil
		case groupcheckout.Nothing:
			return domain.Money{}, nil
		case groupcheckout.MergeStays:
		}
		if version == seen {
			if err := sleep(ctx, pause); err != nil {
				return domain.Money{}, err
			}
			pause = min(2*pause, longestLook)
		}
		seen = version
		if err := c.watch.await(ctx, c.groups.Stream(id), version); err != nil {
			return domain.Money{}, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
