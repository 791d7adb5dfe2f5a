package demo

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// Config is the size of a run. A zero field means its default.
type Config struct {
	Groups int    // group checkouts; 200
	Stays  int    // stays that each group selects; 6
	Clerks int    // clerks who work at once; 8
	Seed   uint64 // of the plan; 0 is a seed like any other

	Observer reactor.Observer // told what the reactor does, besides the demo; may be nil
	Log      *slog.Logger     // slog.Default
	Progress func(Progress)   // told how far it is; calls do not overlap; may be nil

	// Story, unless it is nil, is told of one group from arrival to confirmation, before
	// the others begin; it may take its time. That group is audited with the others, and
	// is none of those that the report counts.
	Story func(context.Context, Happening)
}

// Phase is a part of a run.
type Phase string

// The phases, in order.
const (
	Arrivals  Phase = "guests arrived"
	Checkouts Phase = "groups confirmed"
)

// Progress is how far a phase is.
type Progress struct {
	Phase Phase
	Done  int
	Of    int
}

// SizeError says that a run of such a size is not possible.
type SizeError struct {
	What  string
	Value int
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("the number of %s cannot be %d: it has to be from 1 to %d", e.What, e.Value, MaxSize)
}

// MaxSize is the largest number in a [Config]; it keeps a typing error from
// filling a disk.
const MaxSize = 1_000_000

func (c Config) withDefaults() (Config, error) {
	for _, n := range []struct {
		what    string
		value   *int
		without int
	}{
		{"groups", &c.Groups, 200},
		{"stays", &c.Stays, 6},
		{"clerks", &c.Clerks, 8},
	} {
		if *n.value == 0 {
			*n.value = n.without
		}
		if *n.value < 1 || *n.value > MaxSize {
			return c, &SizeError{n.what, *n.value}
		}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return c, nil
}

// Run runs the demo on a backend, with a reactor of its own in a consumer group
// of its own that starts at the end of the feed. The backend stays the
// caller's; what was written to it remains.
//
// It returns a [*SizeError] for a config that cannot be used, an
// [*audit.UnbalancedError] beside the full report if the books do not balance
// or are not as planned, and otherwise the first error of a clerk or of the
// reactor, or why ctx ended.
func Run(ctx context.Context, backend *stores.Backend, config Config) (Report, error) {
	config, err := config.withDefaults()
	if err != nil {
		return Report{}, err
	}
	ledger, watch := newLedger(backend.Events), newWatch()
	watched := *backend
	watched.Events = ledger
	observers := reactor.Observers{watch}
	if config.Observer != nil {
		observers = append(observers, config.Observer)
	}
	running, err := checkout.Start(ctx, &watched, checkout.Config{
		Reactor: reactor.Config{Group: "demo-" + uuid.NewString(), FromEnd: true, Observer: observers},
		Log:     config.Log,
	})
	if err != nil {
		return Report{}, err
	}
	defer func() {
		running.Stop()
		<-running.Done()
	}()
	// Once it tells its status it has noted the end of the feed, and whatever
	// the clerks write comes behind that.
	if _, err := running.Status(ctx); err != nil {
		return Report{}, fmt.Errorf("start the reactor: %w", err)
	}

	planned, told := newPlan(config), plan{}
	var elapsed time.Duration
	both, workCtx := errgroup.WithContext(ctx)
	both.Go(func() error {
		defer running.Stop()
		clerk := newClerk(ledger, watch)
		if config.Story != nil {
			told = story()
			names := newNames()
			names.name(told)
			if err := tellStory(workCtx, clerk, told, names, config.Story); err != nil {
				return fmt.Errorf("the story: %w", err)
			}
			ledger.begin()
			watch.begin()
		}
		began := time.Now()
		err := work(workCtx, config, planned, clerk)
		elapsed = time.Since(began)
		return err
	})
	both.Go(func() error {
		if err := running.Wait(context.WithoutCancel(ctx)); err != nil {
			return fmt.Errorf("the reactor: %w", err)
		}
		return nil
	})
	switch err := both.Wait(); {
	case ctx.Err() != nil:
		return Report{}, context.Cause(ctx)
	case err != nil:
		return Report{}, err
	}
	if _, err := auditPlan(ctx, backend.Events, told); err != nil {
		return Report{}, fmt.Errorf("the story: %w", err)
	}
	report, err := auditPlan(ctx, backend.Events, planned)
	report.Elapsed = elapsed
	report.EventsWritten = ledger.total()
	report.HandlerCalls, report.HandlerFailures = watch.handled()
	report.setReactions(ledger.reactions())
	return report, err
}

// work lets the clerks carry out a plan, one phase after the other.
func work(ctx context.Context, config Config, p plan, c *clerk) error {
	err := each(ctx, config, Arrivals, p.stays, func(ctx context.Context, s stay) error {
		if err := c.receive(ctx, s); err != nil {
			return fmt.Errorf("stay %s: %w", s.id, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return each(ctx, config, Checkouts, p.groups, func(ctx context.Context, g group) error {
		if err := c.checkOut(ctx, g); err != nil {
			return fmt.Errorf("group %s: %w", g.id, err)
		}
		return nil
	})
}

// each lets as many clerks as there are do something for each of the jobs. The
// first error ends it.
func each[J any](ctx context.Context, config Config, phase Phase, jobs []J, do func(context.Context, J) error) error {
	var mu sync.Mutex
	done := 0
	config.Progress(Progress{phase, 0, len(jobs)})
	clerks, clerkCtx := errgroup.WithContext(ctx)
	clerks.SetLimit(config.Clerks)
	for _, job := range jobs {
		if clerkCtx.Err() != nil {
			break
		}
		clerks.Go(func() error {
			if err := do(clerkCtx, job); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			config.Progress(Progress{phase, done, len(jobs)})
			return nil
		})
	}
	if err := clerks.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}
