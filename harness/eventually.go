package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onsi/gomega"

	"groupcheckout/reactor/app"
)

// eventualLimit is how long a check may fail after the reactor has handled
// everything, on a store that is not exact.
const eventualLimit = 5 * time.Second

// Eventually implements steps.World.
func (w *World) Eventually(ctx context.Context, check func(context.Context) error) error {
	if err := w.await(ctx); err != nil {
		return err
	}
	if w.harness.exact {
		return check(ctx)
	}
	tries := 0
	var failure error
	g := gomega.NewGomega(func(message string, _ ...int) { failure = errors.New(message) })
	var last error
	g.Eventually(func() error {
		tries++
		last = check(ctx)
		return last
	}).WithContext(ctx).WithTimeout(eventualLimit).WithPolling(10 * time.Millisecond).Should(gomega.Succeed())
	w.harness.countRetries(tries - 1)
	if failure == nil {
		return nil
	}
	if last != nil {
		failure = last
	}
	return fmt.Errorf("after %d tries in %v: %w", tries, eventualLimit, failure)
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
