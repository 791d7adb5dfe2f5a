package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"groupcheckout/reactor/feed"
)

// Group is some processes of one program with one configuration, which do the
// same work under one name. Whoever started it calls [Group.Stop] or [Group.Kill]
// in the end. Its calls may overlap.
type Group struct{ members []*Process }

// StartGroup starts n processes, all at once. If one cannot be started none is
// left.
func StartGroup(ctx context.Context, n int, config Config) (*Group, error) {
	if n < 1 {
		return nil, fmt.Errorf("a group of %d processes does nothing: it takes one or more", n)
	}
	g := &Group{members: make([]*Process, n)}
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
	errs := make([]error, len(g.members))
	var all sync.WaitGroup
	for i, p := range g.members {
		all.Go(func() { errs[i] = do(i, p) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Members returns the processes, those that have ended among them.
func (g *Group) Members() []*Process { return slices.Clone(g.members) }

// AwaitCompleted waits until each of the processes has completed each of these
// tranches up to its position. Any one of them has done all the work by then, but
// the others may be about to do it again. It fails as soon as one of them has
// ended, with that one's account.
func (g *Group) AwaitCompleted(ctx context.Context, positions map[feed.Tranche]feed.Position) error {
	all, ctx := errgroup.WithContext(ctx)
	for i, p := range g.members {
		all.Go(func() error {
			err := p.AwaitCompleted(ctx, positions)
			if err != nil && len(g.members) > 1 {
				return fmt.Errorf("process %d: %w", i+1, err)
			}
			return err
		})
	}
	return all.Wait()
}

// Stop stops all processes, as [Process.Stop] does each.
func (g *Group) Stop(ctx context.Context) error {
	return g.each(func(_ int, p *Process) error { return p.Stop(ctx) })
}

// Kill kills all processes, as [Process.Kill] does each.
func (g *Group) Kill() error {
	return g.each(func(_ int, p *Process) error { return p.Kill() })
}
