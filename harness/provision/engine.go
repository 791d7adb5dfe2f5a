package provision

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

const (
	// engineLimit bounds the time that a Docker engine has to say what it is.
	engineLimit = 5 * time.Second
	// libraryGrace is how long a call of the container library may go on after
	// its context has ended: enough to take down what it has begun.
	libraryGrace = 3 * time.Second
)

// engine is a place where a Docker engine may be.
type engine struct {
	named string // where it is named
	host  string // such as unix:///var/run/docker.sock or tcp://localhost:2375
}

func (e engine) String() string {
	if e.named == "" {
		return e.host
	}
	return e.host + ", which " + e.named + " names,"
}

// dockerAnswers returns an error if there is no Docker engine to talk to.
func dockerAnswers(ctx context.Context) error {
	home, _ := os.UserHomeDir() // without one there is nothing to read there
	return anyAnswers(ctx, dockerEngines(os.Getenv, home), engineLimit)
}

// anyAnswers asks engines for one that answers. The container library asks the
// same ones in the same order, but it waits for each without a limit and does not
// heed a context; so one that is silent ends the search, and the library is not
// called.
func anyAnswers(ctx context.Context, engines []engine, limit time.Duration) error {
	if len(engines) == 0 {
		return errors.New("no Docker engine answers: DOCKER_HOST is not set, and there is no socket at /var/run/docker.sock")
	}
	var failures []error
	for _, e := range engines {
		err := e.ask(ctx, limit)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, context.DeadlineExceeded) && !errors.Is(ctx.Err(), context.DeadlineExceeded):
			failures = append(failures, fmt.Errorf("the one at %s said nothing for %v: restart it, or name another in DOCKER_HOST", e, limit))
			return fmt.Errorf("no Docker engine answers: %w", errors.Join(failures...))
		case ctx.Err() != nil:
			return fmt.Errorf("the wait for the Docker engine at %s was given up: %w", e, context.Cause(ctx))
		}
		failures = append(failures, fmt.Errorf("the one at %s: %w", e, err))
	}
	return fmt.Errorf("no Docker engine answers: %w", errors.Join(failures...))
}

// ask asks an engine what it is. An engine that hangs often still answers a ping.
func (e engine) ask(ctx context.Context, limit time.Duration) error {
	asking, err := client.New(client.FromEnv, client.WithHost(e.host))
	if err != nil {
		return err
	}
	defer asking.Close() //nolint:errcheck // only idle connections are left
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err = asking.Info(ctx, client.InfoOptions{})
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // the client's error need not say so
	}
	return err
}

// dockerEngines are the places where the container library looks for an engine, in
// its order.
func dockerEngines(getenv func(string) string, home string) []engine {
	properties := filepath.Join(home, ".testcontainers.properties")
	said := readProperties(properties)
	var engines []engine
	add := func(named, host string) {
		if host != "" {
			engines = append(engines, engine{named: named, host: host})
		}
	}
	socket := func(path string) bool {
		if _, err := os.Stat(path); err != nil {
			return false
		}
		add("", "unix://"+path)
		return true
	}
	add(properties, said["tc.host"])
	add("DOCKER_HOST", getenv("DOCKER_HOST"))
	socket("/var/run/docker.sock")
	add(properties, said["docker.host"])
	// Of the sockets of an engine without root the first that exists counts.
	for _, path := range []string{
		filepath.Join(getenv("XDG_RUNTIME_DIR"), "docker.sock"),
		filepath.Join(home, ".docker", "run", "docker.sock"),
		filepath.Join(home, ".docker", "desktop", "docker.sock"),
		filepath.Join("/run", "user", strconv.Itoa(os.Getuid()), "docker.sock"),
	} {
		if filepath.IsAbs(path) && socket(path) {
			break
		}
	}
	return engines
}

// readProperties reads the lines key=value of a file, which need not exist.
func readProperties(path string) map[string]string {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	said := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if end := strings.IndexAny(line, "=:"); end > 0 {
			said[strings.TrimSpace(line[:end])] = strings.TrimSpace(line[end+1:])
		}
	}
	return said
}

// heeding makes a call that may not heed its context heed it: some while after the
// context has ended the call is left to itself, and what it brings then goes to late.
func heeding[T any](ctx context.Context, grace time.Duration, call func(context.Context) (T, error), late func(T)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	over := make(chan outcome, 1)
	go func() {
		value, err := call(ctx)
		over <- outcome{value, err}
	}()
	select {
	case o := <-over:
		return o.value, o.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case o := <-over:
		return o.value, o.err
	case <-timer.C:
		go func() { late((<-over).value) }()
		var none T
		return none, fmt.Errorf("the Docker engine did not answer in time: %w", context.Cause(ctx))
	}
}
