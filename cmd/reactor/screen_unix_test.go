//go:build unix

package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/golden"
	"example.com/groupcheckout/internal/terminal"
)

// How large the terminals of these tests are.
const screenWidth, narrowWidth, screenHeight = 80, 40, 200

// recording is what was written to a terminal.
type recording struct {
	raw    string // with all that moves the cursor and colours
	width  int    // of the terminal
	screen string // as somebody saw it in the end
}

// record gives a command a terminal, and returns what it wrote to it.
func record(t *testing.T, width int, command func(tty *os.File)) recording {
	t.Helper()
	master, tty, err := pty.Open()
	check.Must(t, err)
	defer master.Close() //nolint:errcheck // it was read to its end
	check.Must(t, pty.Setsize(tty, &pty.Winsize{Rows: screenHeight, Cols: uint16(width)}))
	read := make(chan []byte)
	go func() {
		raw, _ := io.ReadAll(master) // it ends with an error, once nobody has the terminal open
		read <- raw
	}()
	command(tty)
	check.OK(t, tty.Close())
	raw := <-read
	emulator := vt.NewEmulator(width, screenHeight)
	defer emulator.Close() //nolint:errcheck // it holds nothing
	check.Must(t, check.Error(emulator.Write(raw)))
	var lines []string
	for line := range strings.Lines(emulator.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return recording{string(raw), width, strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"}
}

// typed is a command line as somebody types it at a terminal.
func typed(t *testing.T, env map[string]string, args ...string) recording {
	t.Helper()
	return typedAt(t, screenWidth, env, args...)
}

// typedAt is one that is typed at a terminal of another width.
func typedAt(t *testing.T, width int, env map[string]string, args ...string) recording {
	t.Helper()
	return record(t, width, func(tty *os.File) {
		run(t.Context(), args, streams{in: tty, out: tty, err: tty}, func(name string) string { return env[name] })
	})
}

// screens are the recordings that are kept.
func screens(t *testing.T) map[string]recording {
	t.Helper()
	all := map[string]recording{
		"help":       typed(t, nil, "help"),
		"run_help":   typed(t, nil, "help", "run", "mdb"),
		"error":      typed(t, nil, "checkpoint", "-g", "x", "mdb", "-c", "Host=127.0.0.1;Port=1"),
		"suggestion": typed(t, nil, "dmeo"),
		"flag":       typed(t, nil, "run", "--procesor-name", "x", "mdb"),
		"narrow":     typedAt(t, narrowWidth, nil, "health", "--help"),
	}
	for command, show := range examples(t, jsonFlag{}) {
		all[fileOf(command)] = record(t, screenWidth, func(tty *os.File) {
			style := terminal.Of(tty, false, func(string) string { return "" })
			if err := show(streams{out: tty, styles: terminalStyles{style, style}}); err != nil && exitStatus(err) != statusAudit {
				t.Error(err)
			}
		})
	}
	return all
}

// TestScreens compares what terminals show.
func TestScreens(t *testing.T) {
	t.Parallel()
	for name, got := range screens(t) {
		fitsTheScreen(t, name, got)
		golden.Compare(t, "screen/"+name+".txt", got.screen)
	}
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[a-zA-Z]`)

// fitsTheScreen makes sure that no line is broken by the terminal.
func fitsTheScreen(t *testing.T, name string, r recording) {
	t.Helper()
	for _, line := range regexp.MustCompile(`[\r\n]+`).Split(escapes.ReplaceAllString(r.raw, ""), -1) {
		if width := len([]rune(line)); width > r.width {
			t.Errorf("%s: got a line of %d columns, want %d at the most: %s", name, width, r.width, line)
		}
	}
}

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	t.Parallel()
	const red = "\x1b[31mreactor:"
	if got := typed(t, nil, "dmeo"); !strings.HasPrefix(got.raw, red) {
		t.Errorf("got %q, want the name in red", got.raw)
	}
	for name, got := range map[string]recording{
		"NO_COLOR":   typed(t, map[string]string{"NO_COLOR": "1"}, "dmeo"),
		"--no-color": typed(t, nil, "--no-color", "dmeo"),
		"dumb":       typed(t, map[string]string{"TERM": "dumb"}, "dmeo"),
	} {
		if escapes.MatchString(got.raw) {
			t.Errorf("%s: got %q, want no colour", name, got.raw)
		}
	}
}

// TestTheDemoAtATerminal has it tell its story, show its bars and prove the books.
func TestTheDemoAtATerminal(t *testing.T) {
	t.Parallel()
	got := typed(t, nil, "demo", "--fast", "--groups", "12", "--seed", "5")
	fitsTheScreen(t, "demo", got)
	at := 0
	for _, want := range []string{
		"One group, event by event", "stay 101            checks in", "selects stays 101, 102, 103 and 104", "notes stays 101 and 102 as merged: 193.50",
		"the Hansen wedding  is confirmed", "And now all at once", "guests arrived", "groups confirmed         12 of 12", "12 groups of 6 stays", "The books balance.",
	} {
		found := strings.Index(got.screen[at:], want)
		if found < 0 {
			t.Fatalf("got\n%s\nwant %q in it, behind what is before it", got.screen, want)
		}
		at += found
	}
}

func TestTheDemoAtANarrowTerminal(t *testing.T) {
	t.Parallel()
	got := typedAt(t, narrowWidth, nil, "demo", "--fast", "--groups", "12", "--seed", "5")
	fitsTheScreen(t, "demo", got)
	for _, want := range []string{"clerk the Hansen wedding selects stays\n    101, 102, 103 and 104\n", "The books balance. What was owed was\nmoved"} {
		if !strings.Contains(got.screen, want) {
			t.Errorf("got\n%s\nwant %q in it", got.screen, want)
		}
	}
}
