package checkout

import (
	"context"
	"log/slog"
	"time"

	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// Categories are those whose changes the reactor follows.
func Categories() []string { return []string{groupcheckout.Category} }

// Config is how the group checkout works. Reactor.Group is required; any other zero
// field means its default.
type Config struct {
	Reactor      reactor.Config
	MergesAtOnce int              // transfers at the same time, within one group; as many as the store chooses, else 5
	ReadAtOnce   int              // stays that are read with one request; 25, so few that the first are visited while others are still being read. With 1 each is read by itself
	ReadGroups   bool             // a group is read although the feed has delivered its events; to compare
	Chunk        int              // outcomes in one append at the most; 100
	Now          func() time.Time // the time of transfers and events; time.Now
	Log          *slog.Logger     // slog.Default
	Cache        *es.Cache        // states between calls; default one of its own
	Counts       *es.Counts       // counts appends; nobody does if nil
	// SnapshotEvery is after how many events a long stream has a snapshot, where the store
	// keeps some; 500, and below 0 never.
	SnapshotEvery es.Version
}

func (c Config) withDefaults() Config {
	if c.MergesAtOnce <= 0 {
		c.MergesAtOnce = 5
	}
	if c.ReadAtOnce <= 0 {
		c.ReadAtOnce = 25
	}
	if c.Chunk <= 0 {
		c.Chunk = 100
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Breakers are those of a backend: one for each server that it is on, none if it always
// can be reached.
func Breakers(backend *stores.Backend) (breakers reactor.Breakers) {
	if backend.Unavailable == nil {
		return breakers
	}
	breaker := func(name, where string) *reactor.Breaker {
		if where != "" {
			name += " at " + where
		}
		return reactor.NewBreaker(name, backend.Unavailable)
	}
	store := breaker("the store", backend.Servers.Leader)
	breakers = reactor.Breakers{Leader: store, Reads: store, Checkpoints: store}
	if backend.ReadsApart {
		breakers.Reads = breaker("the server for reading", backend.Servers.Reads)
	}
	if backend.CheckpointsApart {
		breakers.Checkpoints = breaker("the server for checkpoints", backend.Servers.Checkpoints)
	}
	return breakers
}

// Start starts the reactor on a backend, which must stay open until Wait has
// returned. It runs until Stop is called or ctx ends. The error is about the
// configuration; whatever goes wrong later is returned by Wait.
func Start(ctx context.Context, backend *stores.Backend, config Config) (*reactor.Running, error) {
	if config.Cache == nil {
		config.Cache = es.NewCache(0, 0)
	}
	options := es.Options{
		Cache:         config.Cache,
		Counts:        config.Counts,
		Now:           config.Now,
		SnapshotEvery: config.SnapshotEvery,
		Skipped: func(stream es.StreamName, index es.Version, eventType string) {
			if observer := config.Reactor.Observer; observer != nil {
				observer.Observe(reactor.EventSkipped{Stream: stream, Index: index, Type: eventType})
			}
		},
	}
	if config.Reactor.Breakers == (reactor.Breakers{}) {
		config.Reactor.Breakers = Breakers(backend)
	}
	events := config.Reactor.Breakers.Store(backend.Events)
	if config.MergesAtOnce <= 0 {
		config.MergesAtOnce = backend.CallsAtOnce
	}
	config.Reactor.VersionsDo = true // what the feed delivers only saves reads
	groups, stays := groupcheckout.NewService(events, options), gueststay.NewService(events, options)
	return reactor.Start(ctx, backend.Source, backend.Checkpoints, NewProcess(groups, stays, config), config.Reactor)
}
