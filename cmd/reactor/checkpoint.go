package main

import (
	"context"
	"fmt"
	"log/slog"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/internal/terminal"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
)

// checkpointCommand is reactor checkpoint.
type checkpointCommand struct {
	ProcessorName string `short:"g" aliases:"processorname" required:"" placeholder:"NAME" help:"The consumer group: the --processor-name of the reactor."`
	Tranche       string `once:"" placeholder:"NAME" help:"The part of the feed, needed to set a position if there are several. Without it all are shown."`
	Position      *int64 `once:"" short:"p" placeholder:"POSITION" help:"Set the checkpoint to this position, from where the next start goes on. Without it nothing is changed."`
	Force         bool   `once:"" help:"Set a position beyond the end of the feed, where a reactor refuses to start since it would pass over what is still to come; or while a process works for the group, which overwrites it."`
	jsonFlag
	Mdb    checkpointMdb    `cmd:"" help:"Of a Message DB."`
	Dynamo checkpointDynamo `cmd:"" help:"Of a DynamoDB."`
}

// checkpointMdb is reactor checkpoint mdb.
type checkpointMdb struct {
	mdbServer
}

// checkpointHelp is the same for each store.
const checkpointHelp = `

A group whose work is divided into slots has a checkpoint for each, shown as NAME~0of3 and so on.

With --position it sets the checkpoint, of all slots, and prints the position before and after. Setting it back is harmless: what lies between is handled again, and nothing is done twice. Setting it forward passes over what lies between, for good.

The reactors of the group have to be stopped first: one that runs does not look at the checkpoint again, and would overwrite it. While one does, nothing is set. Of one on .NET nothing is known here.
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
	backend, err := store.open(ctx, s.logger(slog.LevelWarn), checkout.Categories())
	if err != nil {
		return err
	}
	defer backend.Close()
	return c.showOrSet(ctx, backend.Backend, s)
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

func (c *checkpointCommand) showOrSet(ctx context.Context, backend *stores.Backend, s streams) error {
	places, err := c.find(ctx, backend)
	if err != nil {
		return err
	}
	if c.Position == nil {
		return c.show(places, s)
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
	if !c.Force {
		if err := reactor.AtRest(ctx, backend.Checkpoints, c.ProcessorName); err != nil {
			return err
		}
	}
	var set checkpointResult
	for _, p := range places { // one for each slot
		if err := backend.Checkpoints.Save(ctx, p.key, to); err != nil {
			return err
		}
		of := placeResult(p)
		of.Before, of.Set, of.Checkpoint = of.Checkpoint, true, new(int64(to))
		set.Places = append(set.Places, of)
		if c.JSON {
			continue
		}
		if _, err := fmt.Fprintln(s.out, s.styles.out.Wrap(fmt.Sprintf("group %q on tranche %q of %s: %s -> %d (the feed ends at %d)",
			p.key.Group, p.key.Tranche, p.key.Source, p.checkpoint(), to, p.end), "    ")); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(s.out, set)
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

func (c *checkpointCommand) show(places []place, s streams) error {
	if c.JSON {
		result := checkpointResult{Places: []placeOf{}}
		for _, p := range places {
			result.Places = append(result.Places, placeResult(p))
		}
		return printJSON(s.out, result)
	}
	table := terminal.Table{Head: []string{"group", "source", "tranche", "checkpoint", "end of feed", "behind"}}
	unknown := false
	for _, p := range places {
		unknown = unknown || !p.known
		table.Rows = append(table.Rows, []string{p.key.Group, p.key.Source, string(p.key.Tranche), p.checkpoint(), fmt.Sprint(p.end), p.behind()})
	}
	if err := table.Write(s.out, s.styles.out); err != nil || !unknown {
		return err
	}
	_, err := fmt.Fprintln(s.out, "\n"+s.styles.out.Wrap("Where there is no checkpoint the group was never here, or it saved nothing yet: is the name right?", ""))
	return err
}
