// Package app wires up the reactor of the group checkout: process manager,
// services, cache, feed reader, scheduler and checkpoints. The binary and every
// harness call the one function, [Start], and differ only in the backend and
// the values that they hand it.
package app

import (
	"context"
	"log/slog"
	"time"

	"groupcheckout/domain/es"
	"groupcheckout/domain/groupcheckout"
	"groupcheckout/domain/gueststay"
	"groupcheckout/reactor"
	"groupcheckout/reactor/checkout"
	"groupcheckout/stores"
)

// Categories are those whose changes the reactor follows.
func Categories() []string { return []string{groupcheckout.Category} }

// Config is how the reactor works. Reactor.Group is required; any other zero
// field means its default.
type Config struct {
	Reactor       reactor.Config
	Checkout      checkout.Config
	CacheSize     int           // states of streams kept between calls
	CacheLifetime time.Duration // how long an unused one is kept
	Attempts      int           // decisions before a conflict fails a call
	Log           *slog.Logger  // slog.Default
}

// App is the reactor of the group checkout, started.
type App struct{ *reactor.Running }

// Start starts the reactor on a backend, which must stay open until Wait has
// returned. It runs until Stop is called or ctx ends. The error is about the
// configuration; whatever goes wrong later is returned by Wait.
func Start(ctx context.Context, backend *stores.Backend, config Config) (*App, error) {
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Checkout.Log == nil {
		config.Checkout.Log = config.Log
	}
	options := es.Options{
		Cache:    es.NewCache(config.CacheSize, config.CacheLifetime),
		Attempts: config.Attempts,
		Now:      config.Checkout.Now,
		Skipped: func(stream es.StreamName, index es.Version, eventType string) {
			observer := config.Reactor.Observer
			if observer != nil {
				observer.Observe(reactor.EventSkipped{Stream: stream, Index: index, Type: eventType})
			}
		},
	}
	process := checkout.New(
		groupcheckout.NewService(backend.Events, options),
		gueststay.NewService(backend.Events, options),
		config.Checkout)
	running, err := reactor.Start(ctx, backend.Source, backend.Checkpoints, process, config.Reactor)
	if err != nil {
		return nil, err
	}
	return &App{running}, nil
}
