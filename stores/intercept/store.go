package intercept

import (
	"context"

	"example.com/groupcheckout/es"
)

// StoreHooks are the hooks around an [es.Store].
type StoreHooks struct {
	BeforeRead func(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) error
	AfterRead  func(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness,
		events []es.Event, err error) ([]es.Event, error)

	BeforeAppend func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) error
	// AfterAppend is told the version after the append, as the store returned it.
	AfterAppend func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData,
		after es.Version, err error) (es.Version, error)
}

// Store returns a store that passes every call to next through the hooks.
func Store(next es.Store, hooks StoreHooks) es.Store {
	return &store{next: next, hooks: hooks}
}

type store struct {
	next  es.Store
	hooks StoreHooks
}

func (s *store) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	if s.hooks.BeforeRead != nil {
		if err := s.hooks.BeforeRead(ctx, stream, from, freshness); err != nil {
			return nil, err
		}
	}
	events, err := s.next.Read(ctx, stream, from, freshness)
	if s.hooks.AfterRead != nil {
		return s.hooks.AfterRead(ctx, stream, from, freshness, events, err)
	}
	return events, err
}

func (s *store) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if s.hooks.BeforeAppend != nil {
		if err := s.hooks.BeforeAppend(ctx, stream, expected, events); err != nil {
			return 0, err
		}
	}
	after, err := s.next.Append(ctx, stream, expected, events)
	if s.hooks.AfterAppend != nil {
		return s.hooks.AfterAppend(ctx, stream, expected, events, after, err)
	}
	return after, err
}
