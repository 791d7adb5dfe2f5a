package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/terminal"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// quarantineCommand is reactor quarantine.
type quarantineCommand struct {
	ProcessorName string   `short:"g" aliases:"processorname" required:"" placeholder:"NAME" help:"The consumer group: the --processor-name of the reactor."`
	Stream        []string `once:"" placeholder:"STREAM" help:"The stream, such as GroupCheckout-0f8fad5bd9cb469fa16570867728950e. May be given several times."`
	jsonFlag
	List  quarantineAction `cmd:"" help:"Show which streams are set aside, and why."`
	Add   quarantineAction `cmd:"" help:"Set streams aside: what is appended to them is passed over."`
	Retry quarantineAction `cmd:"" help:"Have streams worked on again. They are taken up if that goes well."`
	Drop  quarantineAction `cmd:"" help:"Take streams off the list without working on what was passed over."`
}

// Help is the text behind the summary.
func (*quarantineCommand) Help() string {
	return `A stream that the reactor cannot handle is tried again for ever, and no checkpoint passes it; the others go on. It can be set aside, by hand or by reactor run --quarantine-after. A merge after the confirmation of its group is set aside at once. The list is kept beside the checkpoints. A reactor that runs looks at it once in each --checkpoint-interval.

    reactor quarantine -g checkouts list mdb -c "$DB" --cs public
    reactor quarantine -g checkouts --stream GroupCheckout-… retry mdb -c "$DB" --cs public`
}

// quarantineAction is one of the things to do, on one of the stores.
type quarantineAction struct {
	Mdb    quarantineMdb    `cmd:"" help:"Of a Message DB."`
	Dynamo quarantineDynamo `cmd:"" help:"Of a DynamoDB."`
}

type quarantineMdb struct{ mdbServer }

// Run does it.
func (c *quarantineMdb) Run(ctx context.Context, s streams, common *quarantineCommand, parsed *kong.Context) error {
	return common.run(ctx, s, c, parsed.Command())
}

type quarantineDynamo struct{ dynamoTables }

// Run does it.
func (c *quarantineDynamo) Run(ctx context.Context, s streams, common *quarantineCommand, parsed *kong.Context) error {
	return common.run(ctx, s, c, parsed.Command())
}

func (c *quarantineCommand) run(ctx context.Context, s streams, store openable, command string) error {
	if c.ProcessorName == "" {
		return errNoGroup()
	}
	action := strings.Fields(command)[1]
	if action != "list" && c.JSON {
		return &usageError{"--json has a meaning only with list"}
	}
	if action != "list" && len(c.Stream) == 0 {
		return &usageError{fmt.Sprintf("name the streams to %s with --stream NAME", action)}
	}
	var names []es.StreamName
	for _, text := range c.Stream {
		name, err := es.ParseStreamName(text)
		if err != nil {
			return &usageError{fmt.Sprintf("--stream: %v", err)}
		}
		if _, err := groupcheckout.IDOf(name); err != nil && action == "add" {
			return &usageError{fmt.Sprintf("--stream %s is no stream that the reactor follows: %v", text, err)}
		}
		names = append(names, name)
	}
	backend, err := store.open(ctx, s.logger(slog.LevelWarn), checkout.Categories())
	if err != nil {
		return err
	}
	defer backend.Close()
	notes, ok := backend.Checkpoints.(feed.Notes)
	if !ok {
		return errors.New("these checkpoints have no place for streams that are set aside")
	}
	if action == "list" {
		bodies, err := notes.Notes(ctx, c.ProcessorName, reactor.QuarantineKind)
		if err != nil {
			return err
		}
		known := len(bodies) > 0
		if slots, keeps := notes.(feed.Slots); keeps && !known {
			roster, err := slots.Roster(ctx, c.ProcessorName)
			if err != nil {
				return err
			}
			known = len(roster.Slots) > 0
		}
		return c.list(s, bodies, known, time.Now())
	}
	for _, name := range names {
		for changed := false; !changed; { // a reactor notes how far it has passed over a stream, perhaps at this moment
			bodies, err := notes.Notes(ctx, c.ProcessorName, reactor.QuarantineKind)
			if err == nil {
				changed, err = c.change(ctx, notes, action, name, bodies[name.String()])
			}
			if err != nil {
				return err
			}
		}
		fmt.Fprintf(s.out, "%s: %s\n", name, map[string]string{
			"add":   "is set aside; a reactor that runs does so within its --checkpoint-interval",
			"retry": "is to be retried; a reactor that runs does so within its --checkpoint-interval, and it is off the list if that goes well",
			"drop":  "is off the list; what was passed over is not worked on before something is appended to it",
		}[action])
	}
	return nil
}

// change does something to the note of a stream, of which before is what there is, and tells
// whether it was still that.
func (c *quarantineCommand) change(ctx context.Context, notes feed.Notes, action string, name es.StreamName, before []byte) (bool, error) {
	if action != "add" && before == nil {
		return false, &usageError{fmt.Sprintf("%s is not set aside: reactor quarantine list shows what is", name)}
	}
	if action == "drop" { // also a note that cannot be read
		return true, notes.DropNote(ctx, c.ProcessorName, reactor.QuarantineKind, name.String())
	}
	note := reactor.Quarantined{Since: time.Now().UTC(), Cause: "set aside by hand"}
	if before != nil {
		if err := json.Unmarshal(before, &note); err != nil {
			return false, fmt.Errorf("the note of %s cannot be read: %w. To take it off the list, the command is: reactor quarantine drop, with the same flags", name, err)
		}
	}
	note.Retry = action == "retry"
	body, err := json.Marshal(note)
	if err != nil {
		return false, err
	}
	return notes.ReplaceNote(ctx, c.ProcessorName, reactor.QuarantineKind, name.String(), before, body)
}

// list shows what is set aside. Of a group that is not known no process has run.
func (c *quarantineCommand) list(s streams, bodies map[string][]byte, known bool, now time.Time) error {
	result := quarantineResult{Streams: []asideOf{}}
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		result.Streams = append(result.Streams, asideResult(name, bodies[name]))
	}
	if c.JSON {
		return printJSON(s.out, result)
	}
	if len(bodies) == 0 {
		text := "no stream is set aside"
		if !known {
			text += fmt.Sprintf("; no process of the group %q has run yet: is the name right?", c.ProcessorName)
		}
		_, err := fmt.Fprintln(s.out, s.styles.out.Wrap(text, ""))
		return err
	}
	table := terminal.Table{Head: []string{"stream", "for", "up to", "retry", "cause"}}
	for _, of := range result.Streams {
		since, upTo, retry := "?", "?", "no"
		if of.Since != nil {
			since, upTo = round(now.Sub(*of.Since)).String(), fmt.Sprint(of.UpTo)
		}
		if of.Retrying {
			retry = "asked for"
		}
		table.Rows = append(table.Rows, []string{of.Stream, since, upTo, retry, paragraph(errors.New(of.Cause))})
	}
	return table.Write(s.out, s.styles.out)
}
