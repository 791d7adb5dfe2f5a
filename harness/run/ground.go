package run

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
)

// maker makes the world of a scenario; leave is called when that is over.
type maker interface {
	world(ctx context.Context, scenario harness.Scenario) (world *harness.World, leave func(context.Context) error, err error)
}

// ground is where scenarios take place.
type ground interface {
	maker
	// around, if not nil, is called around each scenario, as suite.Config says.
	around() func(t *testing.T, scenario func(t *testing.T))
	how() string  // the store was brought up, in words
	retries() int // of checks
	tally() tally // of faults
	audit(ctx context.Context) error
	close() error
}

// open brings up the ground that the options ask for.
func open(ctx context.Context, options harness.Options) (ground, error) {
	if options.Virtual {
		return &bubbles{options: options}, nil
	}
	h, err := harness.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	return common{h}, nil
}

// nowhere is where a run takes place that could not be prepared.
type nowhere struct{}

func (nowhere) world(context.Context, harness.Scenario) (*harness.World, func(context.Context) error, error) {
	return nil, nil, errors.New("there is no store")
}
func (nowhere) around() func(*testing.T, func(*testing.T)) { return nil }
func (nowhere) how() string                                { return "which could not be used" }
func (nowhere) retries() int                               { return 0 }
func (nowhere) tally() tally                               { return tally{} }
func (nowhere) audit(context.Context) error                { return nil }
func (nowhere) close() error                               { return nil }

// common ground is one store with one reactor, which all scenarios share.
type common struct{ harness *harness.Harness }

func (c common) world(ctx context.Context, scenario harness.Scenario) (*harness.World, func(context.Context) error, error) {
	world, err := c.harness.World(ctx, scenario)
	if err != nil {
		return nil, nil, errors.Join(err, world.Close(context.WithoutCancel(ctx)))
	}
	return world, world.Close, nil
}

func (common) around() func(*testing.T, func(*testing.T)) { return nil }
func (c common) how() string                              { return c.harness.How() }
func (c common) retries() int                             { return c.harness.Retries() }
func (c common) tally() tally                             { return tally{}.plus(c.harness) }
func (c common) audit(ctx context.Context) error          { return c.harness.Audit(ctx) }
func (c common) close() error                             { return c.harness.Close(context.Background()) }

// bubbles give each scenario a store and a reactor of its own, in a bubble in
// which time is virtual. Each is audited and taken down with its scenario.
type bubbles struct {
	options harness.Options
	left    func([]faults.Injected) // is told of the faults when a scenario is over; may be nil

	mu     sync.Mutex
	faults tally
}

func (b *bubbles) world(ctx context.Context, scenario harness.Scenario) (*harness.World, func(context.Context) error, error) {
	h, err := harness.Open(ctx, b.options)
	if err != nil {
		return nil, nil, err
	}
	world, err := h.World(ctx, scenario)
	if err != nil {
		ctx = context.WithoutCancel(ctx)
		return nil, nil, errors.Join(err, world.Close(ctx), h.Close(ctx))
	}
	return world, func(ctx context.Context) error {
		err := errors.Join(world.Close(ctx), h.Audit(ctx), h.Close(ctx))
		injected := h.Injected()
		b.mu.Lock()
		b.faults = b.faults.plus(h)
		b.mu.Unlock()
		if b.left != nil {
			b.left(injected)
		}
		return err
	}, nil
}

func (b *bubbles) tally() tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults
}

func (*bubbles) around() func(*testing.T, func(*testing.T)) { return synctest.Test }
func (*bubbles) how() string                                { return "in this process, in virtual time" }
func (*bubbles) retries() int                               { return 0 }
func (*bubbles) audit(context.Context) error                { return nil }
func (*bubbles) close() error                               { return nil }
