package pause_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/internal/pause"
)

func TestFor(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want time.Duration
		err  error
	}{
		"waits the whole time":           {context.WithCancel, time.Minute, nil},
		"ends with the context":          {deadline(time.Second), time.Second, context.DeadlineExceeded},
		"does not begin after its end":   {func(context.Context) (context.Context, context.CancelFunc) { return ended, func() {} }, 0, context.Canceled},
		"leaves a later deadline unused": {deadline(time.Hour), time.Minute, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx, cancel := test.ctx(t.Context())
				defer cancel()
				err := pause.For(ctx, time.Minute)
				if waited := time.Since(began); waited != test.want || !errors.Is(err, test.err) {
					t.Errorf("got %v after %v, want %v after %v", err, waited, test.err, test.want)
				}
			})
		})
	}
}

func deadline(after time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, after)
	}
}

func TestDoubling(t *testing.T) {
	t.Parallel()
	pauses := pause.Doubling(time.Second, 4*time.Second)
	for attempt, about := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second} {
		if got := pauses.NextBackOff(); got < about/2 || got > about*3/2+1 {
			t.Errorf("attempt %d: got %v, want %v or half of that more or less", attempt, got, about)
		}
	}
	pauses.Reset()
	if got := pauses.NextBackOff(); got > time.Second*3/2+1 {
		t.Errorf("after a reset: got %v, want about a second", got)
	}
}

func ExampleFor() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	pauses := pause.Doubling(time.Minute, time.Hour)
	fmt.Println(pause.For(ctx, pauses.NextBackOff()))
	// Output: context deadline exceeded
}
