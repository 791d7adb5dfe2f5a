package messagedb

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// What bites: with a consumer group the server hashes the name of every row,
// which makes each eight times slower to read; and its last argument is SQL.
func TestFeedAsksTheServerForAllOfACategory(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	sent := onTheWire(t, &db.feed)
	category := newCategory()
	mustAppend(t, db.Store(), streamOf(t, category), 0, newEvents(3)...)
	source := newSource(t, db, 2, category)
	next := feed.Position(0)
	for _, want := range []int{2, 1, 0} {
		batch, err := source.Read(within(t), feed.Tranche(category), next)
		if err != nil || len(batch.Events) != want {
			t.Errorf("read from %d: got %d events and error %v, want %d", next, len(batch.Events), err, want)
		}
		next = batch.Next
	}

	call := regexp.MustCompile(`get_category_messages\s*\(([^)]*)\)`)
	calls := 0
	for _, sql := range sent.statements() {
		for _, found := range call.FindAllStringSubmatch(sql, -1) {
			calls++
			if got := strings.Join(strings.Fields(found[1]), ""); got != "$1,$2,$3" {
				t.Errorf("got the arguments %s, want $1,$2,$3: category, position and batch size", found[1])
			}
		}
	}
	if calls == 0 {
		t.Errorf("no call of get_category_messages was seen among %q", sent.statements())
	}
}

// What bites: NOTIFY in a transaction that writes takes a lock of the whole
// database when it commits, and so undoes Message DB's locks by category.
func TestNothingListensNorNotifies(t *testing.T) {
	t.Parallel()
	db := open(t, Config{CheckpointSchema: checkpointSchema(t)})
	sent := onTheWire(t, &db.write, &db.read, &db.feed, &db.watch, &db.checkpoint)
	category := newCategory()
	stream := streamOf(t, category)
	mustAppend(t, db.Store(), stream, 0, newEvents(2)...)
	for count := range 2 { // with a transaction around it, and without
		if _, err := db.Store().Append(within(t), stream, 0, newEvents(1+count)); err == nil {
			t.Error("got no conflict")
		}
	}
	for _, freshness := range []es.Freshness{es.FromReplica, es.FromLeader} {
		check.OK(t, check.Error(db.Store().Read(within(t), stream, 0, freshness)))
	}
	source := newSource(t, db, 0, category)
	check.OK(t, check.Error(source.Read(within(t), feed.Tranche(category), 0)))
	check.OK(t, check.Error(source.End(within(t), feed.Tranche(category))))
	checkpoints, err := db.Checkpoints()
	check.Must(t, err)
	check.OK(t, checkpoints.Save(within(t), checkpointKey, 1))
	if _, _, err := checkpoints.Load(within(t), checkpointKey); err != nil {
		t.Error(err)
	}
	gone := session{pid: 1 << 30, started: time.Now(), direct: true}
	w := write{stream: stream, expected: 2, events: newEvents(1)}
	if err := db.Store().settle(within(t), []write{w}, &lostReplyError{session: gone, err: errors.New("cut off")})[0]; err == nil {
		t.Error("an append that was never sent counts as done")
	}

	all := strings.Join(sent.statements(), "\n")
	for _, part := range []string{
		"search_path", "BEGIN", "write_message", "COMMIT", "ROLLBACK", "get_stream_messages", "get_category_messages",
		"max(global_position)", "propulsion_checkpoint", "pg_terminate_backend",
	} {
		if !strings.Contains(all, part) {
			t.Errorf("%s was not seen, so this test proves little; seen was:\n%s", part, all)
		}
	}
	if found := regexp.MustCompile(`(?i)\b(un)?listen\b|notify`).FindString(all); found != "" {
		t.Errorf("%s was sent:\n%s", found, all)
	}
}
