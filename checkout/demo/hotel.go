package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/intercept"
)

// Hotel is a demo that goes on until it is ended: clerks receive guests and check groups
// out at a pace for eyes, round after round, while a reactor works that can be killed
// and started again. After each round its books are audited.
type Hotel struct {
	backend *stores.Backend
	config  Config
	pace    time.Duration
	group   string
	ledger  *ledger
	watch   *watch
	names   *names
	board   *board
	failed  chan error     // why a reactor ended that nobody has killed
	ended   sync.WaitGroup // reactors that are not over
	last    plan           // of the round that is on

	mu     sync.Mutex
	shift  *shift // nil while no reactor works
	closed bool   // no reactor is started any more
}

// shift is a reactor from its start to its end.
type shift struct {
	running *reactor.Running
	killed  atomic.Bool // nothing that it writes succeeds
}

var errKilled = errors.New("the reactor was killed")

// NewHotel makes a hotel on a backend, which stays the caller's. Of the config its
// clerks, its seed, its groups (of a round, 8), its stays (of a group, 4), the log and
// the observer count. The pace is what clerks wait between two things that they do.
func NewHotel(backend *stores.Backend, config Config, pace time.Duration) (*Hotel, error) {
	if config.Groups == 0 {
		config.Groups = 8
	}
	if config.Stays == 0 {
		config.Stays = 4
	}
	if config.Clerks == 0 {
		config.Clerks = 4
	}
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	names := newNames()
	h := &Hotel{
		backend: backend, config: config, pace: pace, group: "demo-" + uuid.NewString(),
		ledger: newLedger(backend.Events), watch: newWatch(), names: names, board: newBoard(names), failed: make(chan error, 1),
	}
	h.ledger.listen(h.board.appended)
	return h, nil
}

// Run has the hotel work until ctx ends, and waits for its reactor. It returns nil then,
// an [*audit.UnbalancedError] if the books of a round do not balance, or the first error
// of a clerk or of a reactor that nobody has killed.
func (h *Hotel) Run(ctx context.Context) error {
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer h.ended.Wait()
	defer h.close()
	if err := h.beginHere(work); err != nil {
		return err
	}
	if err := h.StartReactor(ctx); err != nil {
		return err
	}
	over := make(chan struct{})
	defer func() { <-over }()
	go func() {
		defer close(over)
		select {
		case err := <-h.failed:
			cancel(err)
		case <-work.Done():
		}
	}()
	defer cancel(nil)
	for round := uint64(0); ; round++ {
		config := h.config
		config.Seed += round
		err := h.round(work, config)
		switch {
		case ctx.Err() != nil:
			return nil // it was ended, in whatever it was
		case work.Err() != nil:
			return context.Cause(work)
		case err != nil:
			return err
		}
	}
}

// beginHere saves where the feed ends as the checkpoint of the reactor, so that one that
// is killed before its first checkpoint goes on there too.
func (h *Hotel) beginHere(ctx context.Context) error {
	tranches, err := h.backend.Source.Tranches(ctx)
	if err != nil {
		return fmt.Errorf("list the tranches of the feed: %w", err)
	}
	for _, tranche := range tranches {
		end, err := h.backend.Source.End(ctx, tranche)
		if err != nil {
			return fmt.Errorf("find the end of the feed: %w", err)
		}
		key := feed.Key{Source: h.backend.Source.ID(), Tranche: tranche, Group: h.group}
		if err := h.backend.Checkpoints.Save(ctx, key, end); err != nil {
			return fmt.Errorf("save where the feed ends: %w", err)
		}
	}
	return nil
}

// StartReactor starts a reactor, if none works and Run goes on. It ends with ctx at the
// latest, which has to outlive the call.
func (h *Hotel) StartReactor(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shift != nil || h.closed {
		return nil
	}
	s := &shift{}
	alive := func() error {
		if s.killed.Load() {
			return errKilled
		}
		return nil
	}
	backend := *h.backend
	backend.Events = intercept.Store(h.ledger, intercept.StoreHooks{
		BeforeAppend: func(context.Context, es.StreamName, es.Version, []es.EventData) error { return alive() },
	})
	backend.Checkpoints = intercept.Checkpoints(h.backend.Checkpoints, intercept.CheckpointsHooks{
		BeforeSave: func(context.Context, feed.Key, feed.Position) error { return alive() },
	})
	observers := reactor.Observers{h.watch}
	if h.config.Observer != nil {
		observers = append(observers, h.config.Observer)
	}
	running, err := checkout.Start(ctx, &backend, checkout.Config{
		Reactor: reactor.Config{Group: h.group, Observer: observers}, Log: h.config.Log,
	})
	if err != nil {
		return err
	}
	s.running, h.shift = running, s
	h.board.works(true)
	h.ended.Go(func() {
		err := running.Wait(context.WithoutCancel(ctx))
		h.mu.Lock()
		if h.shift == s {
			h.shift = nil
			h.board.works(false)
		}
		h.mu.Unlock()
		if err != nil && !s.killed.Load() {
			select {
			case h.failed <- fmt.Errorf("the reactor: %w", err):
			default: // the first is told
			}
		}
	})
	return nil
}

// KillReactor ends the reactor as a crash would, if one works: nothing that it writes
// from now on succeeds, and nothing is saved.
func (h *Hotel) KillReactor() { h.stop(true) }

func (h *Hotel) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.stop(false)
}

func (h *Hotel) stop(kill bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shift == nil {
		return
	}
	h.shift.killed.Store(kill)
	h.shift.running.Stop()
	h.shift = nil
	h.board.works(false)
}

// State is what the hotel is at.
func (h *Hotel) State() HotelState { return h.board.state(h.backend.Name, h.ledger.total()) }

// round is a plan from the first arrival to the audit.
func (h *Hotel) round(ctx context.Context, config Config) error {
	p := newPlan(config)
	h.names.name(p)
	h.board.open(p)
	h.names.forget(h.last) // only now, since the page has shown them
	h.last = p
	c := newClerk(h.ledger, h.watch)
	err := each(ctx, config, Arrivals, p.stays, func(ctx context.Context, s stay) error {
		if err := c.receive(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", h.names.stay(s.id), err)
		}
		return sleep(ctx, h.pace)
	})
	if err != nil {
		return err
	}
	err = each(ctx, config, Checkouts, p.groups, func(ctx context.Context, g group) error {
		if err := h.checkOut(ctx, c, g); err != nil {
			return fmt.Errorf("%s: %w", h.names.called(c.groups.Stream(g.id)), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := auditPlan(ctx, h.backend.Events, p); err != nil {
		return err
	}
	h.board.balanced()
	h.ledger.forget(p, c)
	h.watch.forget(p, c)
	return sleep(ctx, h.pace)
}

func (h *Hotel) checkOut(ctx context.Context, c *clerk, g group) error {
	if err := errors.Join(c.selectStays(ctx, g), sleep(ctx, h.pace)); err != nil {
		return err
	}
	balance, err := c.awaitMerges(ctx, g.id)
	if err != nil {
		return err
	}
	return errors.Join(sleep(ctx, h.pace), c.settle(ctx, g, balance), sleep(ctx, h.pace))
}
