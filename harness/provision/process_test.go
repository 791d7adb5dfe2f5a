//go:build unix

package provision

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script returns a program that runs a shell script in a folder of its own, as
// the user that runs the test.
func script(t *testing.T, text string) program {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "server")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return program{
		commandLine: []string{"sh", "-c", text},
		dir:         dir,
		as:          &account{name: "our own user"},
		readyText:   "ready",
		stopSignal:  "TERM",
	}
}

func start(t *testing.T, p program) *process {
	t.Helper()
	server, err := p.start()
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestAServerIsReadyWhenItSaysSoAndStopLeavesNothing(t *testing.T) {
	t.Parallel()
	p := script(t, "echo starting; echo now I am ready >&2; exec tail -f /dev/null")
	server := start(t, p)
	if err := server.awaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if want := "starting\nnow I am ready\n"; err != nil || string(log) != want {
		t.Errorf("log: got %q and error %v, want %q", log, err, want)
	}
	if err := server.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if exists(p.dir) {
		t.Errorf("the folder %s is still there", p.dir)
	}
}

func TestAServerThatEndsByItselfIsReportedWithItsLastLines(t *testing.T) {
	t.Parallel()
	p := script(t, "echo could not bind; exit 3")
	server := start(t, p)
	err := server.awaitReady(t.Context())
	if !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "could not bind") {
		t.Errorf("got error %v, want one with exit status 3 and the line", err)
	}
	if !exists(p.dir) {
		t.Error("the folder is gone; another start would not find its data")
	}
	if err := server.stop(); err != nil {
		t.Errorf("stop after the end: %v", err)
	}
}

func TestAwaitEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, script, want string // want is a part of the error; empty: none
	}{
		{"success", "echo done", ""},
		{"failure", "echo no room; exit 4", "exit status 4\nno room"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			program := start(t, script(t, test.script))
			err := program.awaitEnd(t.Context())
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got error %v, want %q", err, test.want)
			}
			if err := program.stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
		})
	}
	t.Run("the end of the context", func(t *testing.T) {
		t.Parallel()
		p := script(t, "exec tail -f /dev/null")
		program := start(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := program.awaitEnd(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
		if err := program.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if exists(p.dir) {
			t.Errorf("the folder %s is still there", p.dir)
		}
	})
}

func TestAwaitReadyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := start(t, script(t, "echo busy; exec tail -f /dev/null"))
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if err := server.awaitReady(ctx); !errors.Is(err, enough) {
		t.Errorf("got error %v, want %v", err, enough)
	}
	if err := server.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestTheServersEnvironment(t *testing.T) {
	t.Parallel()
	got := serverEnvironment([]string{"PATH=/bin", "PGDATA=/other", "MDB_CONNECTION_STRING=secret", "EQUINOX_DYNAMO_REGION=x", "AWS_PROFILE=x", "LC_ALL=de_DE"})
	if want := "LC_ALL=C PATH=/bin"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
