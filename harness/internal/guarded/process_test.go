//go:build unix

package guarded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// script returns a program that runs a shell script in a folder of its own, as
// the user that runs the test.
func script(t *testing.T, text string) Program {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "server")
	check.Must(t, os.Mkdir(dir, 0o755))
	return Program{
		CommandLine: []string{"sh", "-c", text},
		Dir:         dir,
		As:          &Account{Name: "our own user"},
		ReadyText:   "ready",
		StopSignal:  "TERM",
	}
}

func there(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func start(t *testing.T, p Program) *Process {
	t.Helper()
	server, err := p.Start()
	check.Must(t, err)
	return server
}

func TestAServerIsReadyWhenItSaysSoAndStopLeavesNothing(t *testing.T) {
	t.Parallel()
	p := script(t, "echo starting; echo now I am ready >&2; exec tail -f /dev/null")
	server := start(t, p)
	check.Must(t, server.AwaitReady(t.Context()))
	log, err := os.ReadFile(filepath.Join(p.Dir, "log"))
	if want := "starting\nnow I am ready\n"; err != nil || string(log) != want {
		t.Errorf("log: got %q and error %v, want %q", log, err, want)
	}
	check.OKf(t, server.Stop(), "stop")
	if there(p.Dir) {
		t.Errorf("the folder %s is still there", p.Dir)
	}
}

func TestAServerThatEndsByItselfIsReportedWithItsLastLines(t *testing.T) {
	t.Parallel()
	p := script(t, "echo could not bind; exit 3")
	server := start(t, p)
	err := server.AwaitReady(t.Context())
	if !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "could not bind") {
		t.Errorf("got error %v, want one with exit status 3 and the line", err)
	}
	if !there(p.Dir) {
		t.Error("the folder is gone; another start would not find its data")
	}
	check.OKf(t, server.Stop(), "stop after the end")
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
			err := program.AwaitEnd(t.Context())
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got error %v, want %q", err, test.want)
			}
			check.OKf(t, program.Stop(), "stop")
		})
	}
	t.Run("the end of the context", func(t *testing.T) {
		t.Parallel()
		p := script(t, "exec tail -f /dev/null")
		program := start(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := program.AwaitEnd(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
		check.OKf(t, program.Stop(), "stop")
		if there(p.Dir) {
			t.Errorf("the folder %s is still there", p.Dir)
		}
	})
}

func TestAwaitReadyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := start(t, script(t, "echo busy; exec tail -f /dev/null"))
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if err := server.AwaitReady(ctx); !errors.Is(err, enough) {
		t.Errorf("got error %v, want %v", err, enough)
	}
	check.OKf(t, server.Stop(), "stop")
}

func TestTheServersEnvironment(t *testing.T) {
	t.Parallel()
	got := environment([]string{"PATH=/bin", "PGDATA=/other", "MDB_CONNECTION_STRING=secret", "EQUINOX_DYNAMO_REGION=x", "AWS_PROFILE=x", "LC_ALL=de_DE"})
	if want := "LC_ALL=C PATH=/bin"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKillLeavesNothingEither(t *testing.T) {
	t.Parallel()
	p := script(t, "trap '' TERM; echo ready; sleep 3600")
	lines := make(chan string, 10)
	p.Line = func(line string) { lines <- line }
	program := start(t, p)
	check.Must(t, program.AwaitReady(t.Context()))
	for range 2 {
		check.OKf(t, program.Kill(), "kill")
	}
	check.Fails(t, program.Result(), "signal: killed")
	check.Equal(t, "line", "ready", <-lines)
	if there(p.Dir) {
		t.Errorf("the folder %s is still there", p.Dir)
	}
}

// A program may end by itself at the moment in which it is to be killed.
func TestWhatHasJustEndedIsKilledAlready(t *testing.T) {
	t.Parallel()
	command := (&Account{Name: "our own user"}).command(t.Context(), t.TempDir(), "true")
	check.Must(t, command.Run())
	if err := killGroup(command); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

func TestTheEnvironmentOfAProgram(t *testing.T) {
	t.Parallel()
	p := script(t, "echo $LC_ALL $GIVEN; echo ready")
	p.Env = []string{"GIVEN=yes", "LC_ALL=POSIX"}
	program := start(t, p)
	check.Must(t, program.AwaitEnd(t.Context()))
	if got, want := program.Tail(), "POSIX yes\nready"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	check.OKf(t, program.Stop(), "stop")
}

func TestEachSignalCanStopAProgram(t *testing.T) {
	t.Parallel()
	for _, signal := range []string{"INT", "TERM", "QUIT"} {
		t.Run(signal, func(t *testing.T) {
			t.Parallel()
			p := script(t, "trap 'echo asked by "+signal+"; exit 0' "+signal+"; echo ready; while :; do sleep 0.01; done")
			p.StopSignal = signal
			program := start(t, p)
			check.Must(t, program.AwaitReady(t.Context()))
			check.OKf(t, program.Stop(), "stop")
			if want := "ready\nasked by " + signal; program.Tail() != want {
				t.Errorf("got the output %q, want %q", program.Tail(), want)
			}
			check.OKf(t, program.Result(), "the end")
		})
	}
}
