package reactor

import (
	"context"
	"errors"

	"example.com/groupcheckout/reactor/feed"
)

// Running is a reactor that was started. Calls may overlap.
type Running struct {
	reactor *Reactor
	stop    context.CancelFunc
	done    chan struct{}
	err     error // once done is closed
}

// Start makes a reactor as [New] does, and runs it in a goroutine of its own
// until Stop is called or ctx ends. The error is about the configuration;
// whatever goes wrong later is returned by Wait. What the source, the checkpoints
// and the handler stand on must stay open until Done is closed.
func Start(ctx context.Context, source feed.Source, checkpoints feed.Checkpoints, handler Handler, config Config) (*Running, error) {
	made, err := New(source, checkpoints, handler, config)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	r := &Running{reactor: made, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		defer stop()
		r.err = made.Run(ctx)
	}()
	return r, nil
}

// Stop asks the reactor to stop in an orderly way and does not wait for it.
// Stopping twice is fine.
func (r *Running) Stop() { r.stop() }

// Done is closed once the reactor is over.
func (r *Running) Done() <-chan struct{} { return r.done }

// Wait waits until the reactor is over and returns why, nil after an orderly
// stop. If ctx ends first it returns ctx's error and the reactor goes on.
func (r *Running) Wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status is what the reactor is at. Once it is over the error is
// [ErrNotRunning], joined with what Wait returns.
func (r *Running) Status(ctx context.Context) (Status, error) {
	status, err := r.reactor.Status(ctx)
	if errors.Is(err, ErrNotRunning) {
		<-r.done
		return status, errors.Join(err, r.err)
	}
	return status, err
}
