package reactor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// failures counts how often something has failed in a row. One goroutine counts,
// any may look.
type failures struct{ current atomic.Pointer[row] }

// row is failures in a row. The zero value is none.
type row struct {
	attempts int
	since    time.Time // the first
	err      error     // the last
}

// and is the row with one more.
func (r row) and(err error) row {
	if r.attempts == 0 {
		r.since = time.Now()
	}
	return row{r.attempts + 1, r.since, err}
}

// failed counts one more and returns the row with it.
func (f *failures) failed(err error) row {
	now := f.look().and(err)
	f.current.Store(&now)
	return now
}

// succeeded ends the row and returns what it was.
func (f *failures) succeeded() row {
	before := f.look()
	f.current.Store(nil)
	return before
}

// look returns the row so far.
func (f *failures) look() row {
	if current := f.current.Load(); current != nil {
		return *current
	}
	return row{}
}

// ask asks a server something, within a time and through its breaker.
func (r *Running) ask(ctx context.Context, limit time.Duration, breaker *Breaker, ask func(context.Context) error) error {
	return within(ctx, limit, func(ctx context.Context) error {
		return breaker.do(ctx, func() error { return ask(ctx) })
	})
}

// within asks a store for something and gives up after a time: a server that is
// gone without a word would never answer.
func within(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := ask(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return fmt.Errorf("no answer within %s: %w", limit, err)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}
