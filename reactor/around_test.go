package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

type aroundKey struct{}

// handlerFunc is a handler of a test.
type handlerFunc func(ctx context.Context, stream es.StreamName, events []es.Event) (es.Version, error)

// Handle implements [reactor.Handler].
func (f handlerFunc) Handle(ctx context.Context, stream es.StreamName, events []es.Event) (es.Version, error) {
	return f(ctx, stream, events)
}

// What stands around a call gives it its context, and hears of its outcome, however
// the call ends.
func TestWhatStandsAroundACallHearsOfItsOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var heard []string
		say := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			if line := fmt.Sprintf(format, args...); !slices.Contains(heard, line) { // failed calls are repeated
				heard = append(heard, line)
			}
		}
		s := newSource("A")
		s.add("A", "well@0 fails@0 panics@0 ends@0 blocked@0")
		handle := func(ctx context.Context, stream es.StreamName, events []es.Event) (es.Version, error) {
			if ctx.Value(aroundKey{}) != stream {
				t.Errorf("%s: got the context of %v", stream, ctx.Value(aroundKey{}))
			}
			switch stream.ID() {
			case "fails":
				return 0, errors.New("it fails")
			case "panics":
				panic("a mistake")
			case "ends":
				runtime.Goexit()
			}
			return events[len(events)-1].Index + 1, nil
		}
		r := start(t, s, newCheckpoints(), handlerFunc(handle), reactor.Config{
			Around: func(ctx context.Context, stream es.StreamName, _ []es.Event) (context.Context, func(es.Version, error)) {
				if stream.ID() == "blocked" {
					panic("another mistake")
				}
				return context.WithValue(ctx, aroundKey{}, stream), func(version es.Version, err error) {
					_, panicked := errors.AsType[*reactor.PanicError](err)
					say("%s: version %d, failed %t, panicked %t", stream.ID(), version, err != nil, panicked)
				}
			},
		})
		synctest.Wait()
		mu.Lock()
		slices.Sort(heard)
		equal(t, "outcomes", fmt.Sprint(heard), fmt.Sprint([]string{
			"ends: version 0, failed true, panicked false",
			"fails: version 0, failed true, panicked false",
			"panics: version 0, failed true, panicked true",
			"well: version 1, failed false, panicked false",
		}))
		mu.Unlock()
		equal(t, "troubled streams", len(r.status().Troubled), 4)
		r.endWell()
	})
}
