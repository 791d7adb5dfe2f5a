package red

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/cucumber/godog"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// shelf is the world: books that are put there and lent, in a stream of a store.
type shelf struct {
	store    es.Store
	stream   es.StreamName
	version  es.Version
	closed   chan struct{}
	attempts int
}

func (s *shelf) define(r *gherkin.Registrar) {
	before := func(tag string, fn func(context.Context) error) {
		r.Before(gherkin.Hook{Name: "breaks", Tags: tag}, fn)
	}
	after := func(tag string, fn func() error) {
		r.After(gherkin.Hook{Name: "breaks", Tags: tag}, func(context.Context, error) error { return fn() })
	}
	before("@before-fails", func(context.Context) error { return errors.New("no key to the shelf") })
	before("@before-panics", func(context.Context) error { panic("boom before") })
	before("@before-skips", func(context.Context) error { return gherkin.Skip("no clock") })
	before("@before-hangs", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })

	r.Given("{int} book(s) on the shelf", s.put)
	r.When("a book is lent", s.lend)
	r.When("one is lent", s.lend)
	r.Then("{int} book(s) is/are left", s.left)
	r.Then("another, who has not seen that, is refused", s.refused)
	r.When("it fails", func() error { return errors.New("got 1, want 2") })
	r.When("it fails once", func() error {
		if s.attempts == 1 {
			return errors.New("not yet")
		}
		return nil
	})
	r.When("it is pending", func() error { return gherkin.Pending("not written yet") })
	r.When("one of two", func() error { return nil })
	r.When("one of {word}", func(string) error { return nil })
	r.When("it panics", func() error { panic("boom in a step") })
	r.When("it leaves", func() error { new(testing.T).SkipNow(); return nil })
	r.When("it reads a table", func(gherkin.Table) error { return nil })
	r.When("it is skipped", func() error { return gherkin.Skip("no lamp") })
	r.When("it is skipped, and fails", func() error { return errors.Join(gherkin.Skip("no lamp"), errors.New("broken")) })
	r.When("it waits for the end", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	r.When("it waits for more than the end", func() error { <-s.closed; return nil })

	after("@after-fails", func() error { return errors.New("the shelf is not locked") })
	after("@after-panics", func() error { panic("boom after") })
}

func (s *shelf) put(ctx context.Context, n int) error {
	for range n {
		if err := s.append(ctx, "Put", s.version); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) lend(ctx context.Context) error { return s.append(ctx, "Lent", s.version) }

func (s *shelf) append(ctx context.Context, event string, expected es.Version) error {
	after, err := s.store.Append(ctx, s.stream, expected, []es.EventData{{ID: uuid.New(), Type: event}})
	if err == nil {
		s.version = after
	}
	return err
}

func (s *shelf) left(ctx context.Context, want int) error {
	events, err := s.store.Read(ctx, s.stream, 0, es.FromLeader)
	if err != nil {
		return err
	}
	got := 0
	for _, e := range events {
		if e.Type == "Put" {
			got++
		} else {
			got--
		}
	}
	if got != want {
		return fmt.Errorf("got %d books on the shelf, want %d", got, want)
	}
	return nil
}

func (s *shelf) refused(ctx context.Context) error {
	err := s.append(ctx, "Lent", s.version-1)
	if conflict := (*es.ConflictError)(nil); !errors.As(err, &conflict) {
		return fmt.Errorf("got the error %v, want a conflict", err)
	}
	return nil
}

// broken breaks the store as the scenario's tags say.
func broken(store *memory.Store, tags []string) es.Store {
	var hooks intercept.StoreHooks
	lent := func(events []es.EventData) bool { return events[0].Type == "Lent" }
	before := func(err func() error) {
		hooks.BeforeAppend = func(_ context.Context, _ es.StreamName, _ es.Version, events []es.EventData) error {
			if lent(events) {
				return err()
			}
			return nil
		}
	}
	for _, tag := range tags {
		switch tag {
		case "@store-loses":
			return &lossy{Store: store}
		case "@store-careless":
			return &careless{Store: store}
		case "@store-repeats":
			hooks.AfterAppend = func(ctx context.Context, stream es.StreamName, _ es.Version, events []es.EventData, after es.Version, err error) (es.Version, error) {
				if err != nil || !lent(events) {
					return after, err
				}
				again := slices.Clone(events)
				again[0].ID = uuid.New()
				return store.Append(ctx, stream, after, again)
			}
		case "@store-full":
			before(func() error { return errors.New("the disk is full") })
		case "@store-gone":
			hooks.BeforeRead = func(context.Context, es.StreamName, es.Version, es.Freshness) error {
				return errors.New("the connection was reset")
			}
		case "@store-wrong":
			calls := 0
			before(func() error {
				if calls++; calls > 1 {
					return errors.New("the disk is full")
				}
				return nil
			})
		case "@store-hangs":
			hooks.BeforeAppend = func(ctx context.Context, _ es.StreamName, _ es.Version, _ []es.EventData) error {
				<-ctx.Done()
				return ctx.Err()
			}
		}
	}
	return intercept.Store(store, hooks)
}

// lossy says that it has written what it has not.
type lossy struct{ *memory.Store }

func (l *lossy) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if events[0].Type == "Lent" {
		return expected + es.Version(len(events)), nil
	}
	return l.Store.Append(ctx, stream, expected, events)
}

// careless writes at the end, whatever was expected.
type careless struct{ *memory.Store }

func (c *careless) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := c.Store.Append(ctx, stream, expected, events)
	if conflict := (*es.ConflictError)(nil); errors.As(err, &conflict) {
		return c.Store.Append(ctx, stream, conflict.Actual, events)
	}
	return after, err
}

// worlds makes shelves on one store.
func worlds(definitions *gherkin.Definitions) func(context.Context, *suite.Scenario) (suite.World, error) {
	store := memory.New()
	var mu sync.Mutex
	attempts := map[*suite.Scenario]int{}
	return func(_ context.Context, scenario *suite.Scenario) (suite.World, error) {
		mu.Lock()
		attempts[scenario]++
		s := &shelf{store: broken(store, scenario.Tags), closed: make(chan struct{}), attempts: attempts[scenario]}
		mu.Unlock()
		var err error
		if s.stream, err = es.NewStreamName("Shelf", uuid.NewString()); err != nil {
			return suite.World{}, err
		}
		world := suite.World{
			Bind:  func(sc *godog.ScenarioContext) error { return definitions.Bind(sc, s.define) },
			Close: func(context.Context) error { close(s.closed); return nil },
		}
		for _, tag := range scenario.Tags {
			switch tag {
			case "@world-fails":
				return suite.World{}, errors.New("no such shelf")
			case "@world-panics":
				panic("boom in a world")
			case "@world-skips":
				return suite.World{}, gherkin.Skip("no shelf here")
			case "@bind-fails":
				world.Bind = func(*godog.ScenarioContext) error { return errors.New("no steps") }
			case "@close-fails":
				world.Close = func(context.Context) error { return errors.New("the shelf is stuck") }
			case "@godog-after-panics":
				bind := world.Bind
				world.Bind = func(sc *godog.ScenarioContext) error {
					sc.After(func(context.Context, *godog.Scenario, error) (context.Context, error) { panic("boom in godog") })
					return bind(sc)
				}
			}
		}
		return world, nil
	}
}
