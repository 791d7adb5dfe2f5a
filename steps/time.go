package steps

import (
	"context"
	"time"

	"example.com/groupcheckout/gherkin"
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

// mergedWithin checks the outcome, and that it did not take too long.
func (d *desk) mergedWithin(ctx context.Context, limit time.Duration, stays []stay, g group) error {
	return d.world.Within(ctx, limit, func(ctx context.Context) error { return d.areMerged(ctx, stays, g) })
}
