package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
)

// checkpointCommand is reactor checkpoint.
type checkpointCommand struct {
	ProcessorName string           `short:"g" aliases:"processorname" required:"" placeholder:"NAME" help:"The consumer group: the --processor-name of the reactor."`
	Tranche       string           `placeholder:"NAME" help:"The part of the feed, needed to set a position if there are several. Without it all are shown."`
	Position      *int64           `short:"p" placeholder:"POSITION" help:"Set the checkpoint to this position, from where the next start goes on. Without it nothing is changed."`
	Force         bool             `help:"Set a position beyond the end of the feed. A reactor refuses to start there, since it would pass over what is still to come."`
	Mdb           checkpointMdb    `cmd:"" help:"Of a Message DB."`
	Dynamo        checkpointDynamo `cmd:"" help:"Of a DynamoDB."`
}

// checkpointMdb is reactor checkpoint mdb.
type checkpointMdb struct {
	mdbServer
}

// checkpointHelp is the same for each store.
const checkpointHelp = `

A group whose work is divided into slots has a checkpoint for each, shown as NAME~0of3 and so on.

With --position it sets the checkpoint, of all slots, and prints the position before and after. Setting it back is harmless: what lies behind is handled again, and nothing is done twice. Setting it forward passes over what lies between, for good.

Stop the reactors of the group first: one that runs does not look at the checkpoint again, and overwrites it.
`

// Help is the text behind the summary.
func (*checkpointMdb) Help() string {
	return `Shows how far a consumer group has got: its checkpoint, the end of the feed, and the distance. A position counts all events of the store, not only those that the reactor follows, so a distance is not a number of events.` +
		checkpointHelp + mdbHelp
}

// Run shows or sets the checkpoint.
func (c *checkpointMdb) Run(ctx context.Context, s streams, common *checkpointCommand) error {
	return common.run(ctx, s, c)
}

// checkpointDynamo is reactor checkpoint dynamo.
type checkpointDynamo struct {
	dynamoTables
}

// Help is the text behind the summary.
func (*checkpointDynamo) Help() string {
	return `Shows how far a consumer group has got: its checkpoint, the end of the feed, and the distance. A position is the number of an epoch of the index times 1,000,000, plus a place within the epoch, so a distance is not a number of events. What is not indexed yet is not in the feed: "reactor index dynamo --status" tells how far the index is behind.` +
		checkpointHelp + dynamoHelp
}

// Run shows or sets the checkpoint.
func (c *checkpointDynamo) Run(ctx context.Context, s streams, common *checkpointCommand) error {
	return common.run(ctx, s, c)
}

// run shows or sets the checkpoint in a store.
func (c *checkpointCommand) run(ctx context.Context, s streams, store openable) error {
	if c.ProcessorName == "" {
		return errNoGroup()
	}
	backend, err := store.open(ctx, slog.New(slog.DiscardHandler), checkout.Categories())
	if err != nil {
		return err
	}
	defer backend.Close()
	return c.showOrSet(ctx, backend.Backend, s.out)
}

// place is where a group is on a tranche.
type place struct {
	key   feed.Key
	saved feed.Position
	known bool
	end   feed.Position
}

func (p place) checkpoint() string {
	if !p.known {
		return "none"
	}
	return fmt.Sprint(p.saved)
}

func (p place) behind() string {
	if p.saved > p.end {
		return fmt.Sprintf("%d beyond the end", p.saved-p.end)
	}
	return fmt.Sprint(p.end - p.saved)
}

func (c *checkpointCommand) showOrSet(ctx context.Context, backend *stores.Backend, out io.Writer) error {
	places, err := c.find(ctx, backend)
	if err != nil {
		return err
	}
	if c.Position == nil {
		return show(places, out)
	}
	tranches := map[feed.Tranche]bool{}
	for _, p := range places {
		tranches[p.key.Tranche] = true
	}
	if len(tranches) > 1 {
		return &usageError{fmt.Sprintf("the feed has %d tranches: say with --tranche which one to set", len(tranches))}
	}
	end, to := places[0].end, feed.Position(*c.Position)
	switch {
	case to < 0:
		return &usageError{fmt.Sprintf("--position cannot be %d: 0 is the beginning of the feed", to)}
	case to > end && !c.Force:
		return &usageError{fmt.Sprintf("--position %d is beyond the end of the feed, which is %d: a reactor would refuse to start there; use --force if it is meant so", to, end)}
	}
	for _, p := range places { // one for each slot
		if err := backend.Checkpoints.Save(ctx, p.key, to); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "group %q on tranche %q of %s: %s -> %d (the feed ends at %d)\n",
			p.key.Group, p.key.Tranche, p.key.Source, p.checkpoint(), to, p.end); err != nil {
			return err
		}
	}
	return nil
}

// find looks up the tranches that are asked for.
func (c *checkpointCommand) find(ctx context.Context, backend *stores.Backend) ([]place, error) {
	tranches, err := backend.Source.Tranches(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the tranches of the feed: %w", err)
	}
	slots, err := reactor.SlotCount(ctx, backend.Checkpoints, c.ProcessorName)
	if err != nil {
		return nil, err
	}
	var places []place
	for _, tranche := range tranches {
		if c.Tranche != "" && string(tranche) != c.Tranche {
			continue
		}
		end, err := backend.Source.End(ctx, tranche)
		if err != nil {
			return nil, err
		}
		for slot := range slots {
			p := place{key: feed.Key{Source: backend.Source.ID(), Tranche: tranche, Group: reactor.SlotGroup(c.ProcessorName, slot, slots)}, end: end}
			if p.saved, p.known, err = backend.Checkpoints.Load(ctx, p.key); err != nil {
				return nil, err
			}
			places = append(places, p)
		}
	}
	if len(places) == 0 {
		return nil, &usageError{fmt.Sprintf("there is no tranche %q; the feed has %q", c.Tranche, tranches)}
	}
	return places, nil
}

func show(places []place, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "group\tsource\ttranche\tcheckpoint\tend of feed\tbehind")
	unknown := false
	for _, p := range places {
		unknown = unknown || !p.known
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", p.key.Group, p.key.Source, p.key.Tranche, p.checkpoint(), p.end, p.behind())
	}
	if unknown {
		fmt.Fprintln(table, "\nWhere there is no checkpoint the group was never here, or it saved nothing yet: is the name right?")
	}
	return table.Flush()
}
