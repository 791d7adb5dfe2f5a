package run

import (
	"context"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// Starter makes [harness.System].Start of a function that starts a reactor of
// some type, such as the [*reactor.Running] of reactor.Start.
func Starter[R harness.Reactor](start func(context.Context, *stores.Backend, reactor.Config) (R, error)) func(context.Context, *stores.Backend, reactor.Config) (harness.Reactor, error) {
	return func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
		started, err := start(ctx, backend, config)
		if err != nil {
			return nil, err // and not a nil R, which is no nil Reactor
		}
		return started, nil
	}
}
