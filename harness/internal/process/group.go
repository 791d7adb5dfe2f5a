package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/reactor/feed"
)

// Group is some processes of one program with one configuration, which do the
// same work under one name. Whoever started it calls [Group.Stop] or [Group.Kill]
// in the end. Its calls may overlap.
type Group struct {
	config    Config
	replacing chan struct{} // holds something while a process is being replaced

	mu      sync.Mutex
	members []*Process
}

// StartGroup starts n processes, all at once. If one cannot be started none is
// left.
func StartGroup(ctx context.Context, n int, config Config) (*Group, error) {
	if n < 1 {
		return nil, fmt.Errorf("a group of %d processes does nothing: it takes one or more", n)
	}
	g := &Group{config: config, members: make([]*Process, n), replacing: make(chan struct{}, 1)}
	errs := g.each(func(i int, _ *Process) (err error) {
		g.members[i], err = Start(ctx, config)
		return err
	})
	if errs != nil {
		g.members = slices.DeleteFunc(g.members, func(p *Process) bool { return p == nil })
		return nil, errors.Join(errs, g.Kill())
	}
	return g, nil
}

// each does something with all processes at once.
func (g *Group) each(do func(i int, p *Process) error) error {
	members := g.Members()
	errs := make([]error, len(members))
	var all sync.WaitGroup
	for i, p := range members {
		all.Go(func() { errs[i] = do(i, p) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Members returns the processes, those that have ended among them.
func (g *Group) Members() []*Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.members)
}

// Replace kills the i-th process and starts another in its place. It must be over
// before the group is stopped or killed. Of several calls one follows the other.
func (g *Group) Replace(ctx context.Context, i int) error {
	select {
	case g.replacing <- struct{}{}:
		defer func() { <-g.replacing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	members := g.Members()
	if i < 0 || i >= len(members) {
		return fmt.Errorf("there is no process %d to be replaced in a group of %d", i, len(members))
	}
	if err := members[i].Kill(); err != nil {
		return err
	}
	started, err := Start(ctx, g.config)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.members[i] = started
	return nil
}

// successor is the process in the place of one that has ended. If that one is being
// replaced it waits for the other. If nobody replaces it, it is the same.
func (g *Group) successor(ctx context.Context, i int, ended *Process) *Process {
	select {
	case g.replacing <- struct{}{}:
		<-g.replacing
		return g.Members()[i]
	case <-ctx.Done():
		return ended
	}
}

// AwaitCompleted waits until each of the processes has completed each of these
// tranches up to its position. Of those that share slots, it waits until each slot is
// worked on by one that has, and those that stand by have nothing to complete. Otherwise
// any one of them has done all the work by then, but the others may be about to do it
// again. It fails as soon as one of them has ended, with that one's account, unless that
// is being replaced.
func (g *Group) AwaitCompleted(ctx context.Context, positions map[feed.Tranche]feed.Position) error {
	var failed error
	err := poll(ctx, nil, func() bool {
		var statuses []Status
		statuses, failed = g.awaitEach(ctx, positions)
		return failed != nil || workedOn(statuses)
	})
	if err != nil && failed == nil {
		return fmt.Errorf("no process works on some of the slots: %w", err)
	}
	return failed
}

// awaitEach waits until each of the processes has completed the tranches, or stands by.
func (g *Group) awaitEach(ctx context.Context, positions map[feed.Tranche]feed.Position) ([]Status, error) {
	all, ctx := errgroup.WithContext(ctx)
	members := g.Members()
	statuses := make([]Status, len(members))
	for i, p := range members {
		all.Go(func() (err error) {
			statuses[i], err = g.awaitPlace(ctx, i, p, positions)
			if err != nil && len(members) > 1 {
				return fmt.Errorf("process %d: %w", i+1, err)
			}
			return err
		})
	}
	return statuses, all.Wait()
}

// workedOn tells whether somebody works on each slot, if there are any.
func workedOn(statuses []Status) bool {
	worked := map[int]bool{}
	for _, status := range statuses {
		for _, s := range status.Slots {
			worked[s.Slot] = worked[s.Slot] || s.Working
		}
	}
	return !slices.Contains(slices.Collect(maps.Values(worked)), false)
}

// awaitPlace waits for a process, or for one that takes its place.
func (g *Group) awaitPlace(ctx context.Context, i int, p *Process, positions map[feed.Tranche]feed.Position) (Status, error) {
	for {
		status, err := p.awaitCompleted(ctx, positions, true)
		if err == nil {
			return status, nil
		}
		next := g.successor(ctx, i, p)
		if next == p {
			return status, err
		}
		p = next
	}
}

// Stop stops all processes, as [Process.Stop] does each.
func (g *Group) Stop(ctx context.Context) error {
	return g.each(func(_ int, p *Process) error { return p.Stop(ctx) })
}

// Kill kills all processes, as [Process.Kill] does each.
func (g *Group) Kill() error {
	return g.each(func(_ int, p *Process) error { return p.Kill() })
}
