package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb"
)

// secret is the password in all connection strings here; nothing may print it.
const secret = "Sesame"

func TestCommandLinesThatAreWrong(t *testing.T) {
	t.Parallel()
	const dsn = "Host=127.0.0.1;Port=1;Username=u;Password=" + secret
	both := map[string]string{"MDB_CONNECTION_STRING": dsn, "MDB_SCHEMA": "public"}
	dynamo := unreachableDynamo()
	for _, test := range []struct {
		name string
		env  map[string]string
		args []string
		want string // in the error
	}{
		{"an unknown command", nil, []string{"start"}, `"start" is not a command; "reactor" is followed by one of: run, init, checkpoint, slots, quarantine, index, audit, health, demo, config, completion, version, help`},
		{"a mistyped command", nil, []string{"dmeo"}, `"dmeo" is not a command: did you mean "demo"? See reactor --help`},
		{"a mistyped store", nil, []string{"run", "-g", "x", "mbd"}, `"mbd" is not a command: did you mean "mdb"? See reactor run --help`},
		{"a mistyped flag", nil, []string{"run", "--procesor-name", "x", "mdb"}, "unknown flag --procesor-name: did you mean --processor-name? See reactor run --help"},
		{"a flag that is like none", nil, []string{"run", "--colour", "x", "mdb"}, "unknown flag --colour. See reactor run --help"},
		{"a flag of the store before it", nil, []string{"run", "--connection", secret, "mdb"}, `--connection belongs to "reactor run mdb": write it after that`},
		{"a letter that is no flag, with a value", nil, []string{"run", "-xsesame", "mdb"}, "unknown flag -x. See"},
		{"a shell that is none", nil, []string{"completion", "csh"}, `<shell> must be one of "bash","zsh","fish" but got "csh"`},
		{"a shell that is not named", nil, []string{"completion"}, `expected one of "bash", "zsh", "fish". See reactor completion --help`},
		{"JSON of what is no table", both, []string{"quarantine", "-g", "x", "--json", "drop", "mdb"}, "--json has a meaning only with list"},
		{"JSON of an indexer", dynamo, []string{"index", "dynamo", "--json"}, "--json has a meaning only with --status"},
		{"a flag alone", nil, []string{"--no-color"}, `expected one of "run", "init", "checkpoint", "slots", "quarantine", "index", "audit", "health", "demo", "config", "completion", "version", "help". See reactor --help`},
		{"a command in capitals", nil, []string{"RUN"}, `"RUN" is not a command: did you mean "run"? See reactor --help`},
		{"the beginning of a flag", nil, []string{"run", "--processor", "x"}, "unknown flag --processor: did you mean --processor-name? See reactor run --help"},
		{"the beginning of two flags", nil, []string{"run", "--log", "x"}, "unknown flag --log. See reactor run --help"},
		{"a mistyped shell", nil, []string{"completion", "basch"}, `but got "basch": did you mean "bash"? See reactor completion`},
		{"no store", nil, []string{"run", "-g", "x"}, `expected one of "mdb", "dynamo"`},
		{"a store that is none", nil, []string{"run", "-g", "x", "memory"}, `"memory" is not a command; "reactor run" is followed by one of: mdb, dynamo`},
		{"no processor name", both, []string{"run", "mdb"}, "missing flags: --processor-name=NAME. See reactor run mdb --help"},
		{"no processor name for a checkpoint", both, []string{"checkpoint", "mdb"}, "missing flags: --processor-name=NAME"},
		{"an empty processor name", both, []string{"run", "-g", "", "mdb"}, "--processor-name is empty"},
		{"an empty processor name for a checkpoint", both, []string{"checkpoint", "-g", "", "mdb"}, "--processor-name is empty"},
		{"an unknown flag", both, []string{"run", "-g", "x", "mdb", "--chekpoint"}, "unknown flag --chekpoint"},
		{"an unknown flag with a value", both, []string{"run", "-g", "x", "mdb", "--pasword=" + secret}, "unknown flag --pasword"},
		{"a flag without its value", nil, []string{"run", "-g", "x", "mdb", "-c"}, "-c needs a value"},
		{"a flag in the place of a value", nil, []string{"run", "-g", "x", "mdb", "-c", "-b", "5"}, "-c needs a value: --connection=STRING. What follows it looks like a flag"},
		{"no connection string", nil, []string{"run", "-g", "x", "mdb", "-cs", "public"}, "--connection (-c) STRING, or set MDB_CONNECTION_STRING"},
		{"only a connection string for checkpoints", nil, []string{"run", "-g", "x", "mdb", "-cp", dsn, "-cs", "public"}, "the one for checkpoints is not enough"},
		{"no schema", nil, []string{"run", "-g", "x", "mdb", "-c", dsn}, "--checkpoint-schema (-cs) NAME, or set MDB_SCHEMA"},
		{"a malformed connection string", nil, []string{"run", "-g", "x", "mdb", "-c", secret, "-cs", "public"}, "the connection string is malformed"},
		{"a malformed connection string with a password", nil, []string{"run", "-g", "x", "mdb", "-c", "Hots=a;Password=" + secret, "-cs", "public"}, "the connection string is malformed"},
		{"a connection string without quotes", nil, []string{"run", "-g", "x", "mdb", "-c", "host=a", "password=" + secret}, "argument 7 is not a flag"},
		{"a password with a space, without quotes", nil, []string{"run", "-g", "x", "mdb", "-c", "Password=open", secret}, "left without quotes"},
		{"a connection string for a command", nil, []string{"run", "-g", "x", "postgres://u:" + secret + "@h/d"}, "argument 4 is not a command"},
		{"a malformed schema", nil, []string{"run", "-g", "x", "mdb", "-c", dsn, "-cs", "a b"}, "the checkpoint schema is not a name"},
		{"a number that is none", both, []string{"run", "-g", "x", "-w", "many", "mdb"}, `--max-writers: expected a whole number but got "many"`},
		{"no writers", both, []string{"run", "-g", "x", "-w", "0", "mdb"}, "--max-writers cannot be 0"},
		{"no read-ahead", both, []string{"run", "-g", "x", "--max-read-ahead=0", "mdb"}, "--max-read-ahead cannot be 0"},
		{"no merges", both, []string{"run", "-g", "x", "--merges-at-once=-1", "mdb"}, "--merges-at-once cannot be -1"},
		{"no snapshots below zero", both, []string{"run", "-g", "x", "--snapshot-every=-1", "mdb"}, "--snapshot-every cannot be -1: 0 takes none"},
		{"no interval", both, []string{"run", "-g", "x", "--checkpoint-interval=0s", "mdb"}, "--checkpoint-interval cannot be 0s"},
		{"an interval that is none", both, []string{"run", "-g", "x", "--checkpoint-interval=1ns", "mdb"}, "--checkpoint-interval cannot be 1ns: it has to be at least 10ms"},
		{"more outcomes than an item holds", both, []string{"run", "-g", "x", "--record-at-once=1001", "mdb"}, "--record-at-once cannot be 1001: it has to be from 1 to 1000"},
		{"a lease of centuries", both, []string{"run", "-g", "x", "--lease=2562047h", "mdb"}, "--lease: 2562047h0m0s is longer than a year, 8760h0m0s, which is the most"},
		{"pauses of centuries", both, []string{"run", "-g", "x", "--first-pause=1708920h", "--longest-pause", "2562047h", "mdb"}, "1708920h0m0s is longer than a year"},
		{"a limit of centuries", both, []string{"run", "-g", "x", "mdb", "--settle-limit=2562047h"}, "--settle-limit: 2562047h0m0s is longer than a year"},
		{"a lease of decades", dynamo, []string{"index", "dynamo", "--index-lease", "2000000000"}, "555555h33m20s is longer than a year"},
		{"a first pause at the tail above the longest", both, []string{"run", "-g", "x", "mdb", "-t", "10", "--first-tail-sleep", "11"}, "--first-tail-sleep cannot be 11ms: it has to be at most --tail-sleep, which is 10ms"},
		{"a first pause at the tail of the index above the longest", dynamo, []string{"run", "-g", "x", "dynamo", "--first-tail-sleep", "1s"}, "--first-tail-sleep cannot be 1s: it has to be at most --tail-sleep, which is 500ms"},
		{"no limit", both, []string{"run", "-g", "x", "--stop-limit=-1s", "mdb"}, "--stop-limit cannot be -1s"},
		{"a negative batch", both, []string{"run", "-g", "x", "mdb", "-b=-1"}, "--batch-size cannot be -1"},
		{"an empty batch", both, []string{"run", "-g", "x", "mdb", "-b", "0"}, "--batch-size cannot be 0"},
		{"a time that is none", both, []string{"run", "-g", "x", "mdb", "-t", "soon"}, `"soon" is not a time: write 100 for milliseconds`},
		{"no pause at the tail", both, []string{"run", "-g", "x", "mdb", "-t", "0"}, "--tail-sleep cannot be 0s"},
		{"nothing gathered", both, []string{"run", "-g", "x", "mdb", "--gather", "0"}, "--gather cannot be 0"},
		{"a format that is none", both, []string{"run", "-g", "x", "--log-format", "xml", "mdb"}, `--log-format must be one of "text","json"`},
		{"two addresses", both, []string{"run", "-g", "x", "-p", "9000", "--listen", ":9000", "mdb"}, "can't be used together"},
		{"a port that is none", both, []string{"run", "-g", "x", "-p", "70000", "mdb"}, "--prometheus-port cannot be 70000"},
		{"an address that is none", both, []string{"run", "-g", "x", "--listen", "nowhere", "mdb"}, `the status page cannot be served at "nowhere"`},
		{"a demo without groups", nil, []string{"demo", "--groups", "0"}, "--groups cannot be 0"},
		{"a demo of a size that cannot be", nil, []string{"demo", "--stays", "2000000"}, "--stays cannot be 2000000: it has to be from 1 to 1000000"},
		{"a demo on a store that is none", nil, []string{"demo", "--store", "redis://u:" + secret + "@h/"}, "is not the address of a store"},
		{"init without a connection string", map[string]string{"MDB_SCHEMA": "public"}, []string{"init", "mdb"}, "MDB_CONNECTION_STRING"},
		{"a demo on a DynamoDB without a table", nil, []string{"demo", "--store", "dynamodb+http://u:" + secret + "@h:1/"}, "does not name one table"},
		{"no table", nil, []string{"run", "-g", "x", "dynamo", "-sr", "eu-west-1"}, "--table (-t) NAME, or set EQUINOX_DYNAMO_TABLE"},
		{"no place of tables", nil, []string{"run", "-g", "x", "dynamo", "-t", "hotel"}, "neither a region nor a server is given"},
		{
			"a region in the environment beside a server",
			map[string]string{"EQUINOX_DYNAMO_REGION": "eu-west-1"},
			[]string{"run", "-g", "x", "dynamo", "-su", "http://localhost:1", "-sa", "k", "-ss", secret, "-t", "hotel"},
			"both a region, eu-west-1, and a service URL are given",
		},
		{"a server in the environment beside a region", dynamo, []string{"init", "dynamo", "--region", "eu-west-1"}, "leave one out"},
		{"a server without keys", nil, []string{"checkpoint", "-g", "x", "dynamo", "-su", "http://localhost:1", "-t", "hotel"}, "needs an access key id and a secret access key"},
		{"half a key", nil, []string{"checkpoint", "-g", "x", "dynamo", "-sr", "eu-west-1", "-ss", secret, "-t", "hotel"}, "of use only together"},
		{"a malformed server", dynamo, []string{"index", "dynamo", "-su", "tcp://u:" + secret + "@h"}, "is not one like http://localhost:8000"},
		{"a malformed table", dynamo, []string{"index", "dynamo", "-t", "a b"}, "3 to 255 letters"},
		{"an index that is the table", dynamo, []string{"index", "dynamo", "-i", "hotel"}, "a table of its own"},
		{"no suffix", dynamo, []string{"index", "dynamo", "--index-suffix="}, "--index-suffix is empty"},
		{"an empty batch of spans", dynamo, []string{"run", "-g", "x", "dynamo", "-b", "0"}, "--batch-size cannot be 0"},
		{"fewer than no retries", dynamo, []string{"run", "-g", "x", "dynamo", "-r=-1"}, "--retries cannot be -1"},
		{"no time for a request", dynamo, []string{"run", "-g", "x", "dynamo", "-rt", "0"}, "--request-timeout cannot be 0s"},
		{"a time for a request that is none", dynamo, []string{"run", "-g", "x", "dynamo", "-rt", "soon"}, `"soon" is not a time: write 10 for seconds`},
		{"no pause at the tail of the index", dynamo, []string{"run", "-g", "x", "dynamo", "--tail-sleep", "0"}, "--tail-sleep cannot be 0s"},
		{"half of a throughput", dynamo, []string{"init", "dynamo", "-r", "5"}, "give both"},
		{"a stream without images", dynamo, []string{"init", "dynamo", "-s", "off"}, `--streaming must be one of "new","newandold"`},
		{"a status with a loss", dynamo, []string{"index", "dynamo", "--status", "--accept-loss", "1a2b"}, "no meaning beside --status"},
		{"a status with a rebuild", dynamo, []string{"index", "dynamo", "--status", "--rebuild"}, "no meaning beside --status"},
		{"a loss that is not named", dynamo, []string{"index", "dynamo", "--accept-loss"}, "--accept-loss needs a value"},
		{"a loss with a rebuild", dynamo, []string{"index", "dynamo", "--rebuild", "--accept-loss", "1a2b"}, "leave one of --rebuild and --accept-loss out"},
		{"no part of a table", dynamo, []string{"index", "dynamo", "--rebuild", "--segments", "0"}, "--segments cannot be 0"},
		{"a rate below zero", dynamo, []string{"audit", "dynamo", "--rate=-1"}, "--rate cannot be -1"},
		{"a lease that is too short", dynamo, []string{"index", "dynamo", "--index-lease", "100ms"}, "--index-lease cannot be 100ms"},
		{"no pause of the indexer", dynamo, []string{"run", "-g", "x", "dynamo", "--index-poll", "0"}, "--index-poll cannot be 0s"},
		{"a tip of nothing", dynamo, []string{"run", "-g", "x", "dynamo", "--index-tip", "0"}, "--index-tip cannot be 0"},
		{"no processor name on DynamoDB", dynamo, []string{"checkpoint", "-g", "", "dynamo"}, "--processor-name is empty"},
		{"more than there is", nil, []string{"version", "please"}, "argument 2 is not a flag"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			status, out, errors := call(t, test.env, test.args...)
			if status != statusConfiguration || out != "" {
				t.Errorf("got status %d and the output %q, want 1 and none", status, out)
			}
			if !strings.Contains(errors, test.want) {
				t.Errorf("got the error %q, want %q in it", errors, test.want)
			}
			if strings.Contains(errors, secret) {
				t.Errorf("the error gives the password away: %q", errors)
			}
			if last := lastLine(errors); !strings.HasPrefix(last, "reactor: ") {
				t.Errorf("got %q at the end, want one paragraph of the program", last)
			}
		})
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return lines[len(lines)-1]
}

func TestAServerThatIsDownIsAFailure(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"run":        {"run", "-g", "x", "mdb"},
		"init":       {"init", "mdb"},
		"checkpoint": {"checkpoint", "-g", "x", "mdb"},
		"demo":       {"demo", "--store", "postgres://u:" + secret + "@127.0.0.1:1/d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, dsn := range []string{
				"Host=127.0.0.1;Port=1;Username=u;Password=" + secret,
				"postgres://u:" + secret + "@127.0.0.1:1/d",
				"host=127.0.0.1 port=1 user=u password='" + secret + "'",
			} {
				status, _, errors := call(t, map[string]string{"MDB_CONNECTION_STRING": dsn, "MDB_SCHEMA": "public"}, args...)
				if status != statusFailure || !strings.Contains(errors, "the server cannot be reached") || strings.Contains(errors, secret) {
					t.Errorf("got status %d and the error %q, want 2, why, and no password", status, errors)
				}
			}
		})
	}
}

// unreachableDynamo are the variables of a DynamoDB that is not there.
func unreachableDynamo() map[string]string {
	return map[string]string{
		"EQUINOX_DYNAMO_SERVICE_URL": "http://127.0.0.1:1", "EQUINOX_DYNAMO_ACCESS_KEY_ID": "key", "EQUINOX_DYNAMO_SECRET_ACCESS_KEY": secret,
		"EQUINOX_DYNAMO_TABLE": "hotel",
	}
}

func TestADynamoDBThatIsDownIsAFailure(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"run":        {"run", "-g", "x", "dynamo"},
		"init":       {"init", "dynamo"},
		"checkpoint": {"checkpoint", "-g", "x", "dynamo"},
		"index":      {"index", "dynamo"},
		"status":     {"index", "dynamo", "--status"},
		"demo":       {"demo", "--store", "dynamodb+http://key:" + secret + "@127.0.0.1:1/hotel"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, errors := call(t, unreachableDynamo(), args...)
			if status != statusFailure || !strings.Contains(errors, "DynamoDB cannot be reached") || strings.Contains(errors, secret) {
				t.Errorf("got status %d and the error %q, want 2, why, and no secret", status, errors)
			}
		})
	}
}

func TestAStopWhileStartingIsNoFailure(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errors strings.Builder
	status := run(ctx, []string{"run", "-g", "x", "mdb", "-c", "Host=127.0.0.1;Port=1", "-cs", "public"},
		streams{in: strings.NewReader(""), out: &out, err: &errors}, func(string) string { return "" })
	if status != statusDone || !strings.Contains(errors.String(), "stopped before it had started") {
		t.Errorf("got status %d and %q, want 0 and that it was stopped", status, errors.String())
	}
}

func TestAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	status, _, errors := call(t, nil, "run", "-g", "x", "--listen", taken.Addr().String(), "mdb", "-c", "Host=127.0.0.1;Port=1", "-cs", "public")
	if status != statusConfiguration || !strings.Contains(errors, taken.Addr().String()) {
		t.Errorf("got status %d and %q, want 1 and the address", status, errors)
	}
}

// settings is what a command line of reactor run mdb comes to.
type settings struct {
	Group, Connection, Read, Checkpoint, Schema string
	ReadAhead, Writers, Batch, Port             int
	Tail                                        time.Duration
	FromTail, Verbose                           bool
}

func TestSpellingsAndVariables(t *testing.T) {
	t.Parallel()
	variables := map[string]string{"MDB_CONNECTION_STRING": "V", "MDB_CONNECTION_STRING_READ": "VR", "MDB_SCHEMA": "VS"}
	full := settings{"g", "C", "R", "CP", "CS", 3, 4, 5, 9, 250 * time.Millisecond, true, true}
	for _, test := range []struct {
		name string
		env  map[string]string
		line string
		want settings
	}{
		{"long", nil, "run --processor-name g --verbose --max-read-ahead 3 --max-writers=4 --prometheus-port 9 mdb --connection C --read-connection=R --checkpoint-connection CP --checkpoint-schema CS --batch-size 5 --tail-sleep 250ms --from-tail", full},
		{"short", nil, "run -g g -V -r 3 -w 4 -p 9 mdb -c C -r R -cp CP -cs CS -b 5 -t 250 -Z", full},
		{"short, joined to the values", nil, "run -gg -V -r3 -w=4 -p9 mdb -c=C -r=R -cp=CP -cs=CS -b5 -t=250 -Z", full},
		{"of .NET", nil, "run --processorname g --verbose --maxreadahead 3 --maxwriters 4 --prometheusport 9 mdb --connectionstring C --readconnectionstring R --checkpointconnectionstring CP --checkpointschema CS --batchsize 5 --tailsleepintervalms 250 --fromtail", full},
		{"two letters behind two dashes", nil, "run -g g -V -r 3 -w 4 -p 9 mdb -c C -r R --cp CP --cs CS -b 5 -t 0.25s -Z", full},
		{"common flags behind the store", nil, "run mdb -c C -r R -cp CP -cs CS -b 5 -t 250 -Z -g g -V --max-read-ahead 3 -w 4 -p 9", full},
		{"values that look like something else", nil, "run -g mdb mdb -c run -cs=-r", settings{"mdb", "run", "", "", "-r", 16, 8, 1000, 0, 14 * time.Millisecond, false, false}},
		{"variables", variables, "run -g g mdb", settings{"g", "V", "VR", "", "VS", 16, 8, 1000, 0, 14 * time.Millisecond, false, false}},
		{"flags before variables", variables, "run -g g mdb -c C -r R -cs CS", settings{"g", "C", "R", "", "CS", 16, 8, 1000, 0, 14 * time.Millisecond, false, false}},
		{"empty variables", map[string]string{"MDB_SCHEMA": ""}, "run -g g mdb -c C", settings{"g", "C", "", "", "", 16, 8, 1000, 0, 14 * time.Millisecond, false, false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			grammar, _, err := parse(strings.Fields(test.line), streams{}, func(name string) string { return test.env[name] })
			check.Must(t, err)
			run, mdb := grammar.Run, grammar.Run.Mdb
			got := settings{
				run.ProcessorName, mdb.Connection, mdb.ReadConnection, mdb.CheckpointConnection, mdb.CheckpointSchema,
				run.MaxReadAhead, run.MaxWriters, mdb.BatchSize, run.PrometheusPort,
				time.Duration(mdb.TailSleep), mdb.FromTail, run.Verbose,
			}
			check.Same(t, test.line, test.want, got)
		})
	}
}

func TestSpellingsAndVariablesOfDynamo(t *testing.T) {
	t.Parallel()
	tuned := func(tables dynamoTables) dynamoStore {
		return dynamoStore{tables, 3, seconds(4 * time.Second), 5, milliseconds(250 * time.Millisecond), true}
	}
	plain := func(tables dynamoTables) dynamoStore {
		tables.IndexSuffix = "-index"
		return dynamoStore{tables, 9, seconds(10 * time.Second), 100, milliseconds(500 * time.Millisecond), false}
	}
	variables := map[string]string{
		"EQUINOX_DYNAMO_SERVICE_URL": "VU", "EQUINOX_DYNAMO_ACCESS_KEY_ID": "VA", "EQUINOX_DYNAMO_SECRET_ACCESS_KEY": "VS",
		"EQUINOX_DYNAMO_TABLE": "VT", "EQUINOX_DYNAMO_TABLE_INDEX": "VI",
	}
	server := dynamoTables{"", "U", "A", "S", "T", "I", "-x", false}
	for _, test := range []struct {
		name string
		env  map[string]string
		line string
		want dynamoStore
	}{
		{"long", nil, "--service-url U --access-key A --secret-key=S --table T --index-table=I --index-suffix=-x --retries 3 --request-timeout 4s --batch-size 5 --tail-sleep 0.25s --from-tail", tuned(server)},
		{"short", nil, "-su U -sa A -ss S -t T -i I -is=-x -r 3 -rt 4 -b 5 --tail-sleep 250 -Z", tuned(server)},
		{"of .NET", nil, "--serviceurl U --accesskey A --secretkey S --table T --indextable I --indexsuffix=-x --retries 3 --retriestimeouts 4 --maxitems 5 --tail-sleep 250ms --fromtail", tuned(server)},
		{"a region", nil, "-sr R -t T", plain(dynamoTables{Region: "R", Table: "T"})},
		{"a region of .NET", nil, "--regionprofile R -t T", plain(dynamoTables{Region: "R", Table: "T"})},
		{"variables", variables, "", plain(dynamoTables{"", "VU", "VA", "VS", "VT", "VI", "", false})},
		{"flags before variables", variables, "-su U -t T", plain(dynamoTables{"", "U", "VA", "VS", "T", "VI", "", false})},
		{"the region's variable", map[string]string{"EQUINOX_DYNAMO_REGION": "VR"}, "-t T", plain(dynamoTables{Region: "VR", Table: "T"})},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			grammar, _, err := parse(append([]string{"run", "-g", "g", "dynamo"}, strings.Fields(test.line)...), streams{}, func(name string) string { return test.env[name] })
			check.Must(t, err)
			check.Equal(t, test.line, test.want, grammar.Run.Dynamo.dynamoStore)
		})
	}
}

func TestTheIndexTableIsTheTablesWithASuffixUnlessNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ index, suffix, want string }{
		{"", "-index", "hotel-index"},
		{"", "-x", "hotel-x"},
		{"other", "-x", "other"},
	} {
		config, err := (&dynamoTables{Region: "eu-west-1", Table: "hotel", IndexTable: test.index, IndexSuffix: test.suffix}).config()
		if err != nil || config.IndexTable != test.want {
			t.Errorf("index %q, suffix %q: got %q and error %v, want %q", test.index, test.suffix, config.IndexTable, err, test.want)
		}
	}
}

func TestAnErrorIsOneParagraph(t *testing.T) {
	t.Parallel()
	err := errors.Join(errors.New("one:\n\ttwo"), errors.New("three"))
	if got, want := paragraph(err), "one: two; three"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheAdviceIsACommandLine(t *testing.T) {
	t.Parallel()
	err := withAdvice(&reactor.CheckpointAheadError{
		Key: feed.Key{Source: "messageDb", Tranche: "GroupCheckout", Group: "it's mine"}, Checkpoint: 9, End: 5,
	}, "mdb")
	want := `reactor checkpoint mdb --processor-name 'it'\''s mine' --tranche GroupCheckout --position 0,`
	if !strings.Contains(err.Error(), want) {
		t.Errorf("got %q, want %q in it", err, want)
	}
	loss := withAdvice(&dynamodb.HaltError{ID: "1a2b", Err: &dynamodb.LossError{Shard: "s"}}, "dynamo")
	if want := "reactor index dynamo --rebuild; to go on without, it is: reactor index dynamo --accept-loss 1a2b;"; !strings.Contains(loss.Error(), want) || exitStatus(loss) != statusConfiguration {
		t.Errorf("got %q and status %d, want %q in it and 1", loss, exitStatus(loss), want)
	}
	if other := errors.New("x"); withAdvice(other, "mdb") != other { //nolint:errorlint // the very same is meant
		t.Error("an error without a remedy here was changed")
	}
}
