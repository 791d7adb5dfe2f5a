package run

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
)

// pair is a store with a reactor, in a bubble, that two copies of a scenario share.
// So there is more than one stream in the feed, which can change places, and each
// copy may be in the way of the other.
type pair struct {
	options harness.Options
	left    func([]faults.Injected) // is told of the faults when both are over

	harness *harness.Harness
	failure error        // why there is none
	over    atomic.Int32 // copies
}

// around runs the second copy beside the scenario.
func (p *pair) around(second func(t *testing.T)) func(t *testing.T, scenario func(t *testing.T)) {
	return func(t *testing.T, scenario func(t *testing.T)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			t.Helper()
			p.harness, p.failure = harness.Open(t.Context(), p.options)
			var beside sync.WaitGroup
			beside.Go(func() { second(t) })
			scenario(t)
			beside.Wait()
		})
	}
}

// copy is where one of the two takes place; its name tells its streams from those of
// the other.
func (p *pair) copy(name string) place { return place{p, name} }

type place struct {
	pair *pair
	name string
}

func (c place) world(ctx context.Context, scenario harness.Scenario) (*harness.World, func(context.Context) error, error) {
	if c.pair.failure != nil {
		return nil, nil, c.pair.failure
	}
	scenario.Key += c.name
	world, leave, err := common{c.pair.harness}.world(ctx, scenario)
	if err != nil {
		return nil, nil, errors.Join(err, c.pair.leave(context.WithoutCancel(ctx)))
	}
	return world, func(ctx context.Context) error { return errors.Join(leave(ctx), c.pair.leave(ctx)) }, nil
}

// leave ends what the two share once both are over.
func (p *pair) leave(ctx context.Context) error {
	if p.over.Add(1) < 2 {
		return nil
	}
	err := errors.Join(p.harness.Audit(ctx), p.harness.Close(ctx))
	p.left(p.harness.Injected())
	return err
}
