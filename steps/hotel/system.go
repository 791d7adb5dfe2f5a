package hotel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// System is the hotel with its production wiring.
func System() harness.System {
	return harness.System{
		Categories: checkout.Categories(),
		Start: func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
			started, err := checkout.Start(ctx, backend, checkout.Config{Reactor: config, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				return nil, err // not a nil *reactor.Running in an interface
			}
			return started, nil
		},
		Audit: books,
		// A payment, say, wakes the reactor too, but stays are merged because they were selected.
		Leads:   func(eventType string) bool { return eventType == "StaysSelected" },
		Text:    newTexts().of,
		Program: &harness.Program{Package: "example.com/groupcheckout/cmd/reactor", Command: command},
	}
}

// command is how the reactor's program follows a store as quickly as a scenario
// wants it.
func command(target harness.Target, group string) (args, env []string) {
	args = []string{"run", "--processor-name", group, "--log-format", "json", "--listen", "127.0.0.1:0", "--checkpoint-interval", "1s", "--lease", "2s"}
	if target.Store == "messagedb" {
		return append(args, "mdb", "--tail-sleep", "5"),
			[]string{"MDB_CONNECTION_STRING=" + target.Connection, "MDB_SCHEMA=" + target.CheckpointSchema}
	}
	return append(args, "dynamo", "--tail-sleep", "50"), []string{
		"EQUINOX_DYNAMO_SERVICE_URL=" + target.ServiceURL,
		"EQUINOX_DYNAMO_ACCESS_KEY_ID=" + target.AccessKeyID,
		"EQUINOX_DYNAMO_SECRET_ACCESS_KEY=" + target.SecretAccessKey,
		"EQUINOX_DYNAMO_TABLE=" + target.Table,
	}
}

// ViolationsError says that the books do not balance.
type ViolationsError struct{ Violations []audit.Violation }

func (e *ViolationsError) Error() string {
	errs := make([]error, len(e.Violations))
	for i, v := range e.Violations {
		errs[i] = errors.New(v.String())
	}
	return "the books do not balance: " + errors.Join(errs...).Error() // the first in the line that summaries show
}

// readsAtOnce is how many streams are read side by side.
const readsAtOnce = 16

// books proves the books of the stays and groups that scenarios have left behind,
// with what the feed delivers of them and where the reactor's checkpoints lie. It
// returns a [*ViolationsError] if they do not balance.
func books(ctx context.Context, left harness.Left) error {
	books := audit.NewBooks()
	if err := left.Deliveries(ctx, func(stream es.StreamName, event es.Event) {
		if told := event.Time.IsZero() && len(event.Data) == 0; !told {
			books.Add(stream, event)
		}
	}); err != nil {
		return err
	}
	if err := load(ctx, books, left); err != nil {
		return err
	}
	for _, stream := range books.Unfinished() {
		group, below, err := left.Passed(ctx, stream)
		if err != nil {
			return err
		}
		books.Passed(group, stream, below)
	}
	if err := books.Settle(ctx, left.Reader); err != nil {
		return fmt.Errorf("look again at what is in doubt: %w", err)
	}
	if found := books.Violations(); len(found) > 0 {
		return &ViolationsError{found}
	}
	return nil
}

// load enters what the feed has not delivered, or not yet.
func load(ctx context.Context, books *audit.Books, left harness.Left) error {
	from, read := make([]es.Version, len(left.Streams)), make([][]es.Event, len(left.Streams))
	for i, stream := range left.Streams {
		from[i] = books.Version(stream)
	}
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	for i, stream := range left.Streams {
		reads.Go(func() (err error) {
			read[i], err = left.Reader.Read(ctx, stream, from[i], es.FromLeader)
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return err
	}
	for i, stream := range left.Streams {
		for _, event := range read[i] {
			books.Add(stream, event)
		}
	}
	return nil
}
