// Command provision brings up a Message DB server, runs another command while
// it is up, and takes it down again.
//
//	provision [-way address|container|local] [-image IMAGE] [--] COMMAND [ARGUMENT ...]
//
// COMMAND finds the server in MDB_CONNECTION_STRING and, as a superuser, in
// MDB_ADMIN_CONNECTION_STRING; MDB_PROVISIONED says how it was brought up. One
// server then does for all the test binaries of a run. Signals are passed on
// to COMMAND, and its exit status is this command's. Status 125 means that
// COMMAND was not run, or that the server did not stop as it should.
//
//	provision -schema
//
// prints the folder of the npm package with the Message DB schema, after
// fetching it if need be. An image of the server is built from it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	tclog "github.com/testcontainers/testcontainers-go/log"

	"groupcheckout/harness/provision"
)

// notRun is the exit status where there is none of the command's to pass on.
const notRun = 125

func main() {
	tclog.SetDefault(tclog.NewNoopLogger()) // it greets at length on standard error
	status, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "provision:", err)
	}
	os.Exit(status)
}

func run(args []string, stdout, stderr io.Writer) (int, error) {
	flags := flag.NewFlagSet("provision", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: provision [flags] [--] COMMAND [ARGUMENT ...]")
		flags.PrintDefaults()
	}
	way := flags.String("way", "", "the only `way` to bring the server up: address, container or local (default: the first that works)")
	image := flags.String("image", "", "the container's `image` (default: $MDB_IMAGE, else "+provision.DefaultImage+")")
	schema := flags.Bool("schema", false, "print the folder of the Message DB schema and exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0, err
		}
		return notRun, err
	}

	// A signal gives up on what is being brought up or fetched.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	if *schema {
		dir, err := provision.MessageDBPackage(ctx, log)
		if err != nil {
			return notRun, err
		}
		fmt.Fprintln(stdout, dir)
		return 0, nil
	}
	if flags.NArg() == 0 {
		return notRun, errors.New("no command was given; see provision -help")
	}
	server, err := provision.MessageDB(ctx, provision.Options{Way: provision.Way(*way), Image: *image, Log: log})
	if err != nil {
		return notRun, err
	}
	status, err := runWith(server, flags.Args())
	if closed := server.Close(); closed != nil {
		return notRun, errors.Join(err, closed)
	}
	return status, err
}

// runWith runs a command on the server and returns its exit status, which is
// 128 and the signal's number if a signal ended it.
func runWith(server *provision.Server, commandLine []string) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	command := exec.Command(commandLine[0], commandLine[1:]...) //nolint:noctx // it ends by itself or by a signal passed on
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(),
		provision.EnvConnectionString+"="+server.ConnectionString,
		provision.EnvAdminConnectionString+"="+server.AdminConnectionString,
		provision.EnvProvisioned+"="+server.How,
	)
	if err := command.Start(); err != nil {
		return notRun, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = command.Process.Signal(s) // fails only if the command has just ended
		case err := <-ended:
			return statusOf(err)
		}
	}
}

func statusOf(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if wait, ok := exit.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return 128 + int(wait.Signal()), nil
	}
	return exit.ExitCode(), nil
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
