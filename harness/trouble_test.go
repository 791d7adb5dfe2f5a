package harness_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/steps/hotel"
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
		{"the same each time", harness.Options{}, 100 * time.Millisecond, noVan, `the reactor cannot handle the order: the handler panicked: no van\nafter 15[01] attempts since `, 16 * time.Second},
		{"the same each time, seldom", harness.Options{}, time.Second, noVan, `the reactor cannot handle the order: the handler panicked: no van\nafter (49|50) attempts since `, time.Minute},
		{"something else each time", harness.Options{}, 100 * time.Millisecond, func(n int) error { return fmt.Errorf("no van %d", n) }, `the reactor cannot handle the order: no van 15[01]\nafter 15[01] attempts since `, 16 * time.Second},
		{"without a text", harness.Options{}, 100 * time.Millisecond, func(int) error { return errors.New("") }, `the reactor cannot handle the order: the handler returned an error without a text, a \*errors.errorString\nafter 15[01] `, 16 * time.Second},
		{"under faults", harness.Options{Faults: all, Seed: 1}, 100 * time.Millisecond, noVan, "the reactor cannot handle the order: the handler panicked: no van\n", 5 * time.Minute},
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

// The error of a stop counts in a run with cuts too: the last words of a reactor do not
// go through what is cut.
func TestAnErrorOfAStopCountsWhereConnectionsAreCut(t *testing.T) {
	t.Parallel()
	p := &puppet{done: make(chan struct{}), end: errors.New("the last checkpoint was lost")}
	h, err := harness.Open(t.Context(), harness.Options{System: p.system()})
	check.Must(t, err)
	h.HaveCuts()
	if err := h.Close(t.Context()); !errors.Is(err, p.end) {
		t.Errorf("got %v, want %v", err, p.end)
	}
}

// Faults excuse the calls that met them, and no others.
func TestFaultsExcuseTheCallsThatTheyDisturbed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec string
		kind faults.Kind // that happens; none if empty
		act  func(t *testing.T, p *puppet, w *harness.World, order es.StreamName)
		want int
	}{
		{"conflict=0", "", func(_ *testing.T, p *puppet, _ *harness.World, order es.StreamName) {
			handle(p, order, errors.New("no van"))
			handle(p, order, nil)
			handle(p, order, nil)
		}, 0},
		{"failed-checkpoint=1,kill=0.0000001", "", func(_ *testing.T, p *puppet, _ *harness.World, order es.StreamName) {
			handle(p, order, errors.New("no van"))
			handle(p, order, nil)
			handle(p, order, nil)
		}, 0},
		{"duplicate=1", faults.Duplicate, func(t *testing.T, p *puppet, _ *harness.World, order es.StreamName) {
			t.Helper()
			p.read(t)
			handle(p, order, nil) // the work
			handle(p, order, nil) // for what is delivered again
			handle(p, order, nil) // for nothing
		}, 1},
		{"duplicate=1", faults.Duplicate, func(t *testing.T, p *puppet, _ *harness.World, order es.StreamName) {
			t.Helper()
			p.read(t)
			handle(p, order, nil) // the work, which would have been done anyway
		}, 0},
		{"conflict=0", "", func(_ *testing.T, p *puppet, w *harness.World, order es.StreamName) {
			handle(p, order, errors.New("no van"))
			w.Harness().HaveCuts()
			w.Harness().Cut() // for another reactor
			handle(p, order, errors.New("the line is dead"))
			handle(p, order, nil)
		}, 1},
	} {
		spec, err := faults.Parse(c.spec)
		check.Must(t, err)
		h, p := onPuppet(t, harness.Options{Faults: spec, Seed: 1})
		w, order := stage(t, h), streamName(t, "Order-1")
		appendTo(t, w.Store(), order, 0, "Placed")
		c.act(t, p, w, order)
		if got := w.Excused(order); got != c.want {
			t.Errorf("%s: got %d of %d calls excused, want %d", c.spec, got, w.Calls(order), c.want)
		}
		if c.kind != "" && len(h.Injected()) == 0 {
			t.Errorf("%s: got no fault, want some", c.spec)
		}
		check.Must(t, w.Close(t.Context()))
	}
}

// handle is a call of the handler that sees all there is, or fails.
func handle(p *puppet, stream es.StreamName, err error) {
	p.observer.Observe(reactor.Called{Stream: stream, Events: 1})
	p.observer.Observe(reactor.Returned{Stream: stream, Observed: 1, Err: err})
	if err == nil {
		p.observer.Observe(reactor.Retired{Stream: stream, UpTo: 1})
	}
}

// A call that failed by a fault is excused, and the one that makes up for it is not.
func TestEachFailedCallIsExcusedOnce(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"failed-load=1", "lost-reply=1", "die-after=1", "conflict=1"} {
		parsed, err := faults.Parse(spec)
		check.Must(t, err)
		options := harness.Options{System: hotel.System(), Faults: parsed, Seed: 1}
		h, err := harness.Open(t.Context(), options)
		opened(t, h, err)
		w, group := world(t, h, false), domain.GroupID(uuid.New())
		check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 2), at()))
		check.Must(t, w.Eventually(t.Context(), func(context.Context) error { return nil }))
		stream := w.groups.Stream(group)
		if calls, excused := w.Calls(stream), w.Excused(stream); calls-excused != 1 || calls < 2 && spec != "conflict=1" {
			t.Errorf("%s: got %d calls, %d of which are excused, want all but one", spec, calls, excused)
		}
	}
}
