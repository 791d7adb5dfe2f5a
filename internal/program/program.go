// Package program is what the small programs of this project have in common: a command
// line that kong reads, an error in one line, and a signal that ends them in order.
package program

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/terminal"
	"example.com/groupcheckout/internal/version"
)

// The exit statuses.
const (
	Done  = 0
	Wrong = 1 // the error was printed
)

// Program is one of them.
type Program struct {
	Name        string
	Description string // the head of the help
	Grammar     any    // a pointer to kong's structure, which is filled before Do is called
	Do          func() error
}

// Run carries out a command line and returns the exit status. Who asks for help, or which
// build it is, gets that, and nothing is done.
func (p Program) Run(args []string, out, complaints io.Writer) (status int) {
	if err := p.run(args, out, complaints); err != nil {
		style := terminal.Of(complaints, false, os.Getenv)
		fmt.Fprintf(complaints, "%s %v\n", style.Bad(p.Name+":"), err)
		return Wrong
	}
	return Done
}

func (p Program) run(args []string, out, complaints io.Writer) error {
	helped := false
	var common struct {
		Version versionOf `help:"Say which build this is."`
	}
	parser, err := kong.New(p.Grammar, kong.Embed(&common), kong.Bind(p),
		kong.Name(p.Name), kong.Description(p.Description), kong.Writers(out, complaints),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 110}),
		kong.ValueFormatter(func(value *kong.Value) string { return value.Help }),
	)
	if err != nil {
		return err // the grammar itself is wrong
	}
	if len(args) == 1 && (args[0] == "help" || args[0] == "version") {
		args = []string{"--" + args[0]}
	}
	_, err = parser.Parse(args)
	switch {
	case helped:
		return nil
	case err != nil:
		if strings.HasSuffix(err.Error(), "?") {
			return fmt.Errorf("%w See %s --help", err, p.Name)
		}
		return fmt.Errorf("%w. See %s --help", err, p.Name)
	}
	return p.Do()
}

// versionOf says which build a program is.
type versionOf bool

// BeforeReset is called by the parser when it meets the flag.
func (versionOf) BeforeReset(app *kong.Kong, p Program) error {
	_, err := fmt.Fprintln(app.Stdout, version.Line(p.Name))
	app.Exit(Done)
	return err
}

// Main runs a program with what the process was given, and ends the process with its
// status. The context ends with SIGINT and SIGTERM.
func Main(run func(ctx context.Context, args []string, out, complaints io.Writer) (status int)) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
