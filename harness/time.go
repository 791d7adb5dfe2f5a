package harness

import (
	"context"
	"fmt"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/pause"
)

// longestPause is the longest that the reactor makes between two tries, where
// time is virtual: what one more fault may cost.
const longestPause = 30 * time.Second

// needsVirtualTime skips a scenario where time is real.
func (w *World) needsVirtualTime() error {
	if w.harness.options.Virtual {
		return nil
	}
	return gherkin.Skip("time passes only in virtual time")
}

// Pass lets time pass. Where time is real it skips the scenario.
func (w *World) Pass(ctx context.Context, d time.Duration) error {
	if err := w.needsVirtualTime(); err != nil {
		return err
	}
	return pause.For(ctx, d)
}

// Within is Eventually for what also has to come about within a time from now.
// Each injected fault excuses one of the reactor's longest pauses. Where time is
// real it skips the scenario: it would measure the machine.
func (w *World) Within(ctx context.Context, limit time.Duration, check func(context.Context) error) error {
	if err := w.needsVirtualTime(); err != nil {
		return err
	}
	began := time.Now()
	if err := w.Eventually(ctx, check); err != nil {
		return err
	}
	limit += longestPause * time.Duration(len(w.injected()))
	if took := time.Since(began); took > limit {
		return w.explain(fmt.Errorf("it came about after %v, want it within %v", took, limit))
	}
	return nil
}
