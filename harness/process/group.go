package process

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"groupcheckout/reactor/feed"
)

// Group is some processes of one program with one configuration, which do the
// same work under one name. Its calls may overlap.
type Group struct {
	mu      sync.Mutex
	members []*Process
}

// StartGroup starts n processes, all at once. If one cannot be started none is
// left.
func StartGroup(ctx context.Context, n int, config Config) (*Group, error) {
	if n < 1 {
		return nil, fmt.Errorf("a group of %d processes does nothing: it takes one or more", n)
	}
	g := &Group{members: make([]*Process, n)}
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { g.members[i], errs[i] = Start(ctx, config) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		for _, p := range g.members {
			if p != nil {
				err = errors.Join(err, p.Kill())
			}
		}
		return nil, err
	}
	return g, nil
}

// Members returns the processes, in the order of the start. Those that were killed
// are among them until they are replaced.
func (g *Group) Members() []*Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*Process(nil), g.members...)
}

// Kill kills the i-th process.
func (g *Group) Kill(i int) error {
	members := g.Members()
	if i < 0 || i >= len(members) {
		return fmt.Errorf("there is no process %d in a group of %d", i, len(members))
	}
	return members[i].Kill()
}

// Revive starts a process in the place of each that has ended.
func (g *Group) Revive(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var errs []error
	for i, p := range g.members {
		select {
		case <-p.Done():
			started, err := p.Again(ctx)
			if errs = append(errs, err); err == nil {
				g.members[i] = started
			}
		default:
		}
	}
	return errors.Join(errs...)
}

// AwaitCompleted waits until any of the processes has completed each of these
// tranches up to its position: each of them does all the work, so all of it is
// done then. If none does before ctx ends, the error has the account of each; it
// does not wait for those that have ended.
func (g *Group) AwaitCompleted(ctx context.Context, positions map[feed.Tranche]feed.Position) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	members := g.Members()
	ended := make(chan error, len(members))
	for _, p := range members {
		go func() { ended <- p.AwaitCompleted(ctx, positions) }()
	}
	done := false
	var errs []error
	for range members {
		err := <-ended
		if err == nil {
			done = true
			cancel() // the others need not go on
		}
		errs = append(errs, err)
	}
	if done {
		return nil
	}
	return errors.Join(errs...)
}

// Stop stops all processes, as [Process.Stop] does each.
func (g *Group) Stop(ctx context.Context) error {
	members := g.Members()
	errs := make([]error, len(members))
	var all sync.WaitGroup
	for i, p := range members {
		all.Go(func() { errs[i] = p.Stop(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}
