// Package app wires up the reactor of the group checkout: process manager,
// services, cache, feed reader, scheduler and checkpoints. The binary and every
// harness call the one function, [Start], and differ only in the backend and
// the values that they hand it.
package app

import (
	"context"
	"errors"
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

// App is a reactor that was started.
type App struct {
	reactor *reactor.Reactor
	stop    context.CancelFunc
	done    chan struct{}
	err     error // once done is closed
}

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
	r, err := reactor.New(backend.Source, backend.Checkpoints, process, config.Reactor)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	app := &App{reactor: r, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(app.done)
		defer stop()
		app.err = r.Run(ctx)
	}()
	return app, nil
}

// Stop asks the reactor to stop in an orderly way and does not wait for it.
// Stopping twice is fine.
func (a *App) Stop() { a.stop() }

// Done is closed once the reactor is over.
func (a *App) Done() <-chan struct{} { return a.done }

// Wait waits until the reactor is over and returns why, nil after an orderly
// stop. If ctx ends first it returns ctx's error and the reactor goes on.
func (a *App) Wait(ctx context.Context) error {
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status is what the reactor is at.
func (a *App) Status(ctx context.Context) (reactor.Status, error) {
	status, err := a.reactor.Status(ctx)
	if errors.Is(err, reactor.ErrNotRunning) {
		<-a.done
		return status, errors.Join(err, a.err)
	}
	return status, err
}
