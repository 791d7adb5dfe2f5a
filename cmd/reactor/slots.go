package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/terminal"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// slotsCommand is reactor slots.
type slotsCommand struct {
	ProcessorName string `short:"g" aliases:"processorname" required:"" placeholder:"NAME" help:"The consumer group: the --processor-name of the reactors."`
	ChangeTo      int    `once:"" placeholder:"NUMBER" help:"Divide the work into so many slots from now on. No process of the group may run."`
	jsonFlag
	Mdb    slotsMdb    `cmd:"" help:"Of a Message DB."`
	Dynamo slotsDynamo `cmd:"" help:"Of a DynamoDB."`
}

// Help is the text behind the summary.
func (*slotsCommand) Help() string {
	return `Processes with the same --processor-name divide their work into slots (reactor run --slots). This shows who holds which. The number of slots is kept with the checkpoints, and a process that is started with another one is refused. To change it, stop all processes of the group, change it here, and start them with the new number:

    reactor slots -g checkouts mdb -c "$DB" --cs public
    reactor slots -g checkouts --change-to 4 mdb -c "$DB" --cs public
    reactor run -g checkouts --slots 4 mdb -c "$DB" --cs public

Each new slot goes on at the lowest checkpoint of those before, so some work is done again, which is harmless, and none is left out. Before a .NET reactor takes over, change the number to 1.

A process counts as gone, and others take its slots, once it is silent for seven tenths of its --lease.`
}

type slotsMdb struct{ mdbServer }

// Run does it.
func (c *slotsMdb) Run(ctx context.Context, s streams, common *slotsCommand) error {
	return common.run(ctx, s, c)
}

type slotsDynamo struct{ dynamoTables }

// Run does it.
func (c *slotsDynamo) Run(ctx context.Context, s streams, common *slotsCommand) error {
	return common.run(ctx, s, c)
}

func (c *slotsCommand) run(ctx context.Context, s streams, store openable) error {
	if c.ProcessorName == "" {
		return errNoGroup()
	}
	if c.ChangeTo != 0 {
		if err := between("--change-to", c.ChangeTo, 1, reactor.MaxSlots); err != nil {
			return err
		}
	}
	backend, err := store.open(ctx, s.logger(slog.LevelWarn), checkout.Categories())
	if err != nil {
		return err
	}
	defer backend.Close()
	if c.ChangeTo == 0 {
		slots, ok := backend.Checkpoints.(feed.Slots)
		if !ok {
			return errors.New("this store does not keep who holds the slots")
		}
		roster, err := slots.Roster(ctx, c.ProcessorName)
		if err != nil {
			return err
		}
		return c.show(roster, s)
	}
	if c.JSON {
		return &usageError{"--json has a meaning only without --change-to"}
	}
	before, err := reactor.ChangeSlots(ctx, backend.Source, backend.Checkpoints, c.ProcessorName, c.ChangeTo)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("The work of the group %q is divided into %s now; before, it was %d.", c.ProcessorName, plural.Of(c.ChangeTo, "slot"), max(1, before))
	_, err = fmt.Fprintln(s.out, s.styles.out.Wrap(said, ""))
	return err
}

func (c *slotsCommand) show(roster feed.Roster, s streams) error {
	if c.JSON {
		return printJSON(s.out, slotsResultOf(roster))
	}
	if len(roster.Slots) == 0 {
		_, err := fmt.Fprintln(s.out, s.styles.out.Wrap(fmt.Sprintf("No process of the group %q has run yet: is the name right?", c.ProcessorName), ""))
		return err
	}
	holders := terminal.Table{Head: []string{"slot", "holder"}}
	for i, slot := range roster.Slots {
		holders.Rows = append(holders.Rows, []string{strconv.Itoa(i), cmp.Or(slot.Holder, "nobody")})
	}
	if err := holders.Write(s.out, s.styles.out); err != nil || len(roster.Members) == 0 {
		return err
	}
	fmt.Fprintln(s.out)
	members := terminal.Table{Head: []string{"process", "silent for", "gone after"}}
	for _, m := range roster.Members {
		name := m.Name
		if m.Leaving {
			name += " (about to stop)"
		}
		members.Rows = append(members.Rows, []string{name, inMilliseconds(m.Silent + roster.Unwritten.Milliseconds()).String(), inMilliseconds(m.Lease).String()})
	}
	return members.Write(s.out, s.styles.out)
}

func inMilliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
