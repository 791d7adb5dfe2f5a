package harness_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/dynamodb"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/harness/messagedb"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps/hotel"
)

// onEachStore runs a test on each real store, with the reactor that is shipped in so
// many processes of its own. Where a store cannot be had the test is skipped, unless
// the environment forbids that.
func onEachStore(t *testing.T, processes int, spec faults.Spec, test func(t *testing.T, h *harness.Harness)) {
	t.Helper()
	for _, store := range []harness.Store{messagedb.Store(), dynamodb.Store()} {
		t.Run(store.Name, func(t *testing.T) {
			t.Parallel()
			h, err := harness.Open(t.Context(), harness.Options{System: hotel.System(), Store: store, Processes: processes, Faults: spec, Seed: 1})
			if errors.As(err, new(*provision.UnavailableError)) && os.Getenv(provisiontest.NoSkip) == "" {
				t.Skip(err)
			}
			test(t, opened(t, h, err))
			check.OK(t, h.Audit(t.Context()))
		})
	}
}

// An event that nobody can read has each attempt of the program fail.
func TestAProgramThatNeverSucceedsIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	system := hotel.System()
	system.Audit = nil // it could not read it either
	h, err := harness.Open(t.Context(), harness.Options{System: system, Store: messagedb.Store(), Processes: 2})
	if errors.As(err, new(*provision.UnavailableError)) && os.Getenv(provisiontest.NoSkip) == "" {
		t.Skip(err)
	}
	w := world(t, opened(t, h, err), false)
	stream := w.groups.Stream(domain.GroupID(uuid.New()))
	w.Name(stream, "the group")
	broken := es.EventData{ID: uuid.New(), Type: "StaysSelected", Data: []byte(`{"stays":"all"}`)}
	_, err = w.Store().Append(t.Context(), stream, 0, []es.EventData{broken})
	check.Must(t, err)
	err = w.Eventually(t.Context(), func(context.Context) error { return nil })
	if handler, ok := errors.AsType[*harness.HandlerError](err); !ok || handler.Times < 5 || !strings.HasPrefix(err.Error(), "the reactor cannot handle the group: event 0 (StaysSelected) of ") {
		t.Errorf("got %v, want it to begin with what the reactor cannot handle", err)
	}
}

// One of them is killed now and then, in the midst of a write, and replaced.
func TestTwoRealReactorsUnderOneNameDoNoHarm(t *testing.T) {
	t.Parallel()
	kill, err := faults.Parse("kill=1")
	check.Must(t, err)
	onEachStore(t, 2, kill, func(t *testing.T, h *harness.Harness) {
		t.Helper()
		w := world(t, h, false)
		groups, ids := map[domain.GroupID][]domain.StayID{}, stays(t, w, 16)
		for ; len(ids) > 0; ids = ids[4:] {
			group := domain.GroupID(uuid.New())
			groups[group] = ids[:4]
			check.Must(t, w.groups.Select(t.Context(), group, ids[:4], at()))
		}
		for group, ids := range groups {
			mergedOnce(t, w, group, ids)
		}
		if len(h.Injected()) == 0 {
			t.Error("none was killed, so nothing was proved")
		}
	})
}

func TestACommandIsSplitAsAShellDoes(t *testing.T) {
	t.Parallel()
	target := harness.Target{Store: "messagedb", Connection: "postgres://a b", ConnectionNpgsql: "Host=a;Password='b c'", CheckpointSchema: "s"}
	for text, want := range map[string][]string{
		"run":                            {"run"},
		"  run \t a\n b  ":               {"run", "a", "b"},
		`run 'a b' "c d" e' f'"g "`:      {"run", "a b", "c d", "e fg "},
		`run a\ b \' "\"\\\a" '\'`:       {"run", "a b", "'", `"\\a`, `\`},
		`run '' ""`:                      {"run", "", ""},
		`run $HOME * ~ {"a":1}`:          {"run", "$HOME", "*", "~", "{a:1}"},
		"run -c {connection} x={schema}": {"run", "-c", "postgres://a b", "x=s"},
		"run {connection-npgsql}{group} {checkpoint-connection} {checkpoint-connection-npgsql}": {
			"run", "Host=a;Password='b c'g-1", "postgres://a b", "Host=a;Password='b c'",
		},
	} {
		program, err := harness.Command(text, messagedb.Store())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		args, env := program.Command(target, "g-1")
		if got := append([]string{program.Path}, args...); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
		if want := []string{"MDB_CONNECTION_STRING=Host=a;Password='b c'", "MDB_SCHEMA=s"}; !slices.Equal(env, want) {
			t.Errorf("%s: got the variables %q, want %q", text, env, want)
		}
	}
}

func TestACommandThatMakesNoSense(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" ":                "there is no command",
		`run "a`:           `a quotation mark " that is not closed`,
		`run \`:            "ends with a backslash",
		"run {table}":      "{table} stands for nothing on the store messagedb: choose among {checkpoint-connection-npgsql}, ",
		"run {konnection}": "{konnection} stands for nothing",
	} {
		if _, err := harness.Command(text, messagedb.Store()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want one with %q", text, err, want)
		}
	}
	check.OKf(t, check.Error(harness.Command("run {table} {index-table} {service-url} {access-key} {secret-key} {region} {group}", dynamodb.Store())), "on DynamoDB")
}

// documented is a command of docs/other-reactors.md for a store, with the program in
// another place.
func documented(t *testing.T, store, exe string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/other-reactors.md")
	check.Must(t, err)
	found := regexp.MustCompile("-store " + store + " -reactor 'exec:build/reactor ([^'\n]+)'").FindSubmatch(text)
	if found == nil {
		t.Fatalf("docs/other-reactors.md has no command with build/reactor for %s", store)
	}
	return "'" + exe + "' " + string(found[1])
}

// judged opens a harness with another reactor on a store, or skips the test where the
// store cannot be had.
func judged(t *testing.T, store harness.Store, processes int, command, signal string) (*harness.Harness, error) {
	t.Helper()
	program, err := harness.Command(command, store)
	check.Must(t, err)
	program.Signal = signal
	system := hotel.System()
	system.Program = program
	h, err := harness.Open(t.Context(), harness.Options{System: system, Store: store, Processes: processes})
	if errors.As(err, new(*provision.UnavailableError)) && os.Getenv(provisiontest.NoSkip) == "" {
		t.Skip(err)
	}
	return h, err
}

func TestAnyReactorIsJudgedAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	exe := filepath.Join(t.TempDir(), "reactor")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", exe, "example.com/groupcheckout/cmd/reactor").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	t.Run("stores", func(t *testing.T) { // exe is there until all are through
		for _, c := range []struct {
			store     harness.Store
			processes int
			signal    string
		}{{messagedb.Store(), 1, "TERM"}, {dynamodb.Store(), 2, "INT"}} {
			t.Run(c.store.Name, func(t *testing.T) {
				t.Parallel()
				h, err := judged(t, c.store, c.processes, documented(t, c.store.Name, exe), c.signal)
				opened(t, h, err)
				w, group := world(t, h, false), domain.GroupID(uuid.New())
				ids := stays(t, w, 6)
				check.Must(t, w.groups.Select(t.Context(), group, ids, at()))
				mergedOnce(t, w, group, ids)
				check.Must(t, w.DeliverAgain(t.Context(), w.groups.Stream(group)))
				mergedOnce(t, w, group, ids)
				breaksDown(t, h, 3)
				check.OK(t, h.Audit(t.Context()))
			})
		}
	})
}

func TestAReactorThatEndsByItselfFailsItsScenarios(t *testing.T) {
	t.Parallel()
	h, err := judged(t, messagedb.Store(), 1, `sh -c 'echo "{group} has no room"; exit 7'`, "")
	check.Must(t, err)
	t.Cleanup(func() { // behind the scenario's own end
		if err := h.Close(context.Background()); err == nil || !strings.Contains(err.Error(), "exit status 7") {
			t.Errorf("close: got the error %v, want that the reactor has ended", err)
		}
	})
	w := world(t, h, false)
	check.Must(t, w.groups.Select(t.Context(), domain.GroupID(uuid.New()), stays(t, w, 1), at()))
	err = w.Eventually(t.Context(), func(context.Context) error { return nil })
	for _, want := range []string{"exit status 7", "has no room", "its checkpoint is at"} {
		check.Fails(t, err, want)
	}
}

func TestWhatAReactorWithoutAPageWroteLastComesFirst(t *testing.T) {
	t.Parallel()
	h, err := judged(t, messagedb.Store(), 1, `sh -c 'echo "{group} has no room"; exec sleep 1000'`, "")
	opened(t, h, err)
	w := world(t, h, false)
	check.Must(t, w.groups.Select(t.Context(), domain.GroupID(uuid.New()), stays(t, w, 1), at()))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err = w.Eventually(ctx, func(context.Context) error { return nil })
	if err == nil || !regexp.MustCompile(`^the reactor has not finished, and wrote last: harness-\S+ has no room\n`).MatchString(err.Error()) {
		t.Errorf("got the error %v, want it to begin with what the reactor wrote last", err)
	}
}

func TestAReactorThatIsNotThereRunsNothing(t *testing.T) {
	t.Parallel()
	h, err := judged(t, messagedb.Store(), 1, "build/no-such-reactor {group}", "")
	if h != nil || err == nil || !strings.Contains(err.Error(), "the reactor build/no-such-reactor cannot be run") {
		t.Errorf("got the harness %v and the error %v, want none, and what is missing", h, err)
	}
}

// TestAnAddressWithoutAnAdministratorWillDo gives the harness what a hotel's
// program has: the connection string of the role message_store.
//
//nolint:paralleltest // it changes the environment
func TestAnAddressWithoutAnAdministratorWillDo(t *testing.T) {
	server, err := provision.MessageDB(t.Context(), provision.Options{})
	check.Must(t, err)
	t.Cleanup(func() { check.OK(t, server.Close()) })
	t.Setenv(provision.EnvConnectionString, server.ConnectionString)
	t.Setenv(provision.EnvAdminConnectionString, "")
	t.Setenv("MDB_SCHEMA", "")

	h, err := harness.Open(t.Context(), harness.Options{System: hotel.System(), Store: messagedb.Store(), Way: "address"})
	h = opened(t, h, err)
	if !strings.Contains(h.How(), "checkpoints in memory") {
		t.Errorf("got %q, want it to say where the checkpoints are", h.How())
	}
	w, group := world(t, h, true), domain.GroupID(uuid.New())
	check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 3), at()))
	check.Must(t, w.Eventually(t.Context(), merged(w, group, 3)))
}
