package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/terminal"
	"example.com/groupcheckout/stores"
)

// auditCommand is reactor audit.
type auditCommand struct {
	ProcessorName []string `short:"g" aliases:"processorname" sep:"none" placeholder:"NAME" help:"A consumer group whose checkpoints are audited too; may be given more than once."`
	Quiet         bool     `once:"" help:"Show no progress."`
	jsonFlag

	somewhere bool // nobody has said where the checkpoints are; no flag

	Mdb    auditMdb    `cmd:"" help:"Of a Message DB."`
	Dynamo auditDynamo `cmd:"" help:"Of a DynamoDB."`
}

// Help is the text behind the summary.
func (*auditCommand) Help() string {
	return `Reads all stays and group checkouts of a store, on Message DB by its feed and on DynamoDB by a scan of the table, and proves that the books balance:

 - every transfer has one residual in its group, of the same amount, and the reverse;
 - every residual is what was charged minus what was paid before it;
 - the selected stays of a group are merged, failed or pending, each one of these;
 - what is checked out or confirmed owes nothing, and nothing is booked twice;
 - nothing follows the event that closes a stream;
 - the events of a stream are numbered without a gap, and can be read;
 - on DynamoDB, the index has all events of each stream, and no others;
 - no checkpoint of the consumer groups that are named lies beyond pending work.

Prints what the books come to, the streams that these consumer groups have set aside (without a name all groups, on Message DB), and every violation, with the streams and events that prove it. It writes nothing, and may run while clerks and reactors work: a transfer that its group has not recorded yet is in flight and no violation, and what looks wrong is read again before it is called so.

Exit status: 0 the books balance; 1 an argument or the configuration is wrong; 2 the audit could not be finished; 3 there are violations.`
}

// auditMdb is reactor audit mdb.
type auditMdb struct {
	mdbServer
	ReadConnection string `secret:"" also:"-r" aliases:"readconnectionstring" variable:"MDB_CONNECTION_STRING_READ" placeholder:"STRING" without:"as --connection" help:"The server to read the feed from, which may be a replica. What is in doubt is read from the other one. As --connection unless given."`
	BatchSize      int    `short:"b" aliases:"batchsize" default:"1000" placeholder:"EVENTS" help:"Events to read at once. Default ${default}."`
}

// Help is the text behind the summary.
func (*auditMdb) Help() string {
	return `Reads the categories GroupCheckout and GuestStay, each from its beginning up to where it ended when its turn came. The checkpoint schema is needed only with --processor-name, and to see which streams are set aside.
` + mdbHelp
}

// Run audits the store.
func (c *auditMdb) Run(ctx context.Context, s streams, common *auditCommand) error {
	if len(common.ProcessorName) == 0 && c.CheckpointSchema == "" {
		c.CheckpointSchema, common.somewhere = "public", true // nothing is read from it
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
	return plural.Thousands(n) + " violations"
}

// run audits a store and prints what came of it.
func (c *auditCommand) run(ctx context.Context, s streams, store openable, all func() whole) error {
	if slices.Contains(c.ProcessorName, "") {
		return errNoGroup()
	}
	backend, err := store.open(ctx, s.logger(slog.LevelWarn), auditedCategories())
	if err != nil {
		return err
	}
	defer backend.Close()
	progress := &auditProgress{}
	if !c.Quiet {
		progress = &auditProgress{note: s.note, every: progressInterval, last: time.Now()}
	}
	if all == nil {
		all = func() whole { return nil }
	}
	return c.audit(ctx, backend.Backend, all(), s, progress)
}

func (c *auditCommand) audit(ctx context.Context, backend *stores.Backend, all whole, s streams, progress *auditProgress) error {
	if c.somewhere { // so it is not looked at
		nowhere := *backend
		nowhere.Checkpoints = nil
		backend = &nowhere
	}
	audited, strangers, err := auditStore(ctx, backend, all, c.ProcessorName, progress.show)
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("the audit was interrupted")
	case err != nil:
		return err
	}
	if c.somewhere {
		audited.aside, audited.unseen = nil, "say with --checkpoint-schema where that is kept"
	}
	result := auditResultOf(audited.books.Summary())
	result.Violations, result.InAll = audited.violations()
	result.Strangers = append(result.Strangers, strangers...)
	result.Aside = append(result.Aside, audited.aside...)
	result.AsideSeen = audited.unseen == ""
	result.Balanced = result.InAll == 0
	if c.JSON {
		err = printJSON(s.out, result)
	} else {
		err = printBooks(s.out, s.styles.out, result, len(audited.found.lacking) > 0, audited.unseen)
	}
	if err == nil && !result.Balanced {
		return &violationsError{result.InAll}
	}
	return err
}

// violations are those that are listed, and how many there are in all.
func (a *storeAudit) violations() (listed []violationOf, inAll int) {
	listed = []violationOf{}
	for _, v := range a.books.Violations() {
		of := violationOf{Rule: string(v.Rule), Sentence: v.Sentence, Streams: []string{}}
		for _, place := range v.Places {
			of.Streams = append(of.Streams, place.Stream.String())
		}
		listed = append(listed, of)
	}
	found, more := a.found.violations()
	return append(listed, found...), len(listed) + more
}

// printBooks prints what the books come to, the violations, and what is to be said of them.
func printBooks(out io.Writer, style terminal.Style, r auditResult, lacking bool, unseen string) error {
	var figures terminal.Figures
	count := func(n int, label string) { figures.Add(plural.Thousands(n), labelled(n, label)) }
	money := func(amount, label string) { figures.Add(terminal.Grouped(amount), label) }
	count(r.Stays, "stay{s}")
	count(r.Groups, "group checkout{s}")
	count(r.Confirmed, "    confirmed")
	count(r.Merged, "stay{s} merged")
	count(r.Failed, "stay{s} not merged")
	count(r.Pending, "stay{s} pending")
	count(r.InFlight, "    in flight: transferred, and not recorded yet")
	money(r.Moved, "money moved from stays to groups")
	money(r.MovedInFlight, "money in flight")
	money(r.Paid, "money paid for groups")
	count(r.Events, "event{s}")
	count(r.Unknown, "    of unknown types, skipped")
	count(r.Foreign, "event{s} of streams that are no stay's and no group's, skipped")
	if err := figures.Write(out, style); err != nil {
		return err
	}
	var text strings.Builder
	switch {
	case r.Balanced && r.Events == 0:
		text.WriteString("\n" + style.Strong(style.Warning("There are no events in this store: is it the right one?")) + "\n")
	case r.Balanced:
		text.WriteString("\n" + style.Strong(style.Good("The books balance.")) + "\n")
	default:
		text.WriteString("\n" + style.Strong(style.Bad(violations(r.InAll)+":")) + "\n")
	}
	for _, v := range r.Violations {
		rule := v.Rule + ":"
		text.WriteString(style.Bad(rule) + strings.TrimPrefix(style.Wrap(rule+" "+v.Sentence, "    "), rule) + "\n")
	}
	if more := r.InAll - len(r.Violations); more > 0 {
		fmt.Fprintf(&text, "and %s more of the index\n", plural.Thousands(more))
	}
	if lacking {
		text.WriteString("\n" + style.Wrap(`Of what the index lacks no reactor is told. "reactor index dynamo --rebuild" brings it in.`, "") + "\n")
	}
	if len(r.Aside) > 0 {
		text.WriteString("\n" + style.Warning("Set aside, for a person to settle:") + "\n")
	}
	for _, of := range r.Aside {
		since := ""
		if of.Since != nil {
			since = " since " + of.Since.Format(time.RFC3339)
		}
		text.WriteString(style.Wrap(fmt.Sprintf("%s, of the consumer group %q%s: %s", of.Stream, of.Group, since, paragraph(errors.New(of.Cause))), "    ") + "\n")
	}
	if unseen != "" {
		text.WriteString("\n" + style.Wrap("Whether streams are set aside was not looked at: "+unseen+".", "") + "\n")
	}
	for _, name := range r.Strangers {
		text.WriteString("\n" + style.Wrap(fmt.Sprintf("The consumer group %q has no checkpoint here: is the name right?", name), "") + "\n")
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// progressInterval is how often the progress of an audit is told at the most.
const progressInterval = 5 * time.Second

// auditProgress tells how far an audit is, once it takes long.
type auditProgress struct {
	note  func(line string)
	every time.Duration
	last  time.Time
}

func (p *auditProgress) show(w walked) {
	if p.note == nil || time.Since(p.last) < p.every {
		return
	}
	p.last = time.Now()
	if w.end == 0 {
		p.note(fmt.Sprintf("%s events of %s streams read", plural.Thousands(w.events), plural.Thousands(w.at)))
		return
	}
	p.note(fmt.Sprintf("%s: at %s of %s; %s events read", w.tranche, plural.Thousands(w.at), plural.Thousands(w.end), plural.Thousands(w.events)))
}

// labelled fills {s} in: with nothing for one, with an s for more.
func labelled(n int, label string) string {
	if n == 1 {
		return strings.ReplaceAll(label, "{s}", "")
	}
	return strings.ReplaceAll(label, "{s}", "s")
}
