package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/completion"
	"example.com/groupcheckout/internal/nearest"
	"example.com/groupcheckout/internal/terminal"
	"example.com/groupcheckout/internal/version"
)

// streams are where a command reads and writes.
type streams struct {
	in     io.Reader
	out    io.Writer      // results
	err    io.Writer      // everything else
	log    *logWriter     // writes to err too, for commands that run until they are stopped
	styles terminalStyles // how to write there
	json   bool           // what is written to err is for programs, line by line

	whenJSON func() // called once if json becomes true; nil does nothing
}

// forPrograms has what is written to err be for programs from now on.
func (s *streams) forPrograms() {
	if !s.json && s.whenJSON != nil {
		s.whenJSON()
	}
	s.json = true
}

// terminalStyles are how to write to the standard output, and to the standard error.
type terminalStyles struct{ out, err terminal.Style }

// cli is the grammar of the command line.
type cli struct {
	NoColor     bool        `help:"Write without colours. So it is too with $NO_COLOR, and where there is no terminal."`
	ShowVersion versionFlag `name:"version" help:"Say which build this is."`

	Run        runCommand        `cmd:"" help:"Follow a store and merge the stays of its group checkouts."`
	Init       initCommand       `cmd:"" help:"Create the tables that are missing."`
	Checkpoint checkpointCommand `cmd:"" help:"Show where a consumer group is, or set it back."`
	Slots      slotsCommand      `cmd:"" help:"Show which processes share the work of a consumer group, or change into how many slots it is divided."`
	Quarantine quarantineCommand `cmd:"" help:"Show which streams are set aside, set some aside, or take them up again."`
	Index      indexCommand      `cmd:"" help:"Build the index that the feed of a DynamoDB is read from, or show how it is doing."`
	Audit      auditCommand      `cmd:"" help:"Read a whole store and prove that its books balance."`
	Health     healthCommand     `cmd:"" help:"Ask a reactor on this machine whether it is well."`
	Demo       demoCommand       `cmd:"" help:"Watch simulated clerks check out groups while a reactor works, then audit the books."`
	Settings   configCommand     `cmd:"" name:"config" help:"Show every setting, its value, and where that came from."`
	Completion completionCommand `cmd:"" help:"Print what a shell has to read to complete command lines."`
	Version    versionCommand    `cmd:"" help:"Say which build this is."`
	Help       helpCommand       `cmd:"" help:"Show the help of a command."`

	Config string `placeholder:"FILE" help:"A file of settings, in YAML or JSON: see reactor config --help (else $$REACTOR_CONFIG)."`
}

// helpCommand stands in the list of commands; parse makes the flag --help of it.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command, such as: run mdb."`
}

// versionFlag says which build this is, wherever it stands.
type versionFlag bool

// BeforeReset is called by the parser when it meets the flag.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	_, err := fmt.Fprintln(app.Stdout, version.Line("reactor"))
	app.Exit(statusDone)
	return err
}

// completionCommand is reactor completion.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help is the text behind the summary.
func (*completionCommand) Help() string {
	return `Have the shell read it at its start:

    source <(reactor completion bash)     in ~/.bashrc
    source <(reactor completion zsh)      in ~/.zshrc, after compinit
    reactor completion fish | source      in ~/.config/fish/config.fish

The script asks the program itself what may come next, so it need not be read again after an update.`
}

// Run prints the script.
func (c *completionCommand) Run(s streams) error {
	script, err := completion.Script(c.Shell, "reactor")
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.out, script)
	return err
}

// description is the head of the help.
const description = `Merges the stays of group checkouts.

A clerk selects the stays of a group. The reactor follows the store's changes, visits each selected stay, moves its unpaid balance to the group and records the outcome. Work that was interrupted is done again at the next start; a stay that was visited twice is moved once.

Exit status: 0 done, also when stopped by SIGINT or SIGTERM; 1 an argument or the configuration is wrong, or a person has to act first; 2 something failed, trying again may help; 3 an audit found that the books do not balance.`

// helpWidth is how wide help gets at the most.
const helpWidth = 110

// run carries out a command line and returns the exit status. It ends in an
// orderly way when ctx does.
func run(ctx context.Context, args []string, s streams, getenv func(string) string) int {
	plain := slices.Contains(args, "--no-color")
	s.styles = terminalStyles{terminal.Of(s.out, plain, getenv), terminal.Of(s.err, plain, getenv)}
	s.log = &logWriter{to: s.err}
	if logFormat(args, getenv) == asJSON {
		s.forPrograms()
	}
	err := execute(ctx, args, &s, getenv)
	if s.log.wasUsed() {
		s.err = s.log
	}
	switch {
	case err == nil:
	case s.json:
		s.logger(slog.LevelInfo).Error("ended", "reason", paragraph(err), "exitStatus", exitStatus(err))
	default:
		const name = "reactor:"
		text := s.styles.err.Wrap(name+" "+paragraph(err), "    ")
		fmt.Fprintf(s.err, "%s%s\n", s.styles.err.Bad(name), strings.TrimPrefix(text, name))
	}
	return exitStatus(err)
}

// execute carries out a command line, and notes in the streams if it wants JSON.
func execute(ctx context.Context, args []string, s *streams, getenv func(string) string) error {
	from := newSources(getenv)
	grammar, command, err := parseFrom(args, *s, from)
	if logFormat(args, getenv) == "" && from.fileAsksForJSON(grammar, command, err) {
		s.forPrograms()
	}
	if err != nil || command == nil {
		return err
	}
	// A file that is named has to be there, even where nothing of it is needed.
	if grammar.Config != "" {
		if missing, ok := errors.AsType[*usageError](from.read(command.Model.Node, grammar.Config)); ok {
			return missing
		}
	}
	for _, log := range []logFlags{grammar.Run.logFlags, grammar.Index.logFlags, grammar.Demo.logFlags} {
		if log.LogFormat == asJSON { // in a spelling that only the parser knows, perhaps
			s.forPrograms()
		}
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(*s)
}

// newParser makes the parser of a grammar.
func newParser(grammar *cli, s streams, exit func(int), options ...kong.Option) (*kong.Kong, error) {
	return kong.New(grammar, append(options,
		kong.Name("reactor"),
		kong.Description(description),
		kong.Writers(s.out, s.err),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: helpWidth}),
		kong.Help(paintedHelp(s.styles.out)),
		kong.ValueFormatter(flagHelp),
		times(),
	)...)
}

// parseFrom reads a command line, and takes what is not on it from the sources. The command
// is nil if help was asked for, and has been given.
func parseFrom(args []string, s streams, from *sources) (*cli, *kong.Context, error) {
	helped, grammar := false, &cli{}
	parser, err := newParser(grammar, s, func(int) { helped = true }, kong.Resolvers(from), kong.Bind(grammar, from))
	if err != nil {
		return nil, nil, err // the grammar itself is wrong
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == completion.Ask:
		_, err := io.WriteString(s.out, completion.Lines(completion.Of(parser.Model.Node, args[1:])))
		return nil, nil, err
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
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
		if wrong, ok := errors.AsType[*usageError](err); ok {
			return nil, nil, wrong // of a variable
		}
		if wrong, ok := errors.AsType[*wrongFileError](err); ok {
			return nil, nil, wrong
		}
		return nil, nil, &usageError{fmt.Sprintf("%s See %s --help", complaintOf(err, args), commandOf(err))}
	}
	if err := oneLineEach(command); err != nil {
		return nil, nil, err
	}
	return grammar, command, nil
}

// complaintOf is what the parser complains about as a sentence, in the words of this
// program.
func complaintOf(err error, args []string) string {
	text := strings.TrimRight(withoutValues(err.Error(), args), ".?!")
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil && strings.HasPrefix(text, "expected ") {
		node := parse.Context.Selected()
		if node == nil {
			node = parse.Context.Model.Node
		}
		words := commandsOf(node) // the parser names five
		if len(words) == 0 && len(node.Positional) > 0 {
			words = node.Positional[0].EnumSlice()
		}
		if len(words) > 1 {
			return `expected one of "` + strings.Join(words, `", "`) + `".`
		}
	}
	if choice := wrongChoice.FindStringSubmatch(text); choice != nil {
		if meant, found := nearest.Of(choice[2], strings.Split(choice[1], `","`)); found {
			return fmt.Sprintf("%s: did you mean %q?", text, meant)
		}
	}
	return wrongInteger.ReplaceAllString(text, "expected a whole number but got") + "."
}

var (
	wrongChoice  = regexp.MustCompile(`must be one of "(.*)" but got "(.*)"$`)
	wrongInteger = regexp.MustCompile(`expected a valid \d+ bit u?int but got`)
)

// commandsOf are the names of the commands below one.
func commandsOf(node *kong.Node) (names []string) {
	for _, child := range node.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}

// commandOf names the command that a command line got to before it turned out
// to be wrong.
func commandOf(err error) string {
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		if command, _, _ := strings.Cut(parse.Context.Command(), " <"); command != "" {
			return "reactor " + command
		}
	}
	return "reactor"
}

// narrowHelp is how wide a terminal is at the least that has room for two columns.
const narrowHelp = 72

// paintedHelp prints help with the heads of its parts in bold. On a narrow terminal what
// a flag or a command means stands below its name.
func paintedHelp(style terminal.Style) kong.HelpPrinter {
	return func(options kong.HelpOptions, command *kong.Context) error {
		if !style.Interactive() {
			return kong.DefaultHelpPrinter(options, command)
		}
		out, app := command.Stdout, command.Kong
		var help strings.Builder
		app.Stdout = &help
		options.WrapUpperBound = min(options.WrapUpperBound, style.Width)
		err := kong.DefaultHelpPrinter(options, command)
		app.Stdout = out
		text := help.String()
		if style.Width < narrowHelp {
			text = belowEachOther(text, style)
		}
		for line := range strings.Lines(text) {
			head, rest, isHead := strings.Cut(line, ":")
			if isHead && (head == "Usage" || slices.Contains(partsOfHelp(), head)) {
				line = style.Strong(head+":") + rest
			}
			_, failed := io.WriteString(out, line)
			err = errors.Join(err, failed)
		}
		return err
	}
}

// partsOfHelp are the heads of what stands in two columns.
func partsOfHelp() []string {
	return []string{"Arguments", "Flags", "Flags that are seldom needed", "Commands"}
}

// rowOfHelp is the first line of a row: a name, and the beginning of what it means.
var rowOfHelp = regexp.MustCompile(`^( {2,6})(\S+(?: \S+)*)(?: +(\S.*))?$`)

// belowEachOther puts what stands in two columns below each other.
func belowEachOther(help string, style terminal.Style) string {
	const indent = "        "
	style.Width = max(1, style.Width-len(indent))
	var out, meaning strings.Builder
	rows := false
	end := func() {
		if text := strings.TrimSpace(meaning.String()); text != "" {
			out.WriteString(indent + strings.ReplaceAll(style.Wrap(text, ""), "\n", "\n"+indent) + "\n")
		}
		meaning.Reset()
	}
	for line := range strings.Lines(help) {
		line = strings.TrimRight(line, "\n")
		row := rowOfHelp.FindStringSubmatch(line)
		switch {
		case !strings.HasPrefix(line, " "):
			end()
			rows = slices.Contains(partsOfHelp(), strings.TrimSuffix(line, ":")) || rows && line == ""
			out.WriteString(line + "\n")
		case !rows:
			out.WriteString(line + "\n")
		case row != nil:
			end()
			out.WriteString(row[1] + row[2] + "\n")
			meaning.WriteString(row[3])
		default:
			meaning.WriteString(" " + strings.TrimSpace(line))
		}
	}
	end()
	return out.String()
}
