//go:build unix

package main

import (
	"fmt"
	"maps"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/tried"
)

// quarantines is the same on both stores: a group is set aside by hand, passed over, and
// taken up again.
func quarantines(t *testing.T, env map[string]string, h *hotel, group, store string, run ...string) {
	t.Helper()
	on := func(action string, flags ...string) string {
		t.Helper()
		args := append([]string{"quarantine", "-g", group}, flags...)
		status, out, errors := call(t, env, append(args, action, store)...)
		if status != statusDone {
			t.Fatalf("quarantine %s: got status %d, %q and %q, want 0", action, status, out, errors)
		}
		return out
	}
	check.Equal(t, "list", fmt.Sprintf("no stream is set aside; no process of the group %q has run yet: is the name right?\n", group), on("list"))
	p := start(t, env, append([]string{"run", "-g", group, "--log-format", "json", "--listen", "127.0.0.1:0", "--checkpoint-interval", "200ms", store}, run...)...)
	address := p.awaitLog(t, "serving the status page")["address"].(string)
	from, _ := p.awaitLog(t, "works on a slot")["from"].(map[string]any)
	if len(from) != 1 {
		t.Errorf("the log of a slot says that it goes on from %v, want the position of its tranche", from)
	}
	p.awaitLog(t, "ready")
	first := h.receive(t, 1)
	checkout := h.selectStays(t, first)
	h.awaitMerged(t, checkout, first)
	stream := h.groups.Stream(checkout).String()

	if status, _, errors := call(t, env, "quarantine", "-g", group, "--stream", "GroupChekout-xyz", "add", store); status != statusConfiguration || !strings.Contains(errors, "no stream that the reactor follows") {
		t.Errorf("a misspelt stream: got status %d and %q, want that it is none", status, errors)
	}
	if status, _, errors := call(t, env, "checkpoint", "-g", group, "--position", "0", store); status != statusConfiguration || !strings.Contains(errors, "cannot be changed while processes work for it") {
		t.Errorf("a checkpoint that is set beside the reactor: got status %d and %q, want it refused", status, errors)
	}
	on("add", "--stream", stream)
	p.awaitLog(t, "the stream is set aside: what is appended to it is passed over until it is retried or dropped (reactor quarantine)")
	later := h.receive(t, 1)
	check.Must(t, h.groups.Select(within(t), checkout, later, moment()))
	others := h.receive(t, 1)
	h.awaitMerged(t, h.selectStays(t, others), others)
	if out := on("list"); !strings.Contains(out, stream) || !strings.Contains(out, "set aside by hand") {
		t.Errorf("list: got %q, want %s", out, stream)
	}
	if _, metrics := get(t, "http://"+address+"/metrics"); !strings.Contains(metrics, "reactor_quarantined_streams 1") {
		t.Error("/metrics: got no stream in quarantine")
	}
	on("retry", "--stream", stream)
	h.awaitMerged(t, checkout, append(first, later...))
	p.awaitLog(t, "the stream that was set aside is taken up again")
	eventually(t, "the list is empty", func() bool { return strings.HasPrefix(on("list"), "no stream") })
	if status, _, errors := call(t, env, "quarantine", "-g", group, "--stream", stream, "drop", store); status != statusConfiguration || !strings.Contains(errors, "is not set aside") {
		t.Errorf("drop: got status %d and %q, want that it is not on the list", status, errors)
	}
	on("add", "--stream", stream)
	on("drop", "--stream", stream)
	tried.Times(t, map[string]string{"mdb": "Message DB", "dynamo": "DynamoDB Local"}[store], "streams set aside and taken up again", 1)
	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
		t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
	}
}

func TestQuarantineOnMessageDB(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	quarantines(t, env, h, newGroup(t, h, env), "mdb", "-t", "10")
}

// TestAnAuditOfNoGroupShowsWhatAnyHasSetAside, or says that it did not look.
func TestAnAuditOfNoGroupShowsWhatAnyHasSetAside(t *testing.T) {
	t.Parallel()
	const stream = "GroupCheckout-0f8fad5bd9cb469fa16570867728950e"
	onMessageDB, onDynamoDB := initialised(t), ownTables(t)
	audit := func(env map[string]string, args ...string) string {
		t.Helper()
		status, out, errors := call(t, env, append([]string{"audit", "--quiet"}, args...)...)
		if status != statusDone || errors != "" {
			t.Fatalf("audit: got status %d, %q and %q, want 0", status, out, errors)
		}
		return strings.Join(strings.Fields(out), " ")
	}
	for store, env := range map[string]map[string]string{"mdb": onMessageDB, "dynamo": onDynamoDB} {
		if status, _, errors := call(t, env, "quarantine", "-g", "some group", "--stream", stream, "add", store); status != statusDone {
			t.Fatalf("quarantine: got status %d and %q, want 0", status, errors)
		}
	}
	const named, unseen = stream + `, of the consumer group "some group"`, "Whether streams are set aside was not looked at: "
	if out := audit(onMessageDB, "mdb"); !strings.Contains(out, named) || strings.Contains(out, unseen) {
		t.Errorf("got %q, want the stream", out)
	}
	if out := audit(onMessageDB, "-g", "other", "mdb"); strings.Contains(out, named) || strings.Contains(out, unseen) {
		t.Errorf("got %q, want nothing of another group's", out)
	}
	nowhere := maps.Clone(onMessageDB)
	delete(nowhere, "MDB_SCHEMA")
	for why, out := range map[string]string{
		"say with --checkpoint-schema where that is kept": audit(nowhere, "mdb"),
		"there is no place for notes":                     audit(onMessageDB, "mdb", "-cs", "information_schema"),
		"name the consumer groups with --processor-name":  audit(onDynamoDB, "dynamo"),
	} {
		if !strings.Contains(out, unseen) || !strings.Contains(out, why) || strings.Contains(out, named) {
			t.Errorf("got %q, want that it was not looked at: %s", out, why)
		}
	}
	for want, args := range map[string][]string{`"quarantineLookedAt": true`: {"--json", "mdb"}, `"quarantineLookedAt": false`: {"--json", "dynamo"}} {
		env := map[string]map[string]string{"mdb": onMessageDB, "dynamo": onDynamoDB}[args[1]]
		if out := audit(env, args...); !strings.Contains(out, want) {
			t.Errorf("%v: got %s, want %s", args, out, want)
		}
	}
}

func TestQuarantineOnDynamoDB(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	quarantines(t, env, openDynamoHotel(t, env), dynamoGroup, "dynamo", "--with-indexer", "--tail-sleep", "50ms")
}

// TestQuarantineWithoutATableIsExplained has an installation of before.
func TestQuarantineWithoutATableIsExplained(t *testing.T) {
	t.Parallel()
	env, admin := initialisedFor(t)
	check.Must(t, check.Error(connect(t, admin).Exec(within(t), "DROP TABLE "+pgx.Identifier{env["MDB_SCHEMA"], "reactor_note"}.Sanitize())))
	for _, args := range [][]string{{"quarantine", "-g", "x", "list", "mdb"}, {"run", "-g", "x", "--quarantine-after", "1m", "mdb"}} {
		status, _, errors := call(t, env, args...)
		if status != statusConfiguration || !strings.Contains(errors, "reactor init mdb") {
			t.Errorf("%v: got status %d and %q, want a failure that names reactor init mdb", args, status, errors)
		}
	}
	h := openHotel(t, env)
	p, _ := startRun(t, env, newGroup(t, h, env)) // it does without
	stays := h.receive(t, 1)
	h.awaitMerged(t, h.selectStays(t, stays), stays)
	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone || !strings.Contains(p.output(), "there is no place for notes beside the checkpoint") {
		t.Errorf("got status %d, want 0 and a warning", ended.ExitStatus())
	}
}
