package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/golden"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"", "run", "run mdb", "run dynamo", "init", "init mdb", "init dynamo", "checkpoint", "checkpoint mdb", "checkpoint dynamo",
		"slots", "slots mdb", "slots dynamo", "quarantine", "index", "index dynamo", "audit", "audit mdb", "audit dynamo", "health", "demo", "config", "completion", "version",
	} {
		name := strings.TrimSpace("reactor " + command)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, out, errors := call(t, nil, append(strings.Fields(command), "--help")...)
			if status != 0 || errors != "" {
				t.Errorf("got status %d and the error %q, want 0 and none", status, errors)
			}
			golden.Compare(t, "help/"+strings.ReplaceAll(name, " ", "_")+".txt", out)
		})
	}
}

// parse reads a command line with these variables.
func parse(args []string, s streams, getenv func(string) string) (*cli, *kong.Context, error) { //nolint:unparam // the streams of parseFrom
	return parseFrom(args, s, newSources(getenv))
}

// call runs a command line in this process.
func call(t testing.TB, env map[string]string, args ...string) (status int, out, errors string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), args, streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, func(name string) string { return env[name] })
	return status, stdout.String(), stderr.String()
}
