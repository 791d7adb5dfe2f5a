package index

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// clock is a clock that a test sets.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newClock() *clock { return &clock{time.Date(2026, 11, 23, 11, 35, 27, 687_685_099, time.UTC)} }

func newCheckpoints(tab *table.Table, clock *clock) *Checkpoints {
	c := NewCheckpoints(tab)
	c.now = clock.Now
	return c
}

func key() feed.Key { return feed.Key{Source: SourceID, Tranche: "0", Group: "MyProcessor"} }

const keyStream = "$ReaderCheckpoint-dynamoStore_0_MyProcessor"

func mustSave(t testing.TB, c *Checkpoints, pos feed.Position) {
	t.Helper()
	check.Must(t, c.Save(t.Context(), key(), pos))
}

func checkLoad(t testing.TB, c *Checkpoints, want feed.Position) {
	t.Helper()
	if got, ok, err := c.Load(t.Context(), key()); err != nil || !ok || got != want {
		t.Errorf("got %d, %t and error %v; want %d", got, ok, err, want)
	}
}

// TestCheckpointsLookLikePropulsions is the golden test of the item, save by
// save.
func TestCheckpointsLookLikePropulsions(t *testing.T) {
	t.Parallel()
	fake, clock := faketable.New(), newClock()
	c := newCheckpoints(mustTable(t, fake, TableConfig()), clock)
	const config = `"config":{"checkpointFreqS":3600}`
	etags := map[string]bool{}
	for _, step := range []struct {
		name   string
		after  time.Duration
		pos    feed.Position
		types  []string
		event  string // the last one
		unfold string
		a      string
	}{
		{
			"first", 0, 17,
			[]string{"Started"},
			`{` + config + `,"origin":{"at":"2026-11-23T11:35:27.687685+00:00","nextCheckpointDue":"2026-11-23T12:35:27.687685+00:00","pos":17}}`,
			`{` + config + `,"state":{"at":"2026-11-23T11:35:27.687685+00:00","nextCheckpointDue":"2026-11-23T12:35:27.687685+00:00","pos":17}}`, "1",
		},
		{
			"updated", time.Minute, 3000017,
			[]string{"Started"},
			`{` + config + `,"origin":{"at":"2026-11-23T11:35:27.687685+00:00","nextCheckpointDue":"2026-11-23T12:35:27.687685+00:00","pos":17}}`,
			`{` + config + `,"state":{"at":"2026-11-23T11:36:27.687685+00:00","nextCheckpointDue":"2026-11-23T12:35:27.687685+00:00","pos":3000017}}`, "0",
		},
		{
			"checkpointed when due, though it stands still", 59 * time.Minute, 3000017,
			[]string{"Checkpointed"},
			`{` + config + `,"pos":{"at":"2026-11-23T12:35:27.687685+00:00","nextCheckpointDue":"2026-11-23T13:35:27.687685+00:00","pos":3000017}}`,
			`{` + config + `,"state":{"at":"2026-11-23T12:35:27.687685+00:00","nextCheckpointDue":"2026-11-23T13:35:27.687685+00:00","pos":3000017}}`, "1",
		},
		{
			"overridden", time.Minute, 0,
			[]string{"Overrode"},
			`{` + config + `,"pos":{"at":"2026-11-23T12:36:27.687685+00:00","nextCheckpointDue":"2026-11-23T13:36:27.687685+00:00","pos":0}}`,
			`{` + config + `,"state":{"at":"2026-11-23T12:36:27.687685+00:00","nextCheckpointDue":"2026-11-23T13:36:27.687685+00:00","pos":0}}`, "1",
		},
	} {
		clock.now = clock.now.Add(step.after)
		mustSave(t, c, step.pos)
		items := fake.Items(keyStream)
		tip := items[len(items)-1]
		if n := fmt.Sprint(len(items)); number(tip, "n") != n {
			t.Fatalf("%s: got %s items and the version %s, want a calf for each event but the last", step.name, n, number(tip, "n"))
		}
		check.Same(t, fmt.Sprintf("%s: types", step.name), step.types, names(tip))
		if got, encoding := body(t, tip, "e", len(step.types)-1); got != step.event || encoding != table.Plain {
			t.Errorf("%s: got the event %s, encoding %d; want %s, plain", step.name, got, encoding, step.event)
		}
		if got, encoding := body(t, tip, "u", 0); got != step.unfold || encoding != table.Plain {
			t.Errorf("%s: got the unfold %s, encoding %d; want %s, plain", step.name, got, encoding, step.unfold)
		}
		u := tip["u"].(*types.AttributeValueMemberL).Value[0].(*types.AttributeValueMemberM).Value
		if number(u, "i") != number(tip, "n") || u["c"].(*types.AttributeValueMemberS).Value != "Snapshotted" {
			t.Errorf("%s: got the unfold %v, want Snapshotted at the tip's version", step.name, u)
		}
		if got := number(tip, "a"); got != step.a {
			t.Errorf("%s: got a = %s, want %s", step.name, got, step.a)
		}
		etag := tip["etag"].(*types.AttributeValueMemberS).Value
		if etags[etag] {
			t.Errorf("%s: the etag %s was there before", step.name, etag)
		}
		etags[etag] = true
		checkLoad(t, c, step.pos)
	}
	writes := fake.Writes()
	mustSave(t, c, 0)
	if fake.Writes() != writes {
		t.Error("the same position was written again before it was due")
	}
}

// TestCheckpointsOfOthersAreRead begins with what .NET leaves.
func TestCheckpointsOfOthersAreRead(t *testing.T) {
	t.Parallel()
	const cp = `{"at":"2026-11-23T11:00:00+00:00","nextCheckpointDue":"2026-11-23T11:05:00+00:00","pos":`
	event := func(typ, body string) table.Event { return newEvent(typ, table.Raw([]byte(body))) }
	unfold := newUnfold(typeSnapshotted, table.Raw([]byte(`{"config":{"checkpointFreqS":300},"state":`+cp+`9}}`)))
	started := event("Started", `{"config":{"checkpointFreqS":300},"origin":`+cp+`4}}`)
	for name, tt := range map[string]struct {
		write table.Write
		want  feed.Position
	}{
		"unfold":           {table.Write{Events: []table.Event{started}, Unfolds: []table.Unfold{unfold}}, 9},
		"Started alone":    {table.Write{Events: []table.Event{started}}, 4},
		"later events win": {table.Write{Events: []table.Event{started, event("Checkpointed", `{"config":{"checkpointFreqS":300},"pos":`+cp+`5}}`)}}, 5},
		"Overrode":         {table.Write{Events: []table.Event{started, event("Overrode", `{"config":{"checkpointFreqS":300},"pos":`+cp+`2}}`), event("Unknown", `{}`)}}, 2},
	} {
		tab := mustTable(t, faketable.New(), TableConfig())
		stream, err := checkpointStream(key())
		check.Must(t, err)
		check.Must(t, check.Error(tab.Append(t.Context(), table.NoTip(stream), tt.write)))
		c := newCheckpoints(tab, newClock())
		checkLoad(t, c, tt.want)
		mustSave(t, c, 100)
		checkLoad(t, c, 100)
		tip, err := tab.Tip(t.Context(), table.NoTip(stream), true)
		check.Must(t, err)
		state, err := checkpointIn(tip)
		if want := (checkpointConfig{300}); err != nil || state.Config != want {
			t.Errorf("%s: got the config %+v and error %v, want the one that is there kept, %+v", name, state.Config, err, want)
		}
	}
}

// An unfold counts only if it is the state at the version of the tip.
func TestAnOldUnfoldIsNotTheState(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	c := newCheckpoints(mustTable(t, fake, TableConfig()), newClock())
	mustSave(t, c, 4)
	mustSave(t, c, 9)
	tip := maps.Clone(fake.Items(keyStream)[0])
	u := maps.Clone(tip["u"].(*types.AttributeValueMemberL).Value[0].(*types.AttributeValueMemberM).Value)
	u["i"] = &types.AttributeValueMemberN{Value: "0"}
	tip["u"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: u}}}
	check.Must(t, check.Error(fake.PutItem(t.Context(), &dynamodb.PutItemInput{Item: tip})))
	checkLoad(t, c, 4) // which the event says
}

func TestCheckpointsThatCannotBe(t *testing.T) {
	t.Parallel()
	c := newCheckpoints(mustTable(t, faketable.New(), TableConfig()), newClock())
	for part, key := range map[string]feed.Key{
		"group":   {Source: "dynamoStore", Tranche: "0", Group: "my_group"},
		"tranche": {Source: "dynamoStore", Tranche: "", Group: "g"},
		"source":  {Source: "a_b", Tranche: "0", Group: "g"},
	} {
		_, _, err := c.Load(t.Context(), key)
		for _, err := range []error{err, c.Save(t.Context(), key, 1)} {
			if bad, ok := errors.AsType[*KeyError](err); !ok || bad.Part != part || !strings.Contains(err.Error(), "underscore") {
				t.Errorf("%+v: got error %v, want one that names the %s and the underscore", key, err, part)
			}
		}
	}
}

func TestCheckpointsOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	fake, clock := faketable.New(), newClock()
	tab := mustTable(t, fake, TableConfig())
	a, b := newCheckpoints(tab, clock), newCheckpoints(tab, clock)
	mustSave(t, a, 1)
	mustSave(t, b, 2) // reads first
	mustSave(t, a, 3) // meets b's tip
	mustSave(t, b, 3)
	mustSave(t, a, 5)
	mustSave(t, b, 3) // b remembers 3, and the checkpoint is at 5
	checkLoad(t, a, 3)
	fake.Fault(faketable.Lost)
	mustSave(t, a, 8)
	checkLoad(t, b, 8)
}

func TestACheckpointThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]table.Write{
		"no event that counts": {Events: []table.Event{newEvent("Unknown", table.Body{})}},
		"a broken unfold":      {Unfolds: []table.Unfold{newUnfold(typeSnapshotted, table.Raw([]byte(`{"state":{"at":"yesterday"}}`)))}},
	} {
		tab := mustTable(t, faketable.New(), TableConfig())
		stream, err := es.ParseStreamName(keyStream)
		check.Must(t, err)
		check.Must(t, check.Error(tab.Append(t.Context(), table.NoTip(stream), write)))
		c := newCheckpoints(tab, newClock())
		_, _, err = c.Load(t.Context(), key())
		if bad, ok := errors.AsType[*BodyError](err); !ok || bad.Stream != stream {
			t.Errorf("%s: got error %v, want a BodyError of %s", name, err, stream)
		}
	}
}
