package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"groupcheckout/reactor/app"
)

// How a check is made again on a store that is not exact: at first after a
// short pause, then after longer ones, for as long as the limit.
const (
	eventualLimit      = 5 * time.Second
	eventualFirstPause = 5 * time.Millisecond
	eventualMostPause  = 250 * time.Millisecond
)

// Eventually implements steps.World.
func (w *World) Eventually(ctx context.Context, check func(context.Context) error) error {
	if err := w.await(ctx); err != nil {
		return err
	}
	if w.harness.exact {
		return check(ctx)
	}
	return w.insist(ctx, check)
}

// insist makes a check again until it holds.
func (w *World) insist(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, eventualLimit, fmt.Errorf("it did not hold within %v", eventualLimit))
	defer cancel()
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = eventualFirstPause, eventualMostPause
	tries := 0
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		tries++
		last = check(ctx)
		return struct{}{}, last
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(0))
	w.harness.countRetries(tries - 1)
	if err == nil {
		return nil
	}
	return fmt.Errorf("after %d tries: %w", tries, errors.Join(last, context.Cause(ctx)))
}

// statusLimit is how long a running reactor may take to say what it is at.
const statusLimit = time.Second

// troubles describes, for a failure's message, which streams the reactor has
// trouble with.
func (w *World) troubles(running *app.App) string {
	ctx, cancel := context.WithTimeout(context.Background(), statusLimit)
	defer cancel()
	status, err := running.Status(ctx)
	if err != nil {
		return fmt.Sprintf("; the reactor does not answer: %v", err)
	}
	text := ""
	for _, trouble := range status.Troubled {
		text += fmt.Sprintf("; %s has failed %d times: %s", trouble.Stream, trouble.Attempts, trouble.Cause)
	}
	for _, tranche := range status.Tranches {
		text += fmt.Sprintf("; tranche %s is read to %d and completed to %d", tranche.Tranche, tranche.Read, tranche.Completed)
		if tranche.Error != "" {
			text += ", and reading fails: " + tranche.Error
		}
	}
	return text
}
