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
// tables live in memory, and are the same for all keys and regions.
func dynamoDBLocalFlags() []string { return []string{"-inMemory", "-sharedDb", "-disableTelemetry"} }

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
	remove := func() error { return os.RemoveAll(dir) }
	line := slices.Concat([]string{java}, javaFlags(),
		[]string{"-Djava.library.path=" + jars, "-cp", filepath.Join(jars, "*"), dynamoDBMain}, dynamoDBLocalFlags())
	process, server, err := startDynamoDB(ctx, line, dir, as)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	server.How = fmt.Sprintf("local process: DynamoDB Local %s on Java %d, port %s", dynamoDBLocalVersion, javaVersion, portOf(server.ServiceURL))
	server.closing.stop = func() error { return errors.Join(process.Stop(), remove()) }
	return server, nil
}

// startDynamoDB starts the server and waits until it answers.
func startDynamoDB(ctx context.Context, commandLine []string, dir string, as *guarded.Account) (*guarded.Process, *DynamoDBServer, error) {
	server := &DynamoDBServer{AccessKeyID: localKey, SecretAccessKey: localKey}
	process, _, err := onFreePort(ctx, "Address already in use", func(port int) guarded.Program {
		return guarded.Program{
			CommandLine: slices.Concat(commandLine, []string{"-port", strconv.Itoa(port)}),
			Dir:         dir,
			As:          as,
			StopSignal:  "KILL", // there is nothing that it could save
		}
	}, func(p *guarded.Process, port int) error {
		server.ServiceURL = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		return awaitAnswer(ctx, p, server.answers)
	})
	return process, server, err
}

// portOf is the port of a URL of ours.
func portOf(serviceURL string) string { return serviceURL[strings.LastIndexByte(serviceURL, ':')+1:] }
