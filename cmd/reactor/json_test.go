package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/golden"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/memory"
)

// noon is the present of the examples.
func noon() time.Time { return time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC) }

// examples are the commands that print tables, on fixed values.
func examples(t testing.TB, as jsonFlag) map[string]func(streams) error {
	t.Helper()
	backend := backendOn(t, memory.New(), checkout.Categories())
	group := domain.GroupID{15: 2}
	groups := groupcheckout.NewService(backend.Events, es.Options{})
	check.Must(t, groups.Select(t.Context(), group, []domain.StayID{{15: 1}}, domain.MomentOf(noon())))
	broken := memory.New()
	check.Must(t, check.Error(broken.Append(t.Context(), groups.Stream(group), 0, []es.EventData{{ID: [16]byte{1}, Type: "StaysSelected", Data: []byte(`{"at":"yesterday"}`)}})))
	audited := backendOn(t, broken, auditedCategories())
	key := feed.Key{Source: backend.Source.ID(), Tranche: groupcheckout.Category, Group: "checkouts"}
	check.Must(t, backend.Checkpoints.Save(t.Context(), key, 1))
	note, err := json.Marshal(reactor.Quarantined{Since: noon().Add(-time.Hour), Cause: "set aside by hand", UpTo: 4, Retry: true})
	check.Must(t, err)
	check.Must(t, audited.Checkpoints.(feed.Notes).PutNote(t.Context(), "day", reactor.QuarantineKind, groups.Stream(group).String(), note))
	roster := feed.Roster{
		Group: "checkouts", Slots: []feed.Slot{{Holder: "a", Token: 1}, {}},
		Members: []feed.Member{{Name: "a", Beat: 3, Lease: 10_000, Silent: 250}},
	}
	return map[string]func(streams) error{
		"slots": func(s streams) error {
			return (&slotsCommand{ProcessorName: "checkouts", jsonFlag: as}).show(roster, s)
		},
		"config": func(s streams) error {
			return (&configCommand{jsonFlag: as}).Run(s, &cli{}, newSources(func(string) string { return "" }))
		},
		"audit": func(s streams) error {
			return (&auditCommand{ProcessorName: []string{"day"}, jsonFlag: as}).audit(t.Context(), audited, nil, s, &auditProgress{})
		},
		"checkpoint": func(s streams) error {
			return (&checkpointCommand{ProcessorName: "checkouts", jsonFlag: as}).showOrSet(t.Context(), backend, s)
		},
		"checkpoint --position": func(s streams) error {
			defer func() { _ = backend.Checkpoints.Save(t.Context(), key, 1) }() // the examples come in any order
			return (&checkpointCommand{ProcessorName: "checkouts", Position: new(int64(0)), jsonFlag: as}).showOrSet(t.Context(), backend, s)
		},
		"quarantine list": func(s streams) error {
			return (&quarantineCommand{jsonFlag: as}).list(s, map[string][]byte{groups.Stream(group).String(): note}, true, noon())
		},
		"index --status": func(s streams) error {
			return (&indexCommand{jsonFlag: as}).print(s, []dynamodb.IndexStatus{{
				Epoch: 3, Events: 120, Bytes: 40960, End: 3_000_120, Owner: "host-1/42", TTL: 15 * time.Second,
				Heartbeat: noon().Add(-2 * time.Second), Proven: noon().Add(-3 * time.Second), Newest: noon().Add(-time.Minute),
			}}, noon())
		},
		"demo": func(s streams) error {
			return (&demoCommand{Groups: 200, Stays: 6, Clerks: 8, Seed: 1, jsonFlag: as}).print(s, "memory", demo.Report{
				Groups: 200, Confirmed: 200, Merged: 978, Failed: map[domain.WhyNot]int{domain.CheckedOut: 66, domain.OtherGroup: 98, domain.NotOnRecord: 58},
				Moved: domain.MoneyOfCents(36779978), Paid: domain.MoneyOfCents(36779978), HandlerCalls: 396,
				Reactions: []time.Duration{time.Millisecond, 3 * time.Millisecond, 34 * time.Millisecond}, EventsWritten: 5567, Elapsed: 208 * time.Millisecond,
			}, true)
		},
	}
}

// jsonExamples are what commands print with --json.
func jsonExamples(t testing.TB) map[string]string {
	t.Helper()
	printed := map[string]string{}
	for command, show := range examples(t, jsonFlag{JSON: true}) {
		var out bytes.Buffer
		if err := show(streams{out: &out}); err != nil && exitStatus(err) != statusAudit {
			t.Fatal(err)
		}
		printed[command] = out.String()
	}
	return printed
}

// fileOf is what the files of a command with its flags are called.
func fileOf(command string) string {
	return strings.NewReplacer(" ", "_", "--", "").Replace(command)
}

// TestJSONKeepsItsForm compares what programs read with what they have read so far.
func TestJSONKeepsItsForm(t *testing.T) {
	t.Parallel()
	for command, got := range jsonExamples(t) {
		golden.Compare(t, "json/"+fileOf(command)+".json", got)
	}
}

// decoded reads the JSON of a command, all of it, into a form of its own.
func decoded[T any](t testing.TB, text string) T {
	t.Helper()
	var of T
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&of); err != nil || decoder.More() {
		t.Fatalf("got %v of %s, want one value of %T and nothing else", err, text, of)
	}
	return of
}

// TestJSONOfEachCommandIsRead reads what each command prints as a program would.
func TestJSONOfEachCommandIsRead(t *testing.T) {
	t.Parallel()
	all := jsonExamples(t)
	if got := decoded[auditResult](t, all["audit"]); got.Balanced || got.InAll != 1 || got.Violations[0].Rule != "body" || !slices.Equal(got.Strangers, []string{"day"}) || len(got.Aside) != 1 || got.Aside[0].Group != "day" || got.Aside[0].Cause != "set aside by hand" {
		t.Errorf("audit: got %+v, want one event that cannot be read, a stranger, and a stream that is set aside", got)
	}
	if got := decoded[checkpointResult](t, all["checkpoint"]).Places; len(got) != 1 || *got[0].Checkpoint != 1 || got[0].Set {
		t.Errorf("checkpoint: got %+v, want it at 1", got)
	}
	if got := decoded[checkpointResult](t, all["checkpoint --position"]).Places; len(got) != 1 || *got[0].Checkpoint != 0 || *got[0].Before != 1 || !got[0].Set {
		t.Errorf("checkpoint --position: got %+v, want it set from 1 to 0", got)
	}
	if got := decoded[quarantineResult](t, all["quarantine list"]).Streams; len(got) != 1 || !got[0].Retrying || got[0].UpTo != 4 {
		t.Errorf("quarantine list: got %+v, want a stream that is to be retried", got)
	}
	if got := decoded[slotsResult](t, all["slots"]); len(got.Slots) != 2 || got.Slots[0].Holder != "a" || got.Slots[1].Holder != "" || len(got.Members) != 1 || got.Members[0].Lease != 10_000 {
		t.Errorf("slots: got %+v, want two, of which one is held", got)
	}
	if got := decoded[configResult](t, all["config"]).Settings; len(got) == 0 || got[0].Key == "" {
		t.Errorf("config: got %+v, want settings", got)
	}
	if got := decoded[indexResult](t, all["index --status"]).Partitions; len(got) != 1 || *got[0].Lag != 3 || !got[0].AtWork {
		t.Errorf("index --status: got %+v, want a lag of 3 s", got)
	}
	status, out, errors := call(t, nil, "demo", "--json", "--groups", "3", "--stays", "2", "--seed", "5")
	if got := decoded[demoResult](t, out); status != statusDone || !got.Balanced || got.Confirmed != 3 || got.Seed != 5 {
		t.Errorf("demo: got status %d, %+v and %q, want three groups", status, got, errors)
	}
}
