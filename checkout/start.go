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
	MergesAtOnce int              // transfers at the same time, within one group; 5
	Chunk        int              // outcomes in one append at the most; 100
	Now          func() time.Time // the time of transfers and events; time.Now
	Log          *slog.Logger     // slog.Default
}

func (c Config) withDefaults() Config {
	if c.MergesAtOnce <= 0 {
		c.MergesAtOnce = 5
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

// Start starts the reactor on a backend, which must stay open until Wait has
// returned. It runs until Stop is called or ctx ends. The error is about the
// configuration; whatever goes wrong later is returned by Wait.
func Start(ctx context.Context, backend *stores.Backend, config Config) (*reactor.Running, error) {
	options := es.Options{
		Cache: es.NewCache(0, 0),
		Now:   config.Now,
		Skipped: func(stream es.StreamName, index es.Version, eventType string) {
			if observer := config.Reactor.Observer; observer != nil {
				observer.Observe(reactor.EventSkipped{Stream: stream, Index: index, Type: eventType})
			}
		},
	}
	groups, stays := groupcheckout.NewService(backend.Events, options), gueststay.NewService(backend.Events, options)
	return reactor.Start(ctx, backend.Source, backend.Checkpoints, NewProcess(groups, stays, config), config.Reactor)
}
