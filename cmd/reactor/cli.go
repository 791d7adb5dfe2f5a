package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// streams are where a command reads and writes.
type streams struct {
	in  io.Reader
	out io.Writer // results
	err io.Writer // everything else
}

// cli is the grammar of the command line.
type cli struct {
	Run        runCommand        `cmd:"" help:"Follow a store and merge the stays of its group checkouts."`
	Init       initCommand       `cmd:"" help:"Create the tables that are missing."`
	Checkpoint checkpointCommand `cmd:"" help:"Show where a consumer group is, or set it back."`
	Slots      slotsCommand      `cmd:"" help:"Show which processes share the work of a consumer group, or change into how many slots it is divided."`
	Quarantine quarantineCommand `cmd:"" help:"Show which streams are set aside, set some aside, or take them up again."`
	Index      indexCommand      `cmd:"" help:"Build the index that the feed of a DynamoDB is read from, or show how it is doing."`
	Audit      auditCommand      `cmd:"" help:"Read a whole store and prove that its books balance."`
	Demo       demoCommand       `cmd:"" help:"Watch simulated clerks check out groups while a reactor works, then audit the books."`
	Version    versionCommand    `cmd:"" help:"Say which build this is."`
}

// description is the head of the help.
const description = `Merges the stays of group checkouts.

A clerk selects the stays of a group. The reactor follows the store's changes, visits each selected stay, moves its unpaid balance to the group and records the outcome. Work that was interrupted is done again at the next start; doing it twice is harmless.

Exit status: 0 done, also when stopped by SIGINT or SIGTERM; 1 an argument or the configuration is wrong; 2 something failed, trying again may help; 3 an audit found that the books do not balance.`

// helpWidth is how wide help gets at the most.
const helpWidth = 110

// run carries out a command line and returns the exit status. It ends in an
// orderly way when ctx does.
func run(ctx context.Context, args []string, s streams, getenv func(string) string) int {
	err := execute(ctx, args, s, getenv)
	if _, said := errors.AsType[*saidError](err); err != nil && !said {
		fmt.Fprintf(s.err, "reactor: %s\n", paragraph(err))
	}
	return exitStatus(err)
}

func execute(ctx context.Context, args []string, s streams, getenv func(string) string) error {
	_, command, err := parse(args, s, getenv)
	if err != nil || command == nil {
		return err
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(s)
}

// parse reads a command line. The command is nil if help was asked for, and
// has been given.
func parse(args []string, s streams, getenv func(string) string) (*cli, *kong.Context, error) {
	helped, grammar := false, &cli{}
	parser, err := kong.New(grammar,
		kong.Name("reactor"),
		kong.Description(description),
		kong.Writers(s.out, s.err),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: helpWidth}),
		kong.ValueFormatter(flagHelp),
		kong.Resolvers(fromEnvironment(getenv)),
	)
	if err != nil {
		return nil, nil, err // the grammar itself is wrong
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	args, err = respell(parser.Model.Node, trimmed(args))
	if err != nil {
		return nil, nil, err
	}
	command, err := parser.Parse(args)
	switch {
	case helped:
		return nil, nil, nil
	case err != nil:
		return nil, nil, &usageError{fmt.Sprintf("%s. See %s --help", withoutValues(err.Error(), args), commandOf(err))}
	}
	if err := oneLineEach(command); err != nil {
		return nil, nil, err
	}
	return grammar, command, nil
}

// commandOf names the command that a command line got to before it turned out
// to be wrong.
func commandOf(err error) string {
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		if command := parse.Context.Command(); command != "" {
			return "reactor " + command
		}
	}
	return "reactor"
}
