package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Where the log is for programs, each line of the standard error is JSON: also where
// nothing has begun yet, and from commands that have no flags for a log.
func TestEveryLineIsJSON(t *testing.T) {
	t.Parallel()
	variable := map[string]string{"REACTOR_LOG_FORMAT": "json"}
	broken := settingsText(t, "log-format: json\nmax-writers: 0\n")
	wrong := settingsText(t, "max-writers: many\nnothing: 1\n")
	for _, c := range []struct {
		env  map[string]string
		line string
	}{
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
	// For people it stays text, and a flag comes before the variable.
	for _, line := range []string{"run --log-format text", "run --log-format=text"} {
		if _, _, lines := call(t, variable, strings.Fields(line)...); !strings.HasPrefix(lines, "reactor: ") {
			t.Errorf("reactor %s: got %s, want text", line, lines)
		}
	}
}
