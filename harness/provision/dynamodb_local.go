package provision

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/groupcheckout/harness/internal/guarded"
)

// dynamoDBMain is the class that runs DynamoDB Local.
const dynamoDBMain = "software.amazon.dynamodb.services.local.main.ServerRunner"

// dynamoDBLocalFlags are the options of every DynamoDB Local of ours: its
// tables are the same for all keys and regions. They live in memory, unless there
// is a folder for them.
func dynamoDBLocalFlags(folder string) []string {
	flags := []string{"-sharedDb", "-disableTelemetry"}
	if folder == "" {
		return append(flags, "-inMemory")
	}
	return append(flags, "-dbPath", folder)
}

// javaFlags make Java spend less on itself: a server of ours lives for a minute
// or two, in which its optimising compiler takes more time than it saves.
func javaFlags() []string { return []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"} }

// dynamoDBLocal runs DynamoDB Local as a process of this machine. It listens on
// all of the machine's addresses; it has no option to say otherwise.
func dynamoDBLocal(ctx context.Context, options Options) (*DynamoDBServer, error) {
	// First what can fail without a server, and is most worth knowing.
	as, err := guarded.OwnAccount()
	if err != nil {
		return nil, err
	}
	java, javaVersion, err := findJava(ctx)
	if err != nil {
		return nil, err
	}
	jars, err := DynamoDBLocalJars(ctx, options.Log)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "groupcheckout-ddb-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server: %w", err)
	}
	folder := ""
	if options.Durable {
		folder = dir
	}
	line := slices.Concat([]string{java}, javaFlags(),
		// It unpacks a library there, and leaves it behind.
		[]string{"-Djava.io.tmpdir=" + dir, "-Djava.library.path=" + jars, "-cp", filepath.Join(jars, "*"), dynamoDBMain}, dynamoDBLocalFlags(folder))
	local := &localDynamoDB{func(port int) guarded.Program {
		return guarded.Program{
			CommandLine: append(slices.Clip(line), "-port", strconv.Itoa(port)),
			Dir:         dir,
			As:          as,
			StopSignal:  "KILL", // there is nothing that it would save
		}
	}, nil}
	server, err := local.start(ctx)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	server.How = fmt.Sprintf("local process: DynamoDB Local %s on Java %d, port %s", dynamoDBLocalVersion, javaVersion, portOf(server.ServiceURL))
	server.folder = dir
	server.closing.stop = func() error { return errors.Join(local.process.Stop(), os.RemoveAll(dir)) }
	if options.Durable {
		server.crash = func(ctx context.Context) error { return local.crash(ctx, server) }
	}
	return server, nil
}

// localDynamoDB is DynamoDB Local as a process.
type localDynamoDB struct {
	program func(port int) guarded.Program
	process *guarded.Process
}

// start starts the server and waits until it answers.
func (l *localDynamoDB) start(ctx context.Context) (*DynamoDBServer, error) {
	server := &DynamoDBServer{AccessKeyID: localKey, SecretAccessKey: localKey}
	process, _, err := onFreePort(ctx, "Address already in use", l.program, func(p *guarded.Process, port int) error {
		server.ServiceURL = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		return awaitAnswer(ctx, p, server.answers)
	})
	l.process = process
	return server, err
}

// crash kills the server and starts it again where it was.
func (l *localDynamoDB) crash(ctx context.Context, server *DynamoDBServer) error {
	port, err := strconv.Atoi(portOf(server.ServiceURL))
	if err != nil {
		return fmt.Errorf("start DynamoDB Local again: %w", err)
	}
	if err := l.process.Crash(); err != nil {
		return fmt.Errorf("kill DynamoDB Local: %w", err)
	}
	again, err := l.program(port).Start()
	if err != nil {
		return fmt.Errorf("start DynamoDB Local again: %w", err)
	}
	l.process = again
	if err := awaitAnswer(ctx, l.process, server.answers); err != nil {
		return fmt.Errorf("start DynamoDB Local again: %w", err)
	}
	return nil
}

// portOf is the port of a URL of ours.
func portOf(serviceURL string) string { return serviceURL[strings.LastIndexByte(serviceURL, ':')+1:] }
