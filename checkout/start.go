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

// Config is how the reactor works. Reactor.Group is required; any other zero
// field means its default.
type Config struct {
	Reactor       reactor.Config
	Process       ProcessConfig
	CacheSize     int           // states of streams kept between calls
	CacheLifetime time.Duration // how long an unused one is kept
	Attempts      int           // decisions before a conflict fails a call
	Log           *slog.Logger  // slog.Default
}

// Start starts the reactor on a backend, which must stay open until Wait has
// returned. It runs until Stop is called or ctx ends. The error is about the
// configuration; whatever goes wrong later is returned by Wait.
func Start(ctx context.Context, backend *stores.Backend, config Config) (*reactor.Running, error) {
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Process.Log == nil {
		config.Process.Log = config.Log
	}
	options := es.Options{
		Cache:    es.NewCache(config.CacheSize, config.CacheLifetime),
		Attempts: config.Attempts,
		Now:      config.Process.Now,
		Skipped: func(stream es.StreamName, index es.Version, eventType string) {
			observer := config.Reactor.Observer
			if observer != nil {
				observer.Observe(reactor.EventSkipped{Stream: stream, Index: index, Type: eventType})
			}
		},
	}
	process := New(
		groupcheckout.NewService(backend.Events, options),
		gueststay.NewService(backend.Events, options),
		config.Process)
	return reactor.Start(ctx, backend.Source, backend.Checkpoints, process, config.Reactor)
}
