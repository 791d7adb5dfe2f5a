package messagedb

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// awaitWoken returns once the channel is closed.
func awaitWoken(t testing.TB, woken <-chan struct{}) {
	t.Helper()
	select {
	case <-woken:
	case <-within(t).Done():
		t.Fatal("nobody was woken")
	}
}

func TestWhoAppendsWakesTheFeedsOfItsOwnDB(t *testing.T) {
	t.Parallel()
	db, category := open(t, Config{}), newCategory()
	source, other := newSource(t, db, 0, category), newSource(t, db, 0, category)
	stream := streamOf(t, category)
	elsewhere := source.Woken(feed.Tranche(newCategory()))
	for version := range es.Version(3) {
		woken, too := source.Woken(feed.Tranche(category)), other.Woken(feed.Tranche(category))
		mustAppend(t, db.Store(), stream, version, newEvents(1)...)
		awaitWoken(t, woken)
		awaitWoken(t, too)
		if batch, err := source.Read(within(t), feed.Tranche(category), 0); err != nil || len(batch.Events) != int(version)+1 {
			t.Errorf("got %d events and error %v, want %d: it was woken too early", len(batch.Events), err, version+1)
		}
	}
	woken := source.Woken(feed.Tranche(category))
	if _, err := db.Store().Append(within(t), stream, 0, newEvents(1)); !errors.As(err, new(*es.ConflictError)) {
		t.Errorf("got error %v, want a conflict", err)
	}
	for name, c := range map[string]<-chan struct{}{"a conflict": woken, "an append to another category": elsewhere} {
		select {
		case <-c:
			t.Errorf("%s has woken it", name)
		default:
		}
	}
}

// An append that is found only by looking wakes too.
func TestASettledAppendWakes(t *testing.T) {
	t.Parallel()
	stream := newStream(t)
	_, through := newProxy(t, appDSN(t), stream, losesReply)
	db := open(t, Config{Connection: through})
	woken := newSource(t, db, 0, stream.Category()).Woken(feed.Tranche(stream.Category()))
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...)
	awaitWoken(t, woken)
}

func TestOthersAreToldOfAppends(t *testing.T) {
	t.Parallel()
	here, category := open(t, Config{Notify: true}), newCategory()
	there := open(t, Config{Notify: true, Application: category})
	source := newSource(t, there, 0, category)
	awaitWoken(t, source.Woken(feed.Tranche(category))) // it has begun to listen
	sent := onTheWire(t, &here.write)
	for version := range es.Version(3) {
		woken := source.Woken(feed.Tranche(category))
		mustAppend(t, here.Store(), streamOf(t, category), 0, newEvents(1)...)
		awaitWoken(t, woken)
		if batch, err := source.Read(within(t), feed.Tranche(category), 0); err != nil || len(batch.Events) != int(version)+1 {
			t.Errorf("got %d events and error %v, want %d: it was woken too early", len(batch.Events), err, version+1)
		}
	}
	// What bites: in the transaction that appends, it would hold up all others.
	all := strings.Join(sent.statements(), "\n")
	if !regexp.MustCompile(`(?s)write_message.*'synchronous_commit', 'off'.*pg_notify`).MatchString(all) || strings.Contains(all, "BEGIN") {
		t.Errorf("got the statements\n%s\nwant the notification in a transaction behind the append's", all)
	}

	// A listener that was cut off hears of what comes after, and looks for what came meanwhile.
	admin := connect(t, adminDSN(t))
	woken := source.Woken(feed.Tranche(category))
	mustExec(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN "+channel+"' AND application_name LIKE $1", category+" %")
	awaitWoken(t, woken)
	woken = source.Woken(feed.Tranche(category))
	mustAppend(t, here.Store(), streamOf(t, category), 0, newEvents(1)...)
	awaitWoken(t, woken)
}
