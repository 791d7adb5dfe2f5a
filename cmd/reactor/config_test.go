package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"example.com/groupcheckout/internal/check"
)

// settingsText writes a file of settings, and returns its path.
func settingsText(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reactor.yaml")
	check.Must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// Whatever a flag of these commands says, a variable and a key of the file can say, but
// for what is said each time, which is listed here.
func TestEveryFlagHasAVariableAndAKey(t *testing.T) {
	t.Parallel()
	once := map[string][]string{
		"index":  {"--status", "--json"},
		"audit":  {"--quiet", "--json"},
		"dynamo": {"--accept-loss", "--rebuild"}, // of index
	}
	parser, err := newParser(&cli{}, streams{}, nil)
	check.Must(t, err)
	variables, flags := map[string]string{}, 0
	for _, s := range settingsIn(parser.Model.Node) {
		variable := variableOf(s.key, s.flag)
		if other, taken := variables[variable]; taken {
			t.Errorf("$%s is of %s and of %s", variable, other, s.key)
		}
		variables[variable] = s.key
	}
	for _, command := range parser.Model.Children {
		if !slices.Contains([]string{"run", "index", "audit"}, command.Name) {
			continue
		}
		visit(command, func(node *kong.Node, flag *kong.Flag) {
			flags++
			if keyOf(node, flag) == "" && flag.Name != "help" && !slices.Contains(once[node.Name], "--"+flag.Name) {
				t.Errorf("reactor %s: --%s has neither a variable nor a key", command.Name, flag.Name)
			}
			if flag.Help == "" && flag.Name != "help" {
				t.Errorf("reactor %s: --%s has no help", command.Name, flag.Name)
			}
		})
	}
	if flags < 60 || len(variables) < 40 {
		t.Errorf("only %d flags and %d variables were found", flags, len(variables))
	}
}

// Each setting takes its default, or an example, from a variable and from the file.
func TestEverySettingIsTakenFromAVariableAndAFile(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	parser, err := newParser(&cli{}, streams{}, nil)
	check.Must(t, err)
	for _, s := range settingsIn(parser.Model.Node) {
		example := map[string]string{"a whole number": "7", "true or false": "true", "a number": "7", "a text of one line": "seven", expectedBytes: "7MiB"}[expected(s.flag)]
		if example == "" {
			example = "7ms"
		}
		if s.flag.Enum != "" {
			example = s.flag.EnumSlice()[len(s.flag.EnumSlice())-1]
		}
		text := s.flag.Name + ": " + example
		if store, _, below := strings.Cut(s.key, "."); below {
			text = store + ":\n  " + text
		}
		for from, rows := range map[string]func() ([]row, error){
			"$" + variableOf(s.key, s.flag): func() ([]row, error) {
				return (&configCommand{}).shown(streams{}, &cli{}, newSources(func(name string) string {
					return map[string]string{variableOf(s.key, s.flag): example}[name]
				}))
			},
			"reactor.yaml": func() ([]row, error) {
				return (&configCommand{}).shown(streams{}, &cli{Config: settingsText(t, text)}, newSources(func(string) string { return "" }))
			},
		} {
			shown, err := rows()
			if err != nil {
				t.Errorf("%s from %s: %v", s.key, from, err)
				continue
			}
			for _, row := range shown {
				changed := row.value == example || s.flag.Tag.Has("secret") && row.value == "…"
				if mine := row.key == s.key; mine && (!changed || !strings.HasPrefix(row.from, from)) {
					t.Errorf("%s from %s: got %q from %q, want %q", s.key, from, row.value, row.from, example)
				} else if !mine && row.from != "default" {
					t.Errorf("%s from %s: %s comes from %s too", s.key, from, row.key, row.from)
				}
			}
		}
	}
}

func TestAFlagComesBeforeAVariableAndThatBeforeTheFile(t *testing.T) {
	t.Parallel()
	path := settingsText(t, `
processor-name: of the file
max-writers: 2
max-read-ahead: 2
merges-at-once: 2
listen: :1
mdb: {checkpoint-schema: file, tail-sleep: 20, notify: true}
dynamo: {table: other}
`)
	env := map[string]string{"REACTOR_CONFIG": path, "REACTOR_MAX_WRITERS": "3", "REACTOR_MERGES_AT_ONCE": "3", "MDB_SCHEMA": "variable", "REACTOR_PROMETHEUS_PORT": "9"}
	grammar, _, err := parse([]string{"run", "--merges-at-once", "4", "mdb"}, streams{}, func(name string) string { return env[name] })
	check.Must(t, err)
	run := grammar.Run
	if run.ProcessorName != "of the file" || run.MaxReadAhead != 2 || run.MaxWriters != 3 || run.MergesAtOnce != 4 || run.CallLimit != 2*time.Minute {
		t.Errorf("got %+v", run)
	}
	if got := run.Mdb; got.CheckpointSchema != "variable" || time.Duration(got.TailSleep) != 20*time.Millisecond || !got.Notify {
		t.Errorf("got %+v", got)
	}
	if run.Listen != "" || run.PrometheusPort != 9 {
		t.Errorf("got the address %q and the port %d: what says the same in a file gives way to a variable", run.Listen, run.PrometheusPort)
	}
	grammar, _, err = parse([]string{"--config", path, "run", "-p", "8", "mdb"}, streams{}, func(string) string { return "" })
	if err != nil || grammar.Run.Listen != "" || grammar.Run.PrometheusPort != 8 {
		t.Errorf("got %+v and error %v: what says the same in a file gives way to a flag", grammar, err)
	}
}

func TestConfigShowsWhereASettingComesFrom(t *testing.T) {
	t.Parallel()
	path := settingsText(t, "max-writers: 2\nmdb:\n  connection: Host=db;Password="+secret+"\n")
	status, out, complaints := call(t, map[string]string{"REACTOR_MAX_READ_AHEAD": "3"}, "config", "--config", path, "run", "-g", "x", "mdb", "--tail-sleep", "9")
	if status != statusDone || complaints != "" {
		t.Fatalf("got status %d and %s", status, complaints)
	}
	check.Contains(t, strings.Join(strings.Fields(out), " "),
		"processor-name x flag - - REACTOR_PROCESSOR_NAME The consumer group.",
		"max-writers 2 reactor.yaml:1 8 groups REACTOR_MAX_WRITERS How many group checkouts to work on at once.",
		"max-read-ahead 3 $REACTOR_MAX_READ_AHEAD 16 batches",
		"mdb.connection … reactor.yaml:3 - - MDB_CONNECTION_STRING",
		"mdb.tail-sleep 9ms flag 14ms time, or ms REACTOR_MDB_TAIL_SLEEP",
		"mdb.batch-size 1000 default 1000 events",
		"call-limit 2m0s default 2m0s time",
		"max-held-bytes 128MiB default 128MiB bytes, or KiB, MiB, GiB REACTOR_MAX_HELD_BYTES",
		"mdb.max-connections - default as --connection says, else 10 number",
		"quarantine-after - default never time",
	)
	if strings.Contains(out, "dynamo") || strings.Contains(out, secret) {
		t.Errorf("got\n%s\nwant neither another store nor a password", out)
	}
}

func TestFilesOfSettingsThatAreWrong(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	for text, want := range map[string]string{
		"procesor-name: x":                          "line 1: the key procesor-name is not known here; is processor-name meant?",
		"max_writers: 4":                            "is max-writers meant?",
		"maxwriters: 4":                             "is max-writers meant?",
		"something: 4":                              "the key something is not known here: reactor config shows all",
		"\nbatch-size: 4":                           "line 2: batch-size stands at another place: below dynamo:, or below mdb:",
		"mdb:\n  max-writers: 4":                    "line 2: max-writers stands at another place: the beginning of a line",
		"mdb:\n  connectoin: x":                     "is connection meant?",
		"mdb: " + secret:                            "below mdb: its own settings stand",
		"max-writers: " + secret:                    "line 1: max-writers: it is not a whole number",
		"max-writers: many":                         `line 1: max-writers: "many" is not a whole number`,
		"max-writers: 1.5":                          `max-writers: "1.5" is not a whole number`,
		"max-writers: [1]":                          "max-writers has to be a whole number",
		"max-writers: 0":                            "--max-writers cannot be 0",
		"mdb: {batch-size: 0}":                      "--batch-size cannot be 0",
		"dynamo: {index-lease: 1ms}":                "--index-lease cannot be 1ms",
		"mdb: {notify: maybe}":                      `mdb.notify: "maybe" is not true or false`,
		"stop-limit: 25":                            `stop-limit: "25" is not a time with its unit, such as 1.5s`,
		"lease: 2562047h":                           `lease: "2562047h" is not a time with its unit, such as 1.5s, of at most a year`,
		"mdb: {tail-sleep: 9000h}":                  `"9000h" is not a time of at most a year: write 100 for milliseconds`,
		"mdb: {first-tail-sleep: 1s}":               "--first-tail-sleep cannot be 1s: it has to be at most --tail-sleep, which is 14ms",
		"max-held-bytes: 64XB":                      `max-held-bytes: it is not a number of bytes: write 65536, or a unit after it`,
		"max-held-bytes: 0":                         "--max-held-bytes cannot be 0: it has to be above zero",
		"longest-pause: 1ms":                        "--longest-pause cannot be 1ms: it has to be at least --first-pause, which is 50ms",
		"dynamo: {tip-bytes: 1GiB}":                 "--tip-bytes cannot be 1073741824: it has to be from 1024 to 262144",
		"log-level: loud":                           `log-level: "loud" is not one of debug, info, warn, error`,
		"mdb: {connection: {file: " + secret + "}}": "mdb.connection: the file that it names cannot be read: no such file",
		"mdb: {connection: {flie: x}}":              "mdb.connection has to be a text of one line, or file:",
		"mdb: {connection: \"a\\n" + secret + "\"}": "mdb.connection: it has a line break inside",
		"mdb: {connection: \"" + secret + "\"}":     "a connection string below mdb: is malformed",
		"max-writers: 3\nmax-writers: 4":            "line 2: max-writers is there twice",
		"mdb.batch-size: 3":                         "its key is not known here",
		secret + ": x: y":                           "is not YAML or JSON",
		"a: *" + secret:                             "is not YAML or JSON",
		"- " + secret:                               "line 1: a file of settings has lines of the form key: value",
		secret:                                      "a file of settings has lines of the form key: value",
		"postgres://u:" + secret + "@h: 3":          "its key is not known here",
		"config: x":                                 "the key config is not known here",
		"rebuild: true":                             "the key rebuild is not known here",
	} {
		status, out, complaints := call(t, nil, "config", "--check", settingsText(t, text))
		if status != statusConfiguration || out != "" || !strings.Contains(complaints, want) {
			t.Errorf("%q: got status %d, %q and %q, want 1 and %q", text, status, out, complaints, want)
		}
		if strings.Contains(complaints, secret) {
			t.Errorf("%q: the secret is told: %s", text, complaints)
		}
	}
	for _, text := range []string{"", "# nothing\n", "mdb:\n", "max-writers:\n", `{"max-writers": 3, "mdb": {"notify": true}}`, "\ufeffmax-writers: 3\r\n"} {
		if status, out, complaints := call(t, nil, "config", "--check", settingsText(t, text)); status != statusDone || !strings.Contains(out, "nothing is wrong") {
			t.Errorf("%q: got status %d, %q and %q, want 0", text, status, out, complaints)
		}
	}
	// What a command would do with a wrong file or variable is the same.
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"REACTOR_CONFIG": settingsText(t, "max-writers: many\nbatch: 3\n")}, `line 1: max-writers: "many" is not a whole number; reactor.yaml, line 2: the key batch is not known`},
		{map[string]string{"REACTOR_MAX_WRITERS": "many"}, `reactor: $REACTOR_MAX_WRITERS: "many" is not a whole number`},
		{map[string]string{"REACTOR_CONFIG": "/nowhere/at/all"}, "the file of --config cannot be read"},
	} {
		if status, _, complaints := call(t, test.env, "run", "-g", "x", "mdb"); status != statusConfiguration || !strings.Contains(complaints, test.want) {
			t.Errorf("%v: got status %d and %s, want 1 and %q", test.env, status, complaints, test.want)
		}
	}
	// A file that is named is looked for, even if nothing of it is needed.
	for _, line := range [][]string{{"demo", "--groups=1"}, {"version"}} {
		if status, out, complaints := call(t, nil, append(line, "--config=/nowhere/at/all")...); status != statusConfiguration || out != "" || !strings.Contains(complaints, "the file of --config cannot be read") {
			t.Errorf("%v: got status %d, %q and %q, want 1 and what is wrong", line, status, out, complaints)
		}
	}
}

func TestAValueMayBeTheContentOfAFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{"connection": "\ufeffHost=db;Password=" + secret + "\r\n", "reactor.yaml": "mdb:\n  connection: {file: connection}\n"} {
		check.Must(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	grammar, _, err := parse([]string{"--config", filepath.Join(folder, "reactor.yaml"), "init", "mdb"}, streams{}, func(string) string { return "" })
	if err != nil || grammar.Init.Mdb.Connection != "Host=db;Password="+secret {
		t.Errorf("got %q and error %v", grammar.Init.Mdb.Connection, err)
	}
}

// FuzzSettings reads any text: nothing panics, and no error repeats what may be secret.
func FuzzSettings(f *testing.F) {
	for _, text := range []string{"max-writers: 3", "mdb:\n  connection: x", "a: *b", "{\"a\": [", "&a [*a]", "!!binary x: y", "? a\n: b", "a: !x b", "%YAML 1.1\n---\na: b"} {
		f.Add(text)
	}
	parser, err := newParser(&cli{}, streams{}, nil)
	check.Must(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := readSettings(settingsText(t, strings.ReplaceAll(text, "MARK", "xQ7m:RKERq7x")), parser.Model.Node); err != nil && strings.Contains(err.Error(), "xQ7m:RKER") {
			t.Errorf("%q: the error tells the secret: %v", text, err)
		}
	})
}
