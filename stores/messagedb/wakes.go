package messagedb

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
)

// Who appends to a category tells the feeds of it that this DB has, so they need not
// find out by asking. Feeds of other processes are told through the server, if
// [Config.Notify] says so. Either may be missed: a wake-up is no more than a reason to
// ask earlier.
//
// A notification is sent after the transaction that it is about, and once for all that
// was committed meanwhile. In the transaction itself it would have the commits of all
// categories wait for each other, since PostgreSQL puts notifications in the order of
// the commits.

// channel is what is listened to. What is said there is the name of a category.
const channel = "messages_appended"

// wakes are those who wait for something to be appended.
type wakes struct {
	mu      sync.Mutex
	waiting map[string]chan struct{} // by category; closed by what comes next
}

func newWakes() *wakes { return &wakes{waiting: map[string]chan struct{}{}} }

// next is closed once something is appended to the category from now on.
func (w *wakes) next(category string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[category] == nil {
		w.waiting[category] = make(chan struct{})
	}
	return w.waiting[category]
}

// wake tells that something was appended.
func (w *wakes) wake(category string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.waiting[category]; c != nil {
		close(c)
		delete(w.waiting, category)
	}
}

// wakeAll is for one who may have missed something.
func (w *wakes) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.waiting {
		close(c)
	}
	clear(w.waiting)
}

// Woken implements [feed.Waker]. It hears what is appended through the same DB, and with
// [Config.Notify] also what others append who were told to notify.
func (s *Source) Woken(tranche feed.Tranche) <-chan struct{} { return s.db.wakes.next(string(tranche)) }

// notifier tells other processes what was appended.
type notifier struct {
	mu       sync.Mutex
	appended []string      // categories of which nobody was told yet
	some     chan struct{} // holds something if there may be some
}

func newNotifier() *notifier { return &notifier{some: make(chan struct{}, 1)} }

// appended tells the feeds here, and has others told.
func (db *DB) appended(category string) {
	db.wakes.wake(category)
	n := db.notifier
	if n == nil {
		return
	}
	n.mu.Lock()
	if !slices.Contains(n.appended, category) {
		n.appended = append(n.appended, category)
	}
	n.mu.Unlock()
	select {
	case n.some <- struct{}{}:
	default:
	}
}

func (n *notifier) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.appended
	n.appended = nil
	return all
}

// notifySQL is a transaction by itself. A notification that a crash loses is one that nobody
// waits for.
const notifySQL = `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, category) FROM unnest($2::text[]) category`

// notify tells others until ctx ends.
func (db *DB) notify(ctx context.Context) {
	for {
		select {
		case <-db.notifier.some:
		case <-ctx.Done():
			return
		}
		if _, err := db.write.Exec(ctx, notifySQL, channel, db.notifier.take()); err != nil && ctx.Err() == nil {
			db.config.Logger.DebugContext(ctx, "nobody was told of an append; feeds find it by asking", slog.Any("error", err))
		}
	}
}

// listen wakes the feeds of this DB by what others say until ctx ends.
func (db *DB) listen(ctx context.Context) {
	pauses := pause.Doubling(100*time.Millisecond, 10*time.Second)
	for ctx.Err() == nil {
		err := db.hear(ctx, pauses.Reset)
		if ctx.Err() != nil {
			return
		}
		db.config.Logger.DebugContext(ctx, "nothing is heard of what others append; feeds find it by asking", slog.Any("error", err))
		_ = pause.For(ctx, pauses.NextBackOff()) // the end of ctx ends the loop
	}
}

// hear listens on one connection, which leads to the leader: a replica does not notify.
func (db *DB) hear(ctx context.Context, heard func()) error {
	conn, err := pgx.ConnectConfig(ctx, db.write.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := pin(ctx, conn, ForReading); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	db.wakes.wakeAll() // for what was said before
	heard()
	for {
		said, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		db.wakes.wake(said.Payload)
	}
}
