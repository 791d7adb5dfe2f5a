package red

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// shelf is the world: books that are put there and lent, by a list.
type shelf struct {
	list     list
	seen     int // lines of the list
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
	r.When("it reads a table and a text", func(_ gherkin.Table, d *godog.DocString) error {
		return fmt.Errorf("got a table and the text %s", d.Content)
	})
	r.When("it reads a text", func(d *godog.DocString) error { return fmt.Errorf("got a text of %d letters", len(d.Content)) })
	r.When("it is skipped", func() error { return gherkin.Skip("no lamp") })
	r.When("it is skipped, and fails", func() error { return errors.Join(gherkin.Skip("no lamp"), errors.New("broken")) })
	r.When("it waits for the end", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	r.When("it waits for more than the end", func() error { <-s.closed; return nil })

	after("@after-fails", func() error { return errors.New("the shelf is not locked") })
	after("@after-panics", func() error { panic("boom after") })
}

func (s *shelf) put(ctx context.Context, n int) error {
	for range n {
		if err := s.write(ctx, "put"); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) lend(ctx context.Context) error { return s.write(ctx, "lent") }

func (s *shelf) write(ctx context.Context, line string) error {
	err := s.list.add(ctx, line, s.seen)
	if err == nil {
		s.seen++
	}
	return err
}

func (s *shelf) left(want int) error {
	lines, err := s.list.read()
	if err != nil {
		return err
	}
	got := 0
	for _, line := range lines {
		if line == "put" {
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
	if err := s.list.add(ctx, "lent", s.seen-1); !errors.Is(err, errConflict) {
		return fmt.Errorf("got the error %v, want a conflict", err)
	}
	return nil
}

// list has a line for each book that was put on the shelf or lent. Whoever adds
// one says how many lines it has seen. It breaks as a tag of the scenario says.
type list struct {
	lines  []string
	broken string // the tag, without @list-
}

var errConflict = errors.New("the list has other lines")

func (l *list) add(ctx context.Context, line string, seen int) error {
	if l.broken == "hangs" {
		<-ctx.Done()
		return ctx.Err()
	}
	lent := line == "lent"
	switch {
	case lent && l.broken == "full", l.broken == "wrong" && slices.Contains(l.lines, "lent"):
		return errors.New("the disk is full")
	case lent && l.broken == "loses":
		return nil
	case seen != len(l.lines) && l.broken != "careless":
		return errConflict
	}
	l.lines = append(l.lines, line)
	if lent && l.broken == "repeats" {
		l.lines = append(l.lines, line)
	}
	return nil
}

func (l *list) read() ([]string, error) {
	if l.broken == "gone" {
		return nil, errors.New("the connection was reset")
	}
	return l.lines, nil
}

// worlds makes shelves.
func worlds(definitions *gherkin.Definitions) func(context.Context, *suite.Scenario) (suite.World, error) {
	var mu sync.Mutex
	attempts := map[*suite.Scenario]int{}
	return func(ctx context.Context, scenario *suite.Scenario) (suite.World, error) {
		gherkin.Logf(ctx, "said by the world")
		mu.Lock()
		attempts[scenario]++
		s := &shelf{closed: make(chan struct{}), attempts: attempts[scenario]}
		mu.Unlock()
		world := suite.World{
			Bind:  func(sc *godog.ScenarioContext) error { return definitions.Bind(sc, s.define) },
			Close: func(context.Context) error { close(s.closed); return nil },
		}
		for _, tag := range scenario.Tags {
			if broken, found := strings.CutPrefix(tag, "@list-"); found {
				s.list.broken = broken
			}
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
