// Package pause waits: for a while, unless a context ends before that, and for
// longer from one failed attempt to the next.
package pause

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// For waits for a time and returns nil, or the error of ctx as soon as ctx has
// ended. If that was before, it does not wait at all.
func For(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Doubling returns the pauses between attempts: the first, and then each twice as
// long as the one before until the longest. Each varies by half at random, so that
// those who failed together do not come back together.
func Doubling(first, longest time.Duration) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: first, MaxInterval: longest, Multiplier: 2, RandomizationFactor: 0.5}
}
