package main

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"example.com/groupcheckout/internal/check"
)

// configuration is a struct that reactor run makes of a command line.
type configuration struct {
	name  string
	line  string // a command line
	made  func(*cli) (any, error)
	flags map[string]string // by field: what changes it. Behind mdb or dynamo stand the store's flags; behind run, a whole line
	not   map[string]string // by field: why it is not for an operator
}

// configurations are all.
func configurations() []configuration {
	const mdb, dynamo = "run -g night mdb -c Host=h --cs public", "run -g night dynamo -sr eu-west-1 -t hotel"
	const ours, elsewhere = "the program's own", "its fields stand below"
	return []configuration{
		{
			"reactor.Config", mdb, func(c *cli) (any, error) { return c.Run.config(&c.Run.Mdb).Reactor, nil },
			map[string]string{
				"Group": "run -g other mdb -c Host=h --cs public", "MaxWriters": "-w 3", "MaxReadAhead": "-r 3", "MaxStuckBytes": "--max-stuck-bytes 1MiB", "MaxHeldBytes": "--max-held-bytes 1MiB",
				"QuarantineAfter": "--quarantine-after 1h", "CheckpointInterval": "--checkpoint-interval 1s", "TailPause": "mdb --tail-sleep 1s",
				"FirstTailPause": "mdb --first-tail-sleep 7ms", "ReadLimit": "--read-limit 1s", "CallLimit": "--call-limit 1s", "StopLimit": "--stop-limit 1s",
				"Slots": "--slots 3", "Lease": "--lease 1m", "Member": "--member me", "FromEnd": "mdb -Z", "Pauses": "--first-pause 3h --longest-pause 3h",
			},
			map[string]string{"VersionsDo": "the handler can, or cannot", "Observer": ours, "Breakers": ours, "Around": ours},
		},
		{
			"checkout.Config", mdb, func(c *cli) (any, error) { return c.Run.config(&c.Run.Mdb), nil },
			map[string]string{
				"MergesAtOnce": "--merges-at-once 3", "ReadAtOnce": "--read-at-once 3", "ReadGroups": "--read-groups", "Chunk": "--record-at-once 3", "SnapshotEvery": "--snapshot-every 3",
			},
			map[string]string{"Reactor": elsewhere, "Now": ours, "Log": "it has flags of its own", "Cache": elsewhere, "Counts": ours},
		},
		{
			"es.CacheConfig", mdb, func(c *cli) (any, error) { return c.Run.cache(), nil },
			map[string]string{"States": "--cache-states 3", "Bytes": "--cache-bytes 3MiB", "Lifetime": "--cache-time 3m"},
			nil,
		},
		{
			"messagedb.Config", mdb, func(c *cli) (any, error) { return c.Run.Mdb.tuned(slog.New(slog.DiscardHandler)) },
			map[string]string{
				"Connection": "mdb -c Host=other", "ReadConnection": "mdb -r Host=other", "CheckpointConnection": "mdb -cp Host=other", "CheckpointSchema": "mdb -cs other",
				"Gather": "mdb --gather 3", "ViaWriteMessage": "mdb --via-write-message", "Notify": "mdb --notify", "RequireTLS": "mdb --require-tls", "BatchSize": "mdb -b 3", "MaxConns": "mdb --max-connections 3",
				"SettleTimeout": "mdb --settle-limit 1s",
			},
			map[string]string{"Ready": "a reactor that runs always is", "Application": "made of the consumer group", "Logger": ours},
		},
		{
			"dynamodb.Config", dynamo, func(c *cli) (any, error) { return c.Run.Dynamo.tuned() },
			map[string]string{
				"Region": "dynamo -sr eu-west-2", "ServiceURL": "run -g night dynamo -su http://localhost:1 -t hotel", "AccessKeyID": "dynamo -sa me", "SecretAccessKey": "dynamo -ss mine",
				"Table": "dynamo -t other", "IndexTable": "dynamo -i other", "MaxBytes": "dynamo --tip-bytes 3KiB", "MaxEvents": "dynamo --tip-events 3",
				"IndexBytes": "dynamo --index-tip 2048", "CacheBytes": "dynamo --tip-cache 1MiB", "Retries": "dynamo -r 3", "RequestTimeout": "dynamo -rt 3",
				"SettleTimeout": "dynamo --settle-limit 1s", "RequireTLS": "dynamo --require-tls", "BatchSize": "dynamo -b 3",
			},
			map[string]string{"Client": ours, "Logger": ours},
		},
		{
			"dynamodb.IndexerConfig", dynamo, func(c *cli) (any, error) { return c.Run.Dynamo.indexing(), nil },
			map[string]string{"Poll": "dynamo --index-poll 3", "Lease": "dynamo --index-lease 3"},
			map[string]string{"AcceptLoss": "said once, to reactor index"},
		},
	}
}

// Each field of what the engine and the stores can be told is changed by a flag, or it is
// said why not: whoever adds one decides that.
func TestEveryFieldOfAConfigurationHasAFlag(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	for _, c := range configurations() {
		made := func(line string) reflect.Value {
			t.Helper()
			grammar, _, err := parse(strings.Fields(line), streams{}, func(string) string { return "" })
			check.Mustf(t, err, "%s: reactor %s", c.name, line)
			config, err := c.made(grammar)
			check.Mustf(t, err, "%s: reactor %s", c.name, line)
			return reflect.ValueOf(config)
		}
		usual := made(c.line)
		known := map[string]bool{}
		for _, field := range reflect.VisibleFields(usual.Type()) {
			flags, settable := c.flags[field.Name]
			_, not := c.not[field.Name]
			known[field.Name] = true
			switch {
			case !field.IsExported():
			case !settable && !not:
				t.Errorf("%s: no flag sets %s: give it one, and say so here, or say why it is not for an operator", c.name, field.Name)
			case settable:
				line := c.line + strings.TrimPrefix(strings.TrimPrefix(flags, "dynamo"), "mdb")
				if strings.HasPrefix(flags, "-") {
					line = strings.Replace(c.line, "run", "run "+flags, 1)
				} else if strings.HasPrefix(flags, "run ") {
					line = flags
				}
				if value, before := plain(made(line).FieldByIndex(field.Index)), plain(usual.FieldByIndex(field.Index)); reflect.DeepEqual(value, before) {
					t.Errorf("%s: reactor %s leaves %s at %v", c.name, line, field.Name, value)
				}
			}
		}
		for _, fields := range []map[string]string{c.flags, c.not} {
			for field := range fields {
				if !known[field] {
					t.Errorf("%s has no field %s", c.name, field)
				}
			}
		}
	}
}

// plain is a value that can be compared: of pauses, whether the first is long.
func plain(value reflect.Value) any {
	if pauses, ok := value.Interface().(func() backoff.BackOff); ok {
		return pauses().NextBackOff() > time.Hour
	}
	return value.Interface()
}

func TestNumbersOfBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]byteCount{"0": 0, "65536": 64 << 10, "64KiB": 64 << 10, "64 MiB": 64 << 20, "1GiB": 1 << 30, "3B": 3, "1536KiB": 1536 << 10, "3000000000": 3_000_000_000, "1125899906842624": 1 << 50} {
		var got byteCount
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %d and error %v, want %d", text, got, err, want)
		}
		var again byteCount
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%s: it is written as %s, which is read as %d and %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5MiB", "MiB", "64MB", "64k", "1125899906842625", "9223372036854775808", "2147483647GiB", "1GiBKiB"} {
		var got byteCount
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}
