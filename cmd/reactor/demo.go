package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/terminal"
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
	Quiet      bool   `help:"Show no story and no progress, only what came of it."`
	Fast       bool   `help:"Tell the story at once. So it is too where there is no terminal."`
	Listen     string `placeholder:"ADDRESS" help:"Show a hotel at work in a browser, at this address, until you end it: :8080 is this machine alone. Its clerks are slow enough to be watched, and the reactor can be killed and started."`
	jsonFlag
	logFlags
}

// Help is the text behind the summary.
func (*demoCommand) Help() string {
	return `First it tells of one group, event by event; then the crowd comes. Guests arrive and run up bills; clerks select the stays of whole groups, wait for the reactor to merge them, take the payment and confirm. Some guests have left already, some stays are unknown, some are wanted by two groups. At the end everything is read back from the store and audited: each bill has to have been moved once, and what was paid has to be what was moved. If the books do not balance the exit status is 3.

On a Message DB or a DynamoDB the streams that it writes stay there. Its reactor works in a consumer group of its own, from the end of the feed on, with checkpoints in memory, so no table is needed or written for them; on DynamoDB, whose tables "reactor init dynamo" creates, it runs an indexer too. It also works on whatever else happens to group checkouts meanwhile, as any reactor does: do not point it at a hotel that is open.`
}

// storyPace is what eyes need for a line.
const storyPace = 650 * time.Millisecond

// Run runs the demo and prints what came of it.
func (c *demoCommand) Run(ctx context.Context, s streams) error {
	if err := cmp.Or(
		between("--groups", c.Groups, 1, demo.MaxSize), between("--stays", c.Stays, 1, demo.MaxSize), between("--clerks", c.Clerks, 1, demo.MaxSize),
	); err != nil {
		return err
	}
	if s.json { // by the environment or the file: its own flags come from neither
		c.LogFormat = asJSON
	}
	log := c.logger(s.err, slog.LevelWarn)
	store, err := address.Open(ctx, c.Store, address.Options{Categories: checkout.Categories(), RequireTLS: c.RequireTLS, Log: log})
	if err != nil {
		return err
	}
	defer store.Close()
	store.Checkpoints = memory.NewCheckpoints()

	if c.Listen != "" {
		return c.serve(ctx, s, store, demo.Config{Seed: c.Seed, Log: log, Observer: monitor.NewLog(log)})
	}
	progress := newProgress(s, c.Quiet)
	running, stop := context.WithCancel(ctx)
	defer stop()
	indexing := indexBeside(running, store, stop)
	config := demo.Config{
		Groups: c.Groups, Stays: c.Stays, Clerks: c.Clerks, Seed: c.Seed,
		Progress: progress.show, Log: log, Observer: monitor.NewLog(log),
	}
	if !c.Quiet && !c.JSON {
		narrator := &narrator{out: s.out, style: s.styles.out}
		if s.styles.out.Interactive() && !c.Fast {
			narrator.pace = storyPace
		}
		config.Story = narrator.tell
		progress.before = narrator.end
	}
	report, err := demo.Run(running, store.Backend, config)
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
	return errors.Join(err, c.print(s, store.Name, report, err == nil))
}

// storyWidth is how wide the lines of the story are in columns.
const storyWidth = 80

// narrator prints the story of one group.
type narrator struct {
	out   io.Writer
	style terminal.Style
	pace  time.Duration // what eyes need for a line; 0: none are expected
	begun bool
}

// tell prints what happened.
func (n *narrator) tell(ctx context.Context, h demo.Happening) {
	if !n.begun {
		n.begun = true
		fmt.Fprintf(n.out, "%s\n\n", n.style.Strong("One group, event by event"))
	}
	who, paint := "clerk", n.style.Faint
	if h.Reactor {
		who, paint = "reactor", n.style.Good
	}
	if n.style.Interactive() && n.style.Width < storyWidth {
		line := n.style.Wrap(who+" "+h.Subject+" "+h.Text, "    ")
		fmt.Fprintln(n.out, paint(who)+strings.TrimPrefix(line, who))
	} else {
		fmt.Fprintf(n.out, "  %s  %s  %s\n", paint(fmt.Sprintf("%-7s", who)), n.style.Strong(fmt.Sprintf("%-18s", h.Subject)), h.Text)
	}
	if n.pace > 0 {
		_ = pause.For(ctx, n.pace) // what ends it is told elsewhere
	}
}

// end leads over to the crowd.
func (n *narrator) end() {
	if n.begun {
		fmt.Fprintf(n.out, "\n%s\n\n", n.style.Strong("And now all at once"))
	}
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

// print prints a report.
func (c *demoCommand) print(s streams, store string, r demo.Report, balanced bool) error {
	if c.JSON {
		return printJSON(s.out, demoResultOf(r, store, c.Seed, balanced))
	}
	out, style := s.out, s.styles.out
	fmt.Fprintf(out, "%s\n\n", style.Wrap(fmt.Sprintf("%s of %s, %s, seed %d, store %s",
		countOf(c.Groups, "group"), countOf(c.Stays, "stay"), countOf(c.Clerks, "clerk"), c.Seed, store), ""))
	var figures terminal.Figures
	count := func(n int, label string) { figures.Add(plural.Thousands(n), labelled(n, label)) }
	count(r.Confirmed, "group{s} confirmed of "+plural.Thousands(r.Groups))
	count(r.Merged, "stay{s} merged")
	count(r.FailedInAll(), "stay{s} not merged")
	for _, reason := range domain.WhyNots() {
		count(r.Failed[reason], "    "+reason.String())
	}
	figures.Add(terminal.Grouped(r.Moved.String()), "money moved from stays to groups")
	figures.Add(terminal.Grouped(r.Paid.String()), "money paid for groups")
	count(r.HandlerCalls, "handler call{s}"+failures(r.HandlerFailures))
	if len(r.Reactions) == 0 {
		figures.Add("", "no reaction was measured, as where another reactor handles the groups")
	} else {
		figures.Add(round(r.Reaction(0.5)).String(), "reaction, median (from the selection to the record of the last outcome)")
		figures.Add(round(r.Reaction(0.95)).String(), "reaction, 95th percentile")
		figures.Add(round(r.Reaction(1)).String(), "reaction, longest")
	}
	count(r.EventsWritten, "event{s} written")
	figures.Add(round(r.Elapsed).String(), "elapsed")
	err := figures.Write(out, style)
	if balanced {
		const verdict = "The books balance."
		line := style.Wrap(verdict+" What was owed was moved, and what was moved was paid.", "")
		_, last := fmt.Fprintf(out, "\n%s\n", style.Strong(style.Good(verdict))+strings.TrimPrefix(line, verdict))
		err = errors.Join(err, last)
	}
	return err
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
