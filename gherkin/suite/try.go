package suite

import (
	"fmt"
	"testing"
)

// Try makes one attempt at a scenario, outside the tree of [Run]: there is no
// subtest, no second attempt, and nobody is told but the caller; t does not fail. It
// is for those who run a scenario in many ways, such as under many faults. The config
// is as for Run; World is required, and Around heeded. The scenario is one that [Load]
// has loaded.
func Try(t *testing.T, config Config, scenario *Scenario) (Result, error) {
	t.Helper()
	c, err := config.withDefaults()
	if err != nil {
		return Result{}, fmt.Errorf("try %s: %w", scenario.Location(), err)
	}
	return (&driver{config: c}).attempt(t, scenario, 1), nil
}
