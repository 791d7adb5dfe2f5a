package harness_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
)

// struggle has the reactor fail for Order-1, every so often, until a channel is closed.
func struggle(t *testing.T, p *puppet, every time.Duration, cause func(n int) error, until <-chan struct{}) {
	t.Helper()
	order := streamName(t, "Order-1")
	for n := 1; ; n++ {
		select {
		case <-until:
			return
		case <-time.After(every):
			p.observer.Observe(reactor.Called{Stream: order, Events: 1})
			p.observer.Observe(reactor.Returned{Stream: order, Err: cause(n)})
			p.observer.Observe(reactor.Troubled{Stream: order, Cause: cause(n), Attempts: n})
		}
	}
}

func TestAWaitForWhatNeverSucceedsIsGivenUp(t *testing.T) {
	t.Parallel()
	all, err := faults.Parse("all")
	check.Must(t, err)
	noVan := func(int) error { return &reactor.PanicError{Value: "no van", Stack: []byte(time.Now().String())} }
	for _, c := range []struct {
		name    string
		options harness.Options
		every   time.Duration
		cause   func(int) error
		want    string // how the error begins, as a regular expression: the last attempt and the look may fall on one moment
		within  time.Duration
	}{
		{"the same each time", harness.Options{}, 100 * time.Millisecond, noVan, `the reactor cannot handle the order: the handler panicked: no van, after 15[01] attempts since `, 16 * time.Second},
		{"the same each time, seldom", harness.Options{}, time.Second, noVan, `the reactor cannot handle the order: the handler panicked: no van, after (49|50) attempts since `, time.Minute},
		{"something else each time", harness.Options{}, 100 * time.Millisecond, func(n int) error { return fmt.Errorf("no van %d", n) }, `the reactor cannot handle the order: no van 15[01], after 15[01] attempts since `, 16 * time.Second},
		{"without a text", harness.Options{}, 100 * time.Millisecond, func(int) error { return errors.New("") }, `the reactor cannot handle the order: the handler returned an error without a text, a \*errors.errorString, after 15[01] `, 16 * time.Second},
		{"under faults", harness.Options{Faults: all, Seed: 1}, 100 * time.Millisecond, noVan, "the reactor cannot handle the order: the handler panicked: no van, ", 5 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, p := onPuppet(t, c.options)
				w, order := stage(t, h), streamName(t, "Order-1")
				w.Name(order, "the order")
				appendTo(t, w.Store(), order, 0, "Placed")
				over, ended := make(chan struct{}), make(chan struct{})
				go func() { defer close(ended); struggle(t, p, c.every, c.cause, over) }()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				began := time.Now()
				err := w.Eventually(ctx, func(context.Context) error { return nil })
				took := time.Since(began)
				close(over)
				<-ended
				if _, ok := errors.AsType[*harness.HandlerError](err); !ok || !regexp.MustCompile("^"+c.want).MatchString(err.Error()) {
					t.Errorf("got %v, want it to begin with %s", err, c.want)
				}
				if took > c.within || c.within == 5*time.Minute && took != c.within {
					t.Errorf("got an error after %v, want it after %v", took, c.within)
				}
				check.Must(t, w.Close(t.Context()))
			})
		})
	}
}

// What succeeds in the end is waited for, however often it has failed alike before
// somebody wrote to it.
func TestAWaitGoesOnWhereThereIsProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, p := onPuppet(t, harness.Options{})
		w, order := stage(t, h), streamName(t, "Order-1")
		appendTo(t, w.Store(), order, 0, "Placed")
		go func() {
			for version := range 3 {
				over := make(chan struct{})
				time.AfterFunc(14*time.Second, func() { close(over) })
				struggle(t, p, 100*time.Millisecond, func(int) error { return errors.New("no van") }, over)
				appendTo(t, w.Store(), order, 1+es.Version(version), "Moved")
			}
			p.observer.Observe(reactor.Retired{Stream: order, UpTo: 4})
		}()
		if err := w.Eventually(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("got %v, want no error", err)
		}
		check.Must(t, w.Close(t.Context()))
	})
}
