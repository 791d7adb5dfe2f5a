package es_test

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// side is the way in to one of several counters.
func side(t *testing.T, store es.Store, i int) es.Decider[int, event] {
	t.Helper()
	decider, err := counters(store, es.Options{Cache: es.NewCache(0, 0)}).Decider(strconv.Itoa(i))
	check.Must(t, err)
	return decider.AtLeast(0)
}

// appended is how many appends there were.
func (s *store) appended() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.appends)
}

func TestNoAppendBeginsBeforeAllOfItsWaveAreDecided(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ calls, want int }{{1, 1}, {6, 6}, {40, 16}} {
		store := newStore()
		var decided atomic.Int64
		var first sync.Once
		store.overtake = func() {
			first.Do(func() {
				if got := decided.Load(); got < int64(test.want) {
					t.Errorf("%d calls: got %d decided when the first append began, want at least %d", test.calls, got, test.want)
				}
			})
		}
		var group errgroup.Group
		es.Together(t.Context(), &group, test.calls, func(ctx context.Context, i int) {
			check.OK(t, side(t, store, i).Transact(ctx, func(int) ([]event, error) {
				decided.Add(1)
				return []event{added{1}}, nil
			}))
		})
		check.OK(t, group.Wait())
		check.Equal(t, "appends", test.calls, store.appended())
	}
}

func TestCallsThatAreLimitedDoNotWaitForThoseThatCannotBegin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		var running atomic.Int64
		var group errgroup.Group
		group.SetLimit(2)
		es.Together(t.Context(), &group, 7, func(ctx context.Context, i int) {
			if running.Add(1) > 2 {
				t.Error("got a third call beside two, want no more than the limit")
			}
			defer running.Add(-1)
			check.OK(t, side(t, store, i).Transact(ctx, add(1)))
		})
		check.OK(t, group.Wait())
		check.Equal(t, "appends", 7, store.appended())
	})
}

// What takes a request, or comes to nothing, holds up no append.
func TestNobodyWaitsForACallThatDoesNotAppendAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		answer := make(chan struct{})
		store.afterRead = func() { <-answer }
		var group errgroup.Group
		es.Together(t.Context(), &group, 5, func(ctx context.Context, i int) {
			switch i {
			case 0:
				check.OK(t, side(t, store, i).AtLeast(1).Transact(ctx, add(1))) // which reads
			case 1:
				runtime.Goexit()
			case 2:
				return
			default:
				check.OK(t, side(t, store, i).Transact(ctx, add(1)))
			}
		})
		synctest.Wait()
		check.Equal(t, "appends while one reads", 2, store.appended())
		close(answer)
		check.OK(t, group.Wait())
		check.Equal(t, "appends", 3, store.appended())
	})
}

func TestACallThatIsOverDoesNotWaitForItsCompanions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		think := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var group errgroup.Group
		begun := make(chan struct{})
		go func() {
			defer close(begun)
			es.Together(ctx, &group, 2, func(ctx context.Context, i int) {
				check.OK(t, side(t, store, i).Transact(ctx, func(int) ([]event, error) {
					if i == 1 {
						<-think
					}
					return []event{added{1}}, nil
				}))
			})
		}()
		synctest.Wait()
		check.Equal(t, "appends while one still decides", 0, store.appended())
		cancel()
		synctest.Wait()
		check.Equal(t, "appends of a call whose time is over", 1, store.appended())
		close(think)
		<-begun
		check.OK(t, group.Wait())
	})
}
