package faults_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// TestFeedStaysAFeed reads to the end, whatever the faults. Nothing is skipped:
// before the position moves beyond an event, it was delivered, and those of its
// stream before it.
func TestFeedStaysAFeed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		truth := memory.New()
		written := map[es.StreamName]es.Version{}
		total := rapid.IntRange(1, 40).Draw(t, "events")
		for range total {
			stream := jar(t, fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "stream")))
			var err error
			if written[stream], err = truth.Append(ctx, stream, written[stream], newEvents(1)); err != nil {
				t.Fatal(err)
			}
		}
		inner, err := truth.Source(memory.SourceConfig{Categories: []string{"Jar"}, BatchSize: rapid.IntRange(1, 10).Draw(t, "batch size")})
		check.Must(t, err)
		spec := rapid.SampledFrom([]string{"duplicate=1", "hold-back=1", "reorder=1", "failed-feed=1", "duplicate,hold-back,reorder,failed-feed"}).Draw(t, "spec")
		i := injector(t, spec, faults.Config{Seed: rapid.Uint64().Draw(t, "seed")})
		seen, failed := drain(ctx, t, inner, i.Source(inner))
		for stream, version := range written {
			if seen[stream] != version {
				t.Fatalf("got %s up to %d, want %d", stream, seen[stream], version)
			}
		}
		if spec == "failed-feed=1" && failed == 0 {
			t.Fatal("got no failed read, want some")
		}
	})
}

// drain reads a source to its end. It returns how far it delivered each stream,
// and how many reads failed.
func drain(ctx context.Context, t *rapid.T, truth, source feed.Source) (seen map[es.StreamName]es.Version, failed int) {
	seen = map[es.StreamName]es.Version{}
	end, err := truth.End(ctx, "Jar")
	check.Must(t, err)
	from, row := feed.Position(0), 0
	for reads := 0; ; reads++ {
		if reads > 1000 {
			t.Fatal("the end does not come")
		}
		batch, err := source.Read(ctx, "Jar", from)
		if err != nil {
			var fault *faults.Error
			if row++; !errors.As(err, &fault) || row > faults.MaxInARow {
				t.Fatalf("got error %v as number %d in a row, want a fault and up to %d", err, row, faults.MaxInARow)
			}
			failed++
			continue
		}
		row = 0
		for _, d := range batch.Events {
			if d.Event.Index > seen[d.Stream] {
				t.Fatalf("got %s@%d, want %d first", d.Stream, d.Event.Index, seen[d.Stream])
			}
			seen[d.Stream] = max(seen[d.Stream], d.Event.Index+1)
		}
		if batch.Next < from {
			t.Fatalf("got position %d after %d", batch.Next, from)
		}
		if passed, err := truth.Read(ctx, "Jar", from); err == nil && batch.Next > from {
			for _, d := range passed.Events {
				if d.Event.Index >= seen[d.Stream] {
					t.Fatalf("the position has moved to %d, and %s@%d was not delivered", batch.Next, d.Stream, d.Event.Index)
				}
			}
		}
		if from = batch.Next; from == end && len(batch.Events) == 0 {
			return seen, failed
		}
	}
}

// TestAStreamIsOvertaken has it wait for others, since there is none to overtake it.
func TestAStreamIsOvertaken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ later, want, overtaken []string }{
		"by nobody":     {nil, []string{"a@0", "a@1"}, nil},
		"by another":    {[]string{"b"}, []string{"b@0", "a@0", "a@1"}, []string{"Jar-a"}},
		"by itself":     {[]string{"a"}, []string{"a@0", "a@1", "a@2"}, nil},
		"by a stranger": {[]string{"z"}, []string{"z@0", "a@0", "a@1"}, nil},
		"by several":    {[]string{"b", "c", "a", "b"}, []string{"c@0", "b@0", "b@1", "a@0", "a@1", "a@2"}, []string{"Jar-a", "Jar-b"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			truth, written := memory.New(), map[string]es.Version{}
			write := func(ids ...string) {
				for _, id := range ids {
					var err error
					if written[id], err = truth.Append(t.Context(), jar(t, id), written[id], newEvents(1)); err != nil {
						t.Error(err)
					}
				}
			}
			write("a", "a")
			inner, err := truth.Source(memory.SourceConfig{Categories: []string{"Jar"}})
			check.Must(t, err)
			i := injector(t, "reorder=1:7ms", faults.Config{
				Name: func(s es.StreamName) (string, bool) { return s.String(), s.ID() != "z" },
			})
			began := time.Now()
			time.AfterFunc(time.Millisecond, func() { write(c.later...) }) // while it waits
			batch, err := i.Source(inner).Read(t.Context(), "Jar", 0)
			check.Must(t, err)
			var got, overtaken []string
			for _, d := range batch.Events {
				got = append(got, fmt.Sprintf("%s@%d", d.Stream.ID(), d.Event.Index))
			}
			for _, f := range i.Log() {
				overtaken = append(overtaken, f.Key)
			}
			if waited := time.Since(began); !slices.Equal(got, c.want) || !slices.Equal(overtaken, c.overtaken) || waited != 7*time.Millisecond {
				t.Errorf("%s: got %v, overtaken %v, waited %v; want %v, %v and 7ms", name, got, overtaken, waited, c.want, c.overtaken)
			}
		})
	}
}

func TestNotifierStaysOne(t *testing.T) {
	t.Parallel()
	inner, err := memory.New().Source(memory.SourceConfig{Categories: []string{"Jar"}})
	check.Must(t, err)
	i := injector(t, "all", faults.Config{})
	if _, ok := i.Source(inner).(feed.Notifier); !ok {
		t.Error("got no notifier from a source that is one")
	}
	if _, ok := i.Source(struct{ feed.Source }{inner}).(feed.Notifier); ok {
		t.Error("got a notifier from a source that is none")
	}
}

func TestFirstCheckpointOfATrancheIsSaved(t *testing.T) {
	t.Parallel()
	checkpoints := injector(t, "failed-checkpoint=1", faults.Config{}).Checkpoints(memory.NewCheckpoints())
	key := feed.Key{Source: "memory", Tranche: "Jar", Group: "g"}
	want := []bool{true, false, false, true, false, false, true}
	for n, saved := range want {
		var fault *faults.Error
		if err := checkpoints.Save(t.Context(), key, feed.Position(n)); (err == nil) != saved || err != nil && !errors.As(err, &fault) {
			t.Errorf("save %d: got error %v, want success: %t", n, err, saved)
		}
	}
}

// atGate is what n appends meet at a gate.
func atGate(t *testing.T, i *faults.Injector, n int) []faults.Kind {
	t.Helper()
	met := make([]faults.Kind, n)
	for k := range met {
		met[k] = i.AtGate(t.Context(), "the gate")
	}
	return met
}

func TestAtAGateTheSameSeedGivesTheSameFaults(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) []faults.Kind {
		return atGate(t, injector(t, "kill=0.1,cut=0.1,lost-reply=0.3", faults.Config{Seed: seed}), 500)
	}
	first := run(7)
	if diff := cmp.Diff(first, run(7)); diff != "" {
		t.Errorf("seed 7 (-once +again):\n%s", diff)
	}
	if cmp.Equal(first, run(8)) {
		t.Error("seed 8 gives the faults of seed 7")
	}
	for _, kind := range []faults.Kind{faults.Kill, faults.Cut, faults.LostReply, ""} {
		if !slices.Contains(first, kind) {
			t.Errorf("in 500 appends there was no %q", kind)
		}
	}
}

// Nobody knows there what an append is for, so one in many has to go through.
func TestAtAGateAppendsAreSparedAfterAFault(t *testing.T) {
	t.Parallel()
	i := injector(t, "lost-reply=1", faults.Config{})
	met := atGate(t, i, 1000)
	for k, kind := range met {
		if want := k%11 == 0; (kind == faults.LostReply) != want {
			t.Fatalf("append %d: got %q, want a lost reply: %t", k, kind, want)
		}
	}
	check.Equal(t, "faults in the log", 91, len(i.Of("the gate")))
	i.Rest()
	if met := atGate(t, i, 20); slices.ContainsFunc(met, func(k faults.Kind) bool { return k != "" }) {
		t.Errorf("at rest: got %q, want none", met)
	}
}

func TestASlowGateTakesItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		atGate(t, injector(t, "slow=1:2s", faults.Config{}), 100)
		if took := time.Since(began); took != 200*time.Second {
			t.Errorf("100 appends took %v, want 200 s", took)
		}
	})
}

func TestOutsideAreTheKindsThatNeedNoWrapping(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"all":                  "conflict,lost-reply,slow,stale,throttle,kill,cut",
		"reorder,duplicate":    "",
		"kill=0.5,failed-load": "kill=0.5",
		"":                     "",
	} {
		spec, err := faults.Parse(text)
		check.Must(t, err)
		if got := spec.Outside().String(); got != want {
			t.Errorf("of %q: got %q, want %q", text, got, want)
		}
	}
}
