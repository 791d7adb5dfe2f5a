// Command provision brings up servers, runs another command while they are up,
// and takes them down again.
//
//	provision [-kind KIND,...] [-way address|container|local] [-image IMAGE] [--] COMMAND [ARGUMENT ...]
//
// A kind is messagedb, which is also the default, or dynamodb. COMMAND finds the
// servers in its environment, in the variables that package provision reads,
// and in words how they were brought up: MDB_CONNECTION_STRING,
// MDB_ADMIN_CONNECTION_STRING and MDB_PROVISIONED of Message DB;
// EQUINOX_DYNAMO_SERVICE_URL, EQUINOX_DYNAMO_ACCESS_KEY_ID,
// EQUINOX_DYNAMO_SECRET_ACCESS_KEY and DDB_PROVISIONED of DynamoDB. One server
// of a kind then does for all the test binaries of a run. Signals are passed on
// to COMMAND, and its exit status is this command's. Status 125 means that
// COMMAND was not run, or that a server did not stop as it should.
//
//	provision -schema
//	provision -jars
//
// print the folder of the npm package with the Message DB schema, and that of
// the files of DynamoDB Local, after fetching them if need be. Images of the
// servers are built from them.
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
	"slices"
	"strings"
	"syscall"

	tclog "github.com/testcontainers/testcontainers-go/log"

	"example.com/groupcheckout/harness/provision"
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
	kinds := flags.String("kind", "messagedb", "the `kinds` of servers to bring up, separated by commas: messagedb, dynamodb")
	way := flags.String("way", "", "the only `way` to bring a server up: address, container or local (default: the first that works)")
	image := flags.String("image", "", "the container's `image`, for one kind of server (default: $MDB_IMAGE, else "+
		provision.DefaultImage+"; $DDB_IMAGE, else "+provision.DefaultDynamoDBImage+")")
	schema := flags.Bool("schema", false, "print the folder of the Message DB schema and exit")
	jars := flags.Bool("jars", false, "print the folder of DynamoDB Local and exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0, err
		}
		return notRun, err
	}

	for _, text := range []*string{kinds, way, image} {
		*text = strings.TrimSpace(*text) // what a file or a variable brought along
	}
	// A signal gives up on what is being brought up or fetched.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	switch {
	case *schema:
		return printFolder(ctx, stdout, log, provision.MessageDBPackage)
	case *jars:
		return printFolder(ctx, stdout, log, provision.DynamoDBLocalJars)
	case flags.NArg() == 0:
		return notRun, errors.New("no command was given; see provision -help")
	}
	servers, err := bringUp(ctx, *kinds, provision.Options{Way: provision.Way(*way), Image: *image, Log: log})
	status := notRun
	if err == nil {
		status, err = runWith(servers, flags.Args())
	}
	if closed := closeAll(servers); closed != nil {
		return notRun, errors.Join(err, closed)
	}
	return status, err
}

// printFolder prints the folder of something that is fetched.
func printFolder(ctx context.Context, out io.Writer, log *slog.Logger, fetch func(context.Context, *slog.Logger) (string, error)) (int, error) {
	dir, err := fetch(ctx, log)
	if err != nil {
		return notRun, err
	}
	fmt.Fprintln(out, dir)
	return 0, nil
}

// server is one of any kind.
type server interface {
	Environment() []string
	Close() error
}

// bringUp brings up a server of each kind. The caller closes those that it
// returns, also beside an error.
func bringUp(ctx context.Context, kinds string, options provision.Options) ([]server, error) {
	names := strings.Split(kinds, ",")
	for i, name := range names {
		if name != "messagedb" && name != "dynamodb" {
			return nil, fmt.Errorf("there is no kind %q of server; choose messagedb, dynamodb, or both with a comma between them", name)
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("the kind %s is named twice", name)
		}
	}
	if options.Image != "" && len(names) > 1 {
		return nil, errors.New("one image does not do for several kinds of servers; set MDB_IMAGE and DDB_IMAGE instead")
	}
	var up []server
	for _, name := range names {
		var s server
		var err error
		if name == "messagedb" {
			s, err = provision.MessageDB(ctx, options)
		} else {
			s, err = provision.DynamoDB(ctx, options)
		}
		if err != nil {
			return up, err // without s, which may be a nil pointer
		}
		up = append(up, s)
	}
	return up, nil
}

func closeAll(servers []server) error {
	var errs []error
	for _, s := range slices.Backward(servers) {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// runWith runs a command with the servers in its environment and returns its
// exit status, which is 128 and the signal's number if a signal ended it.
func runWith(servers []server, commandLine []string) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	command := exec.Command(commandLine[0], commandLine[1:]...) //nolint:noctx // it ends by itself or by a signal passed on
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = os.Environ()
	for _, s := range servers {
		command.Env = append(command.Env, s.Environment()...)
	}
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
