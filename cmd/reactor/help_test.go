package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the help texts to testdata instead of comparing them") //nolint:gochecknoglobals // a flag of the test binary

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"", "run", "run mdb", "run dynamo", "init", "init mdb", "init dynamo", "checkpoint", "checkpoint mdb", "checkpoint dynamo",
		"slots", "index", "index dynamo", "audit", "audit mdb", "audit dynamo", "health", "demo", "config", "completion", "version",
	} {
		name := strings.TrimSpace("reactor " + command)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, out, errors := call(t, nil, append(strings.Fields(command), "--help")...)
			if status != 0 || errors != "" {
				t.Errorf("got status %d and the error %q, want 0 and none", status, errors)
			}
			golden := filepath.Join("testdata", "help", strings.ReplaceAll(name, " ", "_")+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(out), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out); diff != "" {
				t.Errorf("the help differs from %s; run the test with -update if it is meant to (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// call runs a command line in this process.
func call(t testing.TB, env map[string]string, args ...string) (status int, out, errors string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), args, streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, func(name string) string { return env[name] })
	return status, stdout.String(), stderr.String()
}
