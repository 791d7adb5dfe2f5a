package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/stores"
)

// auditCommand is reactor audit.
type auditCommand struct {
	ProcessorName []string    `short:"g" aliases:"processorname" sep:"none" placeholder:"NAME" help:"A consumer group whose checkpoints are audited too; may be given more than once."`
	Quiet         bool        `once:"" help:"Show no progress."`
	Mdb           auditMdb    `cmd:"" help:"Of a Message DB."`
	Dynamo        auditDynamo `cmd:"" help:"Of a DynamoDB."`
}

// Help is the text behind the summary.
func (*auditCommand) Help() string {
	return `Reads every stay and every group checkout of a store and proves that the books balance:

 - every transfer has one residual in its group, of the same amount, and the reverse;
 - every residual is what was charged minus what was paid before it;
 - the selected stays of a group are merged, failed or pending, each one of these;
 - what is checked out or confirmed owes nothing, and nothing is booked twice;
 - nothing follows the event that closes a stream;
 - the events of a stream are numbered without a gap, and can be read;
 - on DynamoDB, the index has all events of each stream, and no others;
 - no checkpoint of the consumer groups that are named lies behind pending work.

Prints what the books come to and every violation, with the streams and events that prove it. It writes nothing, and may run while clerks and reactors work: a transfer that its group has not recorded yet is in flight and no violation, and what looks wrong is read again before it is called so.

Exit status: 0 the books balance; 1 an argument or the configuration is wrong; 2 the audit could not be finished; 3 there are violations.`
}

// auditMdb is reactor audit mdb.
type auditMdb struct {
	mdbServer
	ReadConnection string `secret:"" also:"-r" aliases:"readconnectionstring" variable:"MDB_CONNECTION_STRING_READ" placeholder:"STRING" help:"The server to read the feed from, which may be a replica. What is in doubt is read from the other one. As --connection unless given."`
	BatchSize      int    `short:"b" aliases:"batchsize" default:"1000" placeholder:"EVENTS" help:"Events to read at once. Default ${default}."`
}

// Help is the text behind the summary.
func (*auditMdb) Help() string {
	return `Reads the categories GroupCheckout and GuestStay, each from its beginning up to where it ended when its turn came. The checkpoint schema is needed only with --processor-name.
` + mdbHelp
}

// Run audits the store.
func (c *auditMdb) Run(ctx context.Context, s streams, common *auditCommand) error {
	if len(common.ProcessorName) == 0 && c.CheckpointSchema == "" {
		c.CheckpointSchema = "public" // nothing is read from it
	}
	full := mdbStore{mdbServer: c.mdbServer, ReadConnection: c.ReadConnection, BatchSize: c.BatchSize, TailSleep: 1}
	if err := full.check(); err != nil {
		return err
	}
	return common.run(ctx, s, &full, nil)
}

// violationsError says that the books do not balance. The output has named the
// violations.
type violationsError struct{ count int }

func (e *violationsError) Error() string {
	return fmt.Sprintf("the books do not balance: %s named above", violations(e.count))
}

func violations(n int) string {
	if n == 1 {
		return "1 violation"
	}
	return fmt.Sprintf("%d violations", n)
}

// run audits a store and prints what came of it.
func (c *auditCommand) run(ctx context.Context, s streams, store openable, all func() whole) error {
	if slices.Contains(c.ProcessorName, "") {
		return errNoGroup()
	}
	backend, err := store.open(ctx, slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn})), auditedCategories())
	if err != nil {
		return err
	}
	defer backend.Close()
	progress := &auditProgress{out: s.err, every: progressInterval, last: time.Now()}
	if c.Quiet {
		progress.out = io.Discard
	}
	if all == nil {
		all = func() whole { return nil }
	}
	return c.audit(ctx, backend.Backend, all(), s.out, progress)
}

func (c *auditCommand) audit(ctx context.Context, backend *stores.Backend, all whole, out io.Writer, progress *auditProgress) error {
	audited, strangers, err := auditStore(ctx, backend, all, c.ProcessorName, progress.show)
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("the audit was interrupted")
	case err != nil:
		return err
	}
	count, lines := audited.verdict()
	if err := printBooks(out, audited.books.Summary(), count, lines); err != nil {
		return err
	}
	for _, name := range strangers {
		fmt.Fprintf(out, "\nThe consumer group %q has no checkpoint here: is the name right?\n", name)
	}
	if count > 0 {
		return &violationsError{count}
	}
	return nil
}

// verdict is how many violations there are, and lines that name them.
func (a *storeAudit) verdict() (count int, lines []string) {
	for _, v := range a.books.Violations() {
		lines = append(lines, v.String())
	}
	found, more := a.found.lines()
	return len(lines) + found, append(lines, more...)
}

// printBooks prints a summary as a table, and the lines that name violations.
func printBooks(out io.Writer, s audit.Summary, count int, violated []string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(value any, label string) { fmt.Fprintf(table, "%v\t  %s\n", value, label) }
	row(s.Stays, "stays")
	row(s.Groups, "group checkouts")
	row(s.Confirmed, "    confirmed")
	row(s.Merged, "stays merged")
	row(s.Failed, "stays not merged")
	row(s.Pending, "stays pending")
	row(s.InFlight, "    in flight: transferred, and not recorded yet")
	row(s.Moved, "money moved from stays to groups")
	row(s.MovedInFlight, "money in flight")
	row(s.Paid, "money paid for groups")
	row(s.Events, "events")
	row(s.Unknown, "    of unknown types, skipped")
	row(s.Foreign, "events of streams that are no stay's and no group's, skipped")
	if err := table.Flush(); err != nil {
		return err
	}
	verdict := "The books balance."
	if count > 0 {
		verdict = violations(count) + ":"
	}
	lines := append([]string{"", verdict}, violated...)
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

// progressInterval is how often the progress of an audit is told at the most.
const progressInterval = 5 * time.Second

// auditProgress tells how far an audit is, once it takes long.
type auditProgress struct {
	out   io.Writer
	every time.Duration
	last  time.Time
}

func (p *auditProgress) show(w walked) {
	if time.Since(p.last) < p.every {
		return
	}
	p.last = time.Now()
	if w.end == 0 {
		fmt.Fprintf(p.out, "%d events of %d streams read\n", w.events, w.at)
		return
	}
	fmt.Fprintf(p.out, "%s: at %d of %d; %d events read\n", w.tranche, w.at, w.end, w.events)
}
