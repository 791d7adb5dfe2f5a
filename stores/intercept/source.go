package intercept

import (
	"context"

	"example.com/groupcheckout/reactor/feed"
)

// SourceHooks are the hooks around a [feed.Source]. Its id passes unseen.
type SourceHooks struct {
	BeforeTranches func(ctx context.Context) error

	BeforeRead func(ctx context.Context, tranche feed.Tranche, from feed.Position) error
	// AfterRead may repeat events of the batch, leave some out or put other
	// ones in. A batch that it empties without moving Next makes the reader
	// ask again at once; to hold events back it should block.
	AfterRead func(ctx context.Context, tranche feed.Tranche, from feed.Position,
		batch feed.Batch, err error) (feed.Batch, error)

	BeforeEnd func(ctx context.Context, tranche feed.Tranche) error
	AfterEnd  func(ctx context.Context, tranche feed.Tranche, end feed.Position, err error) (feed.Position, error)

	// Changed is called on each wait for a change, with the channel that the
	// wrapped [feed.Notifier] gave; the caller gets the one that it returns.
	Changed func(tranche feed.Tranche, from feed.Position, changed <-chan struct{}) <-chan struct{}
}

// Source returns a source that passes every call to next through the hooks. It
// is a [feed.Notifier] if, and only if, next is one, and a [feed.Waker] that hears what
// next does, if that hears anything.
func Source(next feed.Source, hooks SourceHooks) feed.Source {
	s := &source{Source: next, hooks: hooks}
	if notifier, ok := next.(feed.Notifier); ok {
		return &notifyingSource{source: s, notifier: notifier}
	}
	return s
}

type source struct {
	feed.Source // for ID
	hooks       SourceHooks
}

// Woken implements [feed.Waker].
func (s *source) Woken(tranche feed.Tranche) <-chan struct{} {
	if waker, ok := s.Source.(feed.Waker); ok {
		return waker.Woken(tranche)
	}
	return nil
}

func (s *source) Tranches(ctx context.Context) ([]feed.Tranche, error) {
	if s.hooks.BeforeTranches != nil {
		if err := s.hooks.BeforeTranches(ctx); err != nil {
			return nil, err
		}
	}
	return s.Source.Tranches(ctx)
}

func (s *source) Read(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	if s.hooks.BeforeRead != nil {
		if err := s.hooks.BeforeRead(ctx, tranche, from); err != nil {
			return feed.Batch{}, err
		}
	}
	batch, err := s.Source.Read(ctx, tranche, from)
	if s.hooks.AfterRead != nil {
		return s.hooks.AfterRead(ctx, tranche, from, batch, err)
	}
	return batch, err
}

func (s *source) End(ctx context.Context, tranche feed.Tranche) (feed.Position, error) {
	if s.hooks.BeforeEnd != nil {
		if err := s.hooks.BeforeEnd(ctx, tranche); err != nil {
			return 0, err
		}
	}
	end, err := s.Source.End(ctx, tranche)
	if s.hooks.AfterEnd != nil {
		return s.hooks.AfterEnd(ctx, tranche, end, err)
	}
	return end, err
}

type notifyingSource struct {
	*source
	notifier feed.Notifier
}

func (s *notifyingSource) Changed(tranche feed.Tranche, from feed.Position) <-chan struct{} {
	changed := s.notifier.Changed(tranche, from)
	if s.hooks.Changed != nil {
		return s.hooks.Changed(tranche, from, changed)
	}
	return changed
}
