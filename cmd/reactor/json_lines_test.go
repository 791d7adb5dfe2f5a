package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
)

// Where the log is for programs, each line of the standard error is JSON: also where
// nothing has begun yet, and from commands that have no flags for a log.
func TestEveryLineIsJSON(t *testing.T) {
	t.Parallel()
	variable := map[string]string{"REACTOR_LOG_FORMAT": "json"}
	file := settingsText(t, "log-format: json\n")
	broken := settingsText(t, "log-format: json\nmax-writers: many\n")
	wrong := settingsText(t, "max-writers: many\nnothing: 1\n")
	for _, c := range []struct {
		env  map[string]string
		line string
	}{
		{nil, "--config " + file + " audit mdb"},
		{nil, "--config " + file + " init dynamo"},
		{nil, "--config " + file + " quarantine -g x add mdb"},
		{nil, "--config " + file + " health --url http://127.0.0.1:1/"},
		{nil, "--config " + file + " run mdb"},
		{nil, "--config " + file + " demo -V --quiet --groups 2 --stays 1"},
		{nil, "--config " + broken + " config run -g x mdb"},
		{map[string]string{"REACTOR_CONFIG": file}, "config --check " + wrong},
		{map[string]string{"REACTOR_CONFIG": file}, "slots -g x mdb"},
		{variable, "demo -V --quiet --groups 2 --stays 1"},
		{nil, "run --log-format json -g x mdb --nothing-like-it"},
		{nil, "run --log-format=json"},
		{nil, "run -g x --log-format json -w many mdb"},
		{nil, "run -g x -w 0 --log-format json mdb"},
		{nil, "run -g x --log-format json mdb"},
		{nil, "run -g x --log-format json mdb -c Host=127.0.0.1;Port=1;Username=u;Timeout=1 --cs public"},
		{nil, "run -g x --log-format json --listen 127.0.0.1:999999 mdb"},
		{nil, "run --log-format json --log-level loud -g x mdb"},
		{nil, "demo --log-format json --groups 4 --stays 1"},
		{nil, "demo --log-format json --groups 0"},
		{nil, "--config " + broken + " run -g x mdb -c Host=h --cs public"},
		{nil, "--config " + settingsText(t, "log-format: json\nmax-writers: 0\n") + " run -g x mdb -c Host=h --cs public"},
		{variable, "run"},
		{variable, "nothing"},
		{variable, "run -g x mdb -c nonsense;Password=" + secret},
		{variable, "--config " + wrong + " run -g x mdb"},
		{variable, "--config /nowhere run -g x mdb"},
		{variable, "config --check " + wrong},
		{variable, "audit mdb"},
		{variable, "audit dynamo -sr eu-west-1"},
		{variable, "quarantine -g x add mdb"},
		{variable, "index --json dynamo"},
		{variable, "health --listen 127.0.0.1:1"},
	} {
		status, _, lines := call(t, c.env, strings.Fields(c.line)...)
		if lines == "" {
			t.Errorf("reactor %s: nothing was said, with status %d", c.line, status)
		}
		for line := range strings.Lines(lines) {
			var said struct {
				Time       time.Time
				Level, Msg string
			}
			if err := json.Unmarshal([]byte(line), &said); err != nil || said.Time.IsZero() || said.Level == "" || said.Msg == "" {
				t.Errorf("reactor %s: got the line %q, want JSON with time, level and msg", c.line, line)
			}
		}
		if strings.Contains(lines, secret) {
			t.Errorf("reactor %s: got %s, want no secret", c.line, lines)
		}
	}
	// For people it stays text: a flag comes before the variable, and that before the file.
	for _, c := range []struct {
		env  map[string]string
		line string
	}{
		{variable, "run --log-format text"},
		{variable, "run --log-format=text"},
		{nil, "--config " + file + " run --log-format text -g x mdb"},
		{map[string]string{"REACTOR_LOG_FORMAT": "text"}, "--config " + file + " audit mdb"},
		{nil, "--config " + settingsText(t, "log-format: text\n") + " audit mdb"},
	} {
		if _, _, lines := call(t, c.env, strings.Fields(c.line)...); !strings.Contains(lines, "reactor: ") || strings.Contains(lines, "{") {
			t.Errorf("reactor %s: got %s, want text", c.line, lines)
		}
	}
}

// Whoever hands the streams over is told, once, that the standard error is for programs:
// what libraries log goes there too.
func TestTheLogOfLibrariesIsJSONToo(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{
		"run --log-format json": 1,
		"--config " + settingsText(t, "log-format: json\n") + " run -g x mdb": 1,
		"run -g x mdb": 0,
	} {
		told := 0
		run(t.Context(), strings.Fields(line), streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard, whenJSON: func() { told++ }}, func(string) string { return "" })
		if told != want {
			t.Errorf("reactor %s: told %d times, want %d", line, told, want)
		}
	}
}
