package suite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

// glue is the steps and hooks of the driver's own tests. Each phrase, and the tag
// of each hook, does what it says.
type glue struct {
	closed   chan struct{} // closed by Close
	attempts int           // of this scenario, so far
}

func (g *glue) define(r *gherkin.Registrar) {
	r.Given("a step", func() error { return nil })
	r.Given("a step {int} of {string}", func(int, string) error { return nil })
	r.When("it fails with {string}", errors.New)
	r.When("it logs {string}", func(ctx context.Context, line string) error { gherkin.Logf(ctx, "%s", line); return nil })
	r.When("it panics", panicInStep)
	r.When("it is pending", func() error { return gherkin.Pending("not written yet") })
	r.When("it is skipped because {string}", func(reason string) error { return gherkin.Skip("%s", reason) })
	r.When("it is skipped by godog", func() error { return godog.ErrSkip })
	r.When("it is skipped, and fails", func() error { return errors.Join(gherkin.Skip("no clock"), errors.New("broken")) })
	r.When("it fails once", func() error {
		if g.attempts == 1 {
			return errors.New("not yet")
		}
		return nil
	})
	r.When("one of two", func() error { return nil })
	r.When("one of {word}", func(string) error { return nil })
	r.When("it takes a table", func(gherkin.Table) error { return nil })
	r.When("it waits for its context", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	r.When("it takes longer than allowed", func() error { time.Sleep(DefaultTimeout + grace/2); return nil }) // in a bubble, it costs nothing
	r.When("it hangs until the world is closed", func() error { waitForClose(g.closed); return nil })
	r.When("it leaves its goroutine", func() error { leave(); return nil })
	r.When("godog.T fails", func(ctx context.Context) error { godog.T(ctx).Fail(); return nil })

	before := func(tag string, fn func(context.Context) error) { r.Before(gherkin.Hook{Name: tag[1:], Tags: tag}, fn) }
	before("@b-passes", func(ctx context.Context) error { gherkin.Logf(ctx, "in the hook"); return nil })
	before("@b-fails", func(context.Context) error { return errors.New("broke") })
	before("@b-skips", func(context.Context) error { return gherkin.Skip("no clock") })
	before("@b-panics", func(context.Context) error { panic("boom") })
	before("@b-leaves", func(context.Context) error { leave(); return nil })
	before("@b-hangs", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	before("@b-last", func(context.Context) error { return nil })
	after := func(tag string, fn func() error) {
		r.After(gherkin.Hook{Name: tag[1:], Tags: tag}, func(context.Context, error) error { return fn() })
	}
	after("@a-first", func() error { return nil })
	after("@a-fails", func() error { return errors.New("broke") })
	after("@a-skips", func() error { return gherkin.Skip("no clock") })
	after("@a-panics", func() error { panic("boom") })
}

func panicInStep() error             { panic("boom in a step") }
func waitForClose(c <-chan struct{}) { <-c }
func leave()                         { new(testing.T).SkipNow() }

// bind adds the hooks of godog that the scenario's tags ask for.
func (g *glue) bind(sc *godog.ScenarioContext, defs *gherkin.Definitions, tags []string) error {
	before := func(err func() error) {
		sc.Before(func(ctx context.Context, _ *godog.Scenario) (context.Context, error) { return ctx, err() })
	}
	after := func(err func() error) {
		sc.After(func(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) { return ctx, err() })
	}
	for _, tag := range tags {
		switch tag {
		case "@before-skips":
			before(func() error { return gherkin.Skip("the before hook says so") })
		case "@before-skips-plainly":
			before(func() error { return fmt.Errorf("no such shelf: %w", godog.ErrSkip) })
		case "@before-fails":
			before(func() error { return errors.New("before broke") })
		case "@before-panics":
			before(func() error { panic("boom before") })
		case "@after-fails":
			after(func() error { return errors.New("after broke") })
		case "@after-skips":
			after(func() error { return gherkin.Skip("the after hook says so") })
		case "@after-panics":
			after(func() error { panic("boom after") })
		case "@after-step-panics":
			sc.StepContext().After(func(context.Context, *godog.Step, godog.StepResultStatus, error) (context.Context, error) {
				panic("boom after a step")
			})
		case "@before-step-fails":
			sc.StepContext().Before(func(ctx context.Context, _ *godog.Step) (context.Context, error) {
				return ctx, errors.New("before the step broke")
			})
		case "@bind-fails":
			return errors.New("bind broke")
		case "@bind-panics":
			panic("boom in bind")
		}
	}
	return defs.Bind(sc, g.define)
}

func definitions(t testing.TB) *gherkin.Definitions {
	t.Helper()
	defs, err := gherkin.Compile(new(glue).define)
	check.Must(t, err)
	return defs
}

// world returns a Config.World that makes a glue for each attempt.
func world(defs *gherkin.Definitions) func(context.Context, *Scenario) (World, error) {
	attempts := newCounter()
	return func(ctx context.Context, s *Scenario) (World, error) {
		g := &glue{closed: make(chan struct{}), attempts: attempts.next(s.Location())}
		w := World{
			Bind:  func(sc *godog.ScenarioContext) error { return g.bind(sc, defs, s.Tags) },
			Close: func(context.Context) error { close(g.closed); return nil },
		}
		for _, tag := range s.Tags {
			switch tag {
			case "@world-fails":
				return World{}, errors.New("world broke")
			case "@world-skips":
				return World{}, gherkin.Skip("no world here")
			case "@world-panics":
				panic("boom in world")
			case "@world-logs":
				gherkin.Logf(ctx, "in the world")
				w.Close = func(ctx context.Context) error { gherkin.Logf(ctx, "at its close"); return nil }
			case "@no-bind":
				return World{}, nil
			case "@close-fails":
				w.Close = func(context.Context) error { return errors.New("close broke") }
			case "@close-lasts":
				w.Close = func(ctx context.Context) error {
					select {
					case <-time.After(50 * time.Second): // in a bubble, it costs nothing
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			case "@close-panics":
				w.Close = func(context.Context) error { panic("boom in close") }
			}
		}
		return w, nil
	}
}

// counter counts by key, for several goroutines.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func newCounter() *counter { return &counter{counts: map[string]int{}} }

func (c *counter) next(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[key]++
	return c.counts[key]
}
