package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// There are thousands of ways to give a text to a command, and each call builds all flags
// anew, which the race detector makes slow.
var everyText = flag.Bool("every-text", false, "look for secrets in all ways to give a text to a command, not in a seventh of them") //nolint:gochecknoglobals // a flag of the test binary

// sample deals out the ways that a usual run tries: every seventh, a prime, so that each
// command, flag and form of a text has its turn beside the others.
type sample int

func (n *sample) next() bool {
	*n++
	return *everyText || *n%7 == 0
}

// wrongTexts are the wrong connection strings and addresses of the tests of those
// who read them, with a secret in each.
func wrongTexts(t *testing.T, secret string) []string {
	t.Helper()
	var texts []string
	for _, file := range []string{"../../stores/messagedb/dsn/testdata/wrong.txt", "../../stores/address/testdata/wrong.txt"} {
		content, err := os.ReadFile(file)
		check.Must(t, err)
		for line := range strings.Lines(string(content)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				texts = append(texts, strings.NewReplacer("S3CRET", secret, `\n`, "\n").Replace(line))
			}
		}
	}
	return texts
}

// callEnded calls the program with a context that has ended, so that it reads all
// that it is given and connects to nothing. It returns all that it wrote.
func callEnded(t *testing.T, variables map[string]string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errors strings.Builder
	run(ctx, args, streams{in: strings.NewReader(""), out: &out, err: &errors}, func(name string) string { return variables[name] })
	return out.String() + errors.String()
}

// commandsOfMessageDB and commandsOfDynamoDB are all commands that read one.
func commandsOfMessageDB() [][]string {
	return [][]string{
		{"run", "-g", "x", "-V", "mdb"},
		{"init", "mdb"},
		{"checkpoint", "-g", "x", "mdb"},
		{"checkpoint", "-g", "x", "-p", "0", "mdb"},
		{"audit", "mdb"},
		{"audit", "-g", "x", "mdb"},
	}
}

func commandsOfDynamoDB() [][]string {
	return [][]string{
		{"run", "-g", "x", "-V", "dynamo"},
		{"run", "-g", "x", "dynamo", "--with-indexer"},
		{"init", "dynamo"},
		{"checkpoint", "-g", "x", "dynamo"},
		{"index", "dynamo"},
		{"index", "--status", "dynamo"},
		{"audit", "dynamo"},
	}
}

// The secret of a connection string or an address never gets out, wherever somebody
// puts it and however it is written. Each time it is given to another command.
func TestNoCommandTellsASecret(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	const secret = "S3cr:et"
	var turn sample
	commands := commandsOfMessageDB()
	for i, text := range wrongTexts(t, secret) {
		// Unquoted, the shell takes it apart.
		apart := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ';' || r == '&' })
		for j, way := range []struct {
			variable string
			args     []string
		}{
			{"MDB_CONNECTION_STRING", nil},
			{"MDB_CONNECTION_STRING_READ", nil},
			{"MDB_SCHEMA", nil},
			{"", []string{"-c", text}},
			{"", []string{"-c=" + text}},
			{"", []string{"-cp", text}},
			{"", []string{"-cs", text}},
			{"", []string{"-r", text}},
			{"", []string{text}},
			{"", []string{"--konnection", text}},
			{"", []string{"-W" + text}},
			{"", append([]string{"-c"}, apart...)},
		} {
			if !turn.next() {
				continue
			}
			variables := map[string]string{"MDB_CONNECTION_STRING": "postgres://u@127.0.0.1:1/d", "MDB_SCHEMA": "public"}
			if way.variable != "" {
				variables[way.variable] = text
			}
			args := append(slices.Clone(commands[(i/2+j)%len(commands)]), way.args...)
			if told := callEnded(t, variables, args...); strings.Contains(strings.ToLower(told), strings.ToLower(secret)) {
				t.Errorf("reactor %q with %q: it is told: %s", args, variables, told)
			}
		}
		for _, args := range [][]string{{"demo", "--store", text}, {"demo", text}, {text}} {
			if !turn.next() {
				continue
			}
			if told := callEnded(t, nil, args...); strings.Contains(strings.ToLower(told), strings.ToLower(secret)) {
				t.Errorf("reactor %q: it is told: %s", args, told)
			}
		}
	}
}

func TestNoCommandTellsAKeyOfDynamoDB(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	const secret = "S3cr:et"
	names := []string{"EQUINOX_DYNAMO_REGION", "EQUINOX_DYNAMO_SERVICE_URL", "EQUINOX_DYNAMO_ACCESS_KEY_ID", "EQUINOX_DYNAMO_SECRET_ACCESS_KEY"}
	flags := []string{"-sr", "-su", "-sa", "-ss"}
	var turn sample
	commands := commandsOfDynamoDB()
	for n, around := range []string{"%s", "%s\n", "a\n%s", "http://k:%s@h", "http://k:1/%s@h", "k/%s", "k:%s", "http://h?secret=%s", "http://h/#%s", "http://h;%s", "\x01%s", "-%s"} {
		text := fmt.Sprintf(around, secret)
		for m := range 2 {
			command := commands[(n+m)%len(commands)]
			for i, name := range names {
				for _, beside := range []map[string]string{unreachableDynamo(), {"EQUINOX_DYNAMO_REGION": "eu-west-1", "EQUINOX_DYNAMO_TABLE": "hotel"}} {
					for j, args := range [][]string{{flags[i], text}, {flags[i] + "=" + text}, {text}, {"--secret", text}, nil} {
						if !turn.next() {
							continue
						}
						if j == 4 {
							beside[name] = text
						}
						if told := callEnded(t, beside, append(slices.Clone(command), args...)...); strings.Contains(strings.ToLower(told), strings.ToLower(secret)) {
							t.Errorf("reactor %q %q with %q: it is told: %s", command, args, beside, told)
						}
					}
				}
			}
		}
	}
}

// The flags of other programs for a password mean a number here.
func TestAPasswordInThePlaceOfANumberIsNotTold(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	for _, args := range [][]string{
		{"run", "-g", "x", "-pS3cr:et", "mdb"},
		{"run", "-g", "x", "-p", "S3cr:et", "mdb"},
		{"run", "-g", "x", "-w=S3cr:et", "mdb"},
		{"run", "-g", "x", "--konnection", "S3cr:et", "mdb"},
		{"run", "-g", "x", "-P", "S3cr:et", "mdb"},
		{"run", "-g", "x", "-PS3cr:et", "mdb"},
		{"run", "-g", "x", "--S3cr:et", "mdb"},
		{"run", "-g", "x", "--password=S3cr:et", "mdb"},
		{"checkpoint", "-g", "x", "-p", "S3cr:et", "mdb"},
		{"checkpoint", "-g", "x", "-pS3cr:et", "mdb"},
		{"demo", "-pS3cr:et"},
		{"demo", "--seed", "S3cr:et"},
		{"run", "-g", "x", "mdb", "-b", "S3cr:et"},
		{"run", "-g", "x", "mdb", "-t", "S3cr:et"},
		{"run", "-g", "x", "--stop-limit", "S3cr:et", "mdb"},
		{"run", "-g", "x", "--log-format", "S3cr:et", "mdb"},
		{"run", "-g", "x", "--listen", "S3cr:et@h", "mdb", "-c", "host=127.0.0.1 port=1", "-cs", "public"},
		{"run", "-g", "x", "--listen", "http://u:S3cr:et@h:80", "mdb", "-c", "host=127.0.0.1 port=1", "-cs", "public"},
		{"run", "-g", "x", "--listen", "S3cr:et", "mdb", "-c", "host=127.0.0.1 port=1", "-cs", "public"},
		{"run", "-g", "x", "--pprof", "u:S3cr:et@h", "mdb", "-c", "host=127.0.0.1 port=1", "-cs", "public"},
		{"run", "-g", "x", "--pprof", "S3cr:et", "mdb", "-c", "host=127.0.0.1 port=1", "-cs", "public"},
		{"S3cr:et"},
	} {
		if told := callEnded(t, nil, args...); strings.Contains(strings.ToLower(told), "s3cr:et") || !strings.Contains(told, "reactor: ") {
			t.Errorf("reactor %q: got %s, want an error without the value", args, told)
		}
	}
	// A plain word is repeated where a command is to stand, but not behind a flag
	// that is not known, whose value it may be.
	if told := callEnded(t, nil, "run", "-g", "x", "--konnection", "hunter", "mdb"); strings.Contains(told, "hunter") || !strings.Contains(told, "unknown flag --konnection") {
		t.Errorf("behind an unknown flag: got %s, want an error about the flag without what follows", told)
	}
}

// Values of a file or a secret of Kubernetes end in a line break.
func TestWhatStandsAroundAValueDoesNotCount(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	around := func(text string) string { return "\ufeff " + text + " \r\n" }
	mdb := map[string]string{"MDB_CONNECTION_STRING": around("V"), "MDB_CONNECTION_STRING_READ": around("VR"), "MDB_SCHEMA": around("VS")}
	getenv := func(variables map[string]string) func(string) string {
		return func(name string) string { return variables[name] }
	}
	grammar, _, err := parse([]string{"run", "-g", "g\n", "--max-writers", "4\n", "mdb", "-cp", " CP\n"}, streams{}, getenv(mdb))
	check.Must(t, err)
	got := grammar.Run.Mdb
	if got.Connection != "V" || got.ReadConnection != "VR" || got.CheckpointSchema != "VS" || got.CheckpointConnection != "CP" || grammar.Run.ProcessorName != "g" || grammar.Run.MaxWriters != 4 {
		t.Errorf("got %+v, group %q and %d writers", got, grammar.Run.ProcessorName, grammar.Run.MaxWriters)
	}
	dynamo := map[string]string{}
	for _, name := range []string{"SERVICE_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "TABLE", "TABLE_INDEX", "REGION"} {
		dynamo["EQUINOX_DYNAMO_"+name] = around(name)
	}
	grammar, _, err = parse([]string{"index", "dynamo"}, streams{}, getenv(dynamo))
	check.Must(t, err)
	if got, want := grammar.Index.Dynamo.dynamoTables, (dynamoTables{"REGION", "SERVICE_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "TABLE", "TABLE_INDEX", "-index", false}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	grammar, _, err = parse([]string{"audit", "-g", " a\n", "-g=b\n", "mdb", "-c=" + around("C")}, streams{}, getenv(nil))
	if err != nil || !slices.Equal(grammar.Audit.ProcessorName, []string{"a", "b"}) || grammar.Audit.Mdb.Connection != "C" {
		t.Errorf("got %+v and error %v", grammar.Audit, err)
	}
	grammar, _, err = parse([]string{"demo", "--store", "memory:\n"}, streams{}, getenv(nil))
	if err != nil || grammar.Demo.Store != "memory:" {
		t.Errorf("got %+v and error %v", grammar.Demo, err)
	}
}

func TestALineBreakInsideAValueNamesItsPlace(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	const two = "S3cr:et\nS3cr:et"
	for name, args := range map[string][]string{
		"MDB_CONNECTION_STRING":            {"run", "-g", "x", "mdb"},
		"MDB_CONNECTION_STRING_READ":       {"run", "-g", "x", "mdb"},
		"MDB_SCHEMA":                       {"init", "mdb"},
		"EQUINOX_DYNAMO_REGION":            {"init", "dynamo"},
		"EQUINOX_DYNAMO_SERVICE_URL":       {"init", "dynamo"},
		"EQUINOX_DYNAMO_ACCESS_KEY_ID":     {"init", "dynamo"},
		"EQUINOX_DYNAMO_SECRET_ACCESS_KEY": {"init", "dynamo"},
		"EQUINOX_DYNAMO_TABLE":             {"init", "dynamo"},
		"EQUINOX_DYNAMO_TABLE_INDEX":       {"init", "dynamo"},
		"--connection":                     {"run", "-g", "x", "mdb", "-c", two},
		"--checkpoint-connection":          {"run", "-g", "x", "mdb", "-cp=" + two},
		"--secret-key":                     {"init", "dynamo", "-ss", two},
		"--processor-name":                 {"audit", "-g", two, "mdb"},
		"--store":                          {"demo", "--store", two},
	} {
		told := callEnded(t, map[string]string{name: two}, args...)
		if !strings.Contains(told, name+": it has a line break") || strings.Contains(strings.ToLower(told), "s3cr:et") {
			t.Errorf("%s: got %s, want an error that names it and not its value", name, told)
		}
	}
}

func TestKeysWithoutAnEffectAreLogged(t *testing.T) {
	t.Parallel()
	told := callEnded(t, nil, "run", "-g", "x", "mdb", "-c", "Host=127.0.0.1;Port=1;Pooling=true;Command Timeout=3", "-cs", "public")
	if !strings.Contains(told, "have no effect here") || !strings.Contains(told, "commandtimeout pooling") {
		t.Errorf("got %s, want the keys that have no effect", told)
	}
}
