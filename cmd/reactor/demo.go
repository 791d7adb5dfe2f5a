package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/reactor/monitor"
	"example.com/groupcheckout/stores/address"
	"example.com/groupcheckout/stores/memory"
)

// demoCommand is reactor demo.
type demoCommand struct {
	Groups     int    `default:"200" placeholder:"N" help:"Group checkouts. Default ${default}."`
	Stays      int    `default:"6" placeholder:"N" help:"Stays that each group selects. Default ${default}."`
	Clerks     int    `default:"8" placeholder:"N" help:"Clerks who work at once. Default ${default}."`
	Seed       uint64 `default:"1" placeholder:"N" help:"The same seed gives the same amounts and the same number of each outcome. Default ${default}."`
	Store      string `secret:"" default:"memory:" placeholder:"URL" help:"memory:, a Message DB as postgres://user@host:5432/message_store, or a DynamoDB as dynamodb://region/table or dynamodb+http://key:secret@host:port/table. Default ${default}"`
	RequireTLS bool   `name:"require-tls" help:"Refuse a store on another machine that is not spoken to with TLS."`
	Quiet      bool   `help:"Show no progress."`
	logFlags
}

// Help is the text behind the summary.
func (*demoCommand) Help() string {
	return `Guests arrive and run up bills; clerks select the stays of whole groups, wait for the reactor to merge them, take the payment and confirm. Some guests have left already, some stays are unknown, some are wanted by two groups. At the end everything is read back from the store and audited: each bill has to have been moved once, and what was paid has to be what was moved. If the books do not balance the exit status is 3.

On a Message DB or a DynamoDB the streams that it writes stay there. Its reactor works in a consumer group of its own, from the end of the feed on, with checkpoints in memory, so no table is needed or written for them; on DynamoDB, whose tables "reactor init dynamo" creates, it runs an indexer too. It also works on whatever else happens to group checkouts meanwhile, as any reactor does: do not point it at a hotel that is open.`
}

// Run runs the demo and prints what came of it.
func (c *demoCommand) Run(ctx context.Context, s streams) error {
	if err := cmp.Or(
		between("--groups", c.Groups, 1, demo.MaxSize), between("--stays", c.Stays, 1, demo.MaxSize), between("--clerks", c.Clerks, 1, demo.MaxSize),
	); err != nil {
		return err
	}
	log := c.logger(s.err, slog.LevelWarn)
	store, err := address.Open(ctx, c.Store, address.Options{Categories: checkout.Categories(), RequireTLS: c.RequireTLS, Log: log})
	if err != nil {
		return err
	}
	defer store.Close()
	store.Checkpoints = memory.NewCheckpoints()

	progress := newProgress(s.err, c.Quiet)
	running, stop := context.WithCancel(ctx)
	defer stop()
	indexing := indexBeside(running, store, stop)
	report, err := demo.Run(running, store.Backend, demo.Config{
		Groups: c.Groups, Stays: c.Stays, Clerks: c.Clerks, Seed: c.Seed,
		Progress: progress.show, Log: log, Observer: monitor.NewLog(log),
	})
	progress.end()
	stop()
	if err := <-indexing; err != nil {
		return err
	}
	var unbalanced *audit.UnbalancedError
	if err != nil && !errors.As(err, &unbalanced) {
		if ctx.Err() != nil {
			return errors.New("the demo was interrupted before the audit")
		}
		return err
	}
	return errors.Join(err, printReport(s.out, c, store.Name, report))
}

// indexBeside runs the store's indexer, if it needs one, until ctx ends. If it
// fails, stop is called. Its error, or nil, comes when it is over.
func indexBeside(ctx context.Context, store *address.Store, stop func()) <-chan error {
	over := make(chan error, 1)
	if store.Indexer == nil {
		over <- nil
		return over
	}
	go func() {
		defer stop()
		over <- store.Indexer.Run(ctx)
	}()
	return over
}

// printReport prints a report as a table.
func printReport(out io.Writer, c *demoCommand, store string, r demo.Report) error {
	fmt.Fprintf(out, "%d groups of %d stays, %d clerks, seed %d, store %s\n\n", c.Groups, c.Stays, c.Clerks, c.Seed, store)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(label string, value any, note string) {
		fmt.Fprintf(table, "%v\t  %s%s\n", value, label, note)
	}
	row("groups confirmed", r.Confirmed, fmt.Sprintf(" of %d", r.Groups))
	row("stays merged", r.Merged, "")
	row("stays not merged", r.FailedInAll(), "")
	for _, reason := range domain.WhyNots() {
		row("    "+reason.String(), r.Failed[reason], "")
	}
	row("money moved from stays to groups", r.Moved, "")
	row("money paid for groups", r.Paid, "")
	row("handler calls", r.HandlerCalls, failures(r.HandlerFailures))
	row("reaction, median", round(r.Reaction(0.5)), " (from the selection to the record of the last outcome)")
	row("reaction, 95th percentile", round(r.Reaction(0.95)), "")
	row("reaction, longest", round(r.Reaction(1)), "")
	row("events written", r.EventsWritten, "")
	row("elapsed", round(r.Elapsed), "")
	return table.Flush()
}

func failures(n int) string {
	if n == 0 {
		return ", none failed"
	}
	return fmt.Sprintf(", %d failed and were repeated", n)
}

// round keeps three digits or so.
func round(d time.Duration) time.Duration {
	for unit := time.Second; unit > time.Microsecond; unit /= 10 {
		if d >= 10*unit {
			return d.Round(unit / 10)
		}
	}
	return d.Round(time.Microsecond)
}
