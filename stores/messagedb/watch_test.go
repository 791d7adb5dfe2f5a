package messagedb

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// TestSessionsSayWhoseTheyAre has each pool make a session and looks at the server.
func TestSessionsSayWhoseTheyAre(t *testing.T) {
	t.Parallel()
	name := newCategory()
	db := open(t, Config{Application: name, CheckpointSchema: checkpointSchema(t)})
	category := newCategory()
	stream := streamOf(t, category)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...)
	if _, err := db.Store().Read(within(t), stream, 0, es.FromReplica); err != nil {
		t.Fatal(err)
	}
	source := newSource(t, db, 0, category)
	if _, err := source.Read(within(t), feed.Tranche(category), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := source.End(within(t), feed.Tranche(category)); err != nil {
		t.Fatal(err)
	}
	checkpoints, err := db.Checkpoints()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := checkpoints.Load(within(t), checkpointKey); err != nil {
		t.Fatal(err)
	}
	rows, err := db.watch.Query(within(t), "SELECT DISTINCT application_name FROM pg_stat_activity WHERE starts_with(application_name, $1)", name)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{name + " messagedb checkpoints", name + " messagedb feed", name + " messagedb reading", name + " messagedb watch", name + " messagedb writing"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

func TestApplicationNamesFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ application, role, want string }{
		{"reactor Checkout", "feed", "reactor Checkout messagedb feed"},
		{strings.Repeat("x", 100), "writing", strings.Repeat("x", 45) + " messagedb writing"},
		{strings.Repeat("x", 44) + "é", "writing", strings.Repeat("x", 44) + "? messagedb writing"},
		{"", "feed", "messagedb feed"},
	} {
		if got := applicationName(tt.application, tt.role); got != tt.want || len(got) > 63 {
			t.Errorf("of %q and %q: got %q, want %q", tt.application, tt.role, got, tt.want)
		}
	}
}

// TestHistoryOfWhatWasRead asks for events that are there and for one that is not.
func TestHistoryOfWhatWasRead(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	category := newCategory()
	events := newEvents(2)
	mustAppend(t, db.Store(), streamOf(t, category), 0, events...)
	source := newSource(t, db, 0, category)
	batch, err := source.Read(within(t), feed.Tranche(category), 0)
	if err != nil || len(batch.Events) != 2 {
		t.Fatalf("got %+v and error %v, want two events", batch, err)
	}
	if got := batch.Events[1].Next; got != batch.Next || batch.Events[0].Next >= got {
		t.Errorf("got the places %d and %d in a batch up to %d", batch.Events[0].Next, got, batch.Next)
	}
	history, err := source.History(within(t), feed.Tranche(category), []feed.Mark{
		{Position: batch.Events[0].Next}, {Position: batch.Events[1].Next}, {Position: 1 << 60},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{events[0].ID.String(), events[1].ID.String(), ""}, history.Events); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	later, err := source.History(within(t), feed.Tranche(category), nil)
	if err != nil || history.Course.Timeline == "" || history.Course.Reached == 0 || later.Course.Timeline != history.Course.Timeline || later.Course.Reached < history.Course.Reached {
		t.Errorf("got the courses %+v and %+v, and error %v, want one that gets on", history.Course, later.Course, err)
	}
}

// A server may be a replica although the name that leads to it was the leader's: what it
// lacks is not lost.
func TestAReplicaTellsNoHistory(t *testing.T) {
	t.Parallel()
	server := ownServer(t)
	replica, err := server.NewReplica(within(t))
	check.Must(t, err)
	t.Cleanup(func() { check.OKf(t, replica.Close(), "stop the replica") })
	db := open(t, Config{Connection: server.ConnectionString})
	moved := *db
	moved.watch, err = newPool(db.config, replica.ConnectionString, ForWriting, 1, watchRole)
	check.Must(t, err)
	t.Cleanup(moved.watch.Close)
	category := newCategory()
	source := &Source{db: &moved, tranches: []feed.Tranche{feed.Tranche(category)}}
	history, err := source.History(within(t), feed.Tranche(category), []feed.Mark{{Position: 1, Event: "1"}})
	if !errors.Is(err, errNotLeader) {
		t.Errorf("got %+v and error %v, want that it is a replica", history, err)
	}
	if _, err := newSource(t, db, 0, category).History(within(t), feed.Tranche(category), nil); err != nil {
		t.Errorf("of the leader: got error %v", err)
	}
}

// Whoever was led to a server that takes no writes, as by a name that was not changed yet
// when a replica took over, does not stay with it.
func TestAServerThatTakesNoWritesIsLeft(t *testing.T) {
	t.Parallel()
	name := freshDatabase(t)
	text, database := withDatabase(adminDSN(t), name), pgx.Identifier{name}.Sanitize()
	config := Config{Connection: text, CheckpointSchema: "public"}
	check.Must(t, check.Error(Init(within(t), config)))
	db := open(t, config)
	checkpoints, err := db.Checkpoints()
	check.Must(t, err)
	hold := feed.Hold{Group: "group", Token: 1}
	put := func(version int64) error {
		return checkpoints.PutRoster(within(t), feed.Roster{Group: hold.Group, Version: version, Slots: []feed.Slot{{Holder: "me", Token: hold.Token}}})
	}
	check.Must(t, put(1))
	one, other := newStream(t), newStream(t)
	asks := map[string]func() error{
		"an append":   func() error { _, err := db.Store().Append(within(t), one, 0, newEvents(1)); return err },
		"a large one": func() error { _, err := db.Store().Append(within(t), other, 0, newEvents(3)); return err },
		"a save":      func() error { return checkpoints.Save(within(t), checkpointKey, 7) },
		"a claim":     func() error { _, err := checkpoints.Claim(within(t), checkpointKey, hold, 7); return err },
		"of a slot":   func() error { return checkpoints.SaveHeld(within(t), checkpointKey, hold, 7) },
		"a roster":    func() error { return put(2) },
		"a note":      func() error { return checkpoints.PutNote(within(t), hold.Group, "kind", "name", []byte("{}")) },
	}
	elsewhere := connect(t, adminDSN(t))
	for what, ask := range asks {
		mustExec(t, elsewhere, "ALTER DATABASE "+database+" SET default_transaction_read_only = on")
		db.write.Reset()
		db.checkpoint.Reset()
		if err := ask(); !hasCode(err, codeReadOnly) {
			t.Errorf("%s: got error %v, want that the server takes no writes", what, err)
		}
		mustExec(t, elsewhere, "ALTER DATABASE "+database+" RESET default_transaction_read_only")
		await(t, what, func() bool { return ask() == nil }) // a server is left once a second
	}
}
