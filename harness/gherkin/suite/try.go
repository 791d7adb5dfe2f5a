package suite

import (
	"context"
	"fmt"
)

// Try makes one attempt at a scenario, outside the tree of [Run]: there is no
// subtest, no second attempt, and nobody is told but the caller. It is for those
// who run a scenario in many ways, such as under many faults. The config is as
// for Run, of which it needs World. The scenario is one that [Load] has loaded.
func Try(ctx context.Context, config Config, scenario *Scenario) (Result, error) {
	c, err := config.withDefaults()
	if err != nil {
		return Result{}, fmt.Errorf("try %s: %w", scenario.Location(), err)
	}
	return c.attempt(ctx, scenario, 1), nil
}
