package steps

import (
	"context"
	"fmt"
	"time"

	"groupcheckout/harness/gherkin"
)

// passage is about time that passes. It is the world's time, which the clerks'
// notes do not depend on.
func passage(r *gherkin.Registrar, d *desk) {
	r.When("{duration} pass(es)", d.pass)
	r.Then("within {duration} stay(s) {stays} is/are merged into {group}", d.mergedWithin)
}

func (d *desk) pass(ctx context.Context, length time.Duration) error {
	return d.world.Pass(ctx, length)
}

// mergedWithin has a meaning only where time is virtual: the reactor then takes as
// long as its pauses, and the machine none.
func (d *desk) mergedWithin(ctx context.Context, limit time.Duration, stays []stay, g group) error {
	began := time.Now()
	if err := d.areMerged(ctx, stays, g); err != nil {
		return err
	}
	if took := time.Since(began); took > limit {
		return fmt.Errorf("got the stays merged after %v, want them within %v", took, limit)
	}
	return nil
}
