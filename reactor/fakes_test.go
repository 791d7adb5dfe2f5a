package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Everything here is made inside a synctest bubble, where synctest.Wait waits
// until nothing can go on by itself, and time passes only when everything
// waits.

// source is a feed that the test writes. Positions count its entries.
type source struct {
	mu       sync.Mutex
	tranches []feed.Tranche
	entries  map[feed.Tranche][]entry
	changed  chan struct{} // closed and replaced when something is added
	batch    int           // entries in one batch
	failing  error         // of every read, while set
	refusing error         // of Tranches and End, while set
	reads    int
	frozen   feed.Position                                // behind which reads find nothing, while set
	ids      func(tranche feed.Tranche, at int) uuid.UUID // of events; nil if they have none
}

// entry is one event of a feed, or a gap if it names no stream.
type entry struct {
	stream es.StreamName
	index  es.Version
	id     uuid.UUID // of an event of a historian
}

func newSource(tranches ...feed.Tranche) *source {
	return &source{tranches: tranches, entries: map[feed.Tranche][]entry{}, changed: make(chan struct{}), batch: 1}
}

// add appends to a tranche, in the form "a@0 a@1 - b@0", where - is a gap.
func (s *source) add(tranche feed.Tranche, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for word := range strings.FieldsSeq(text) {
		var e entry
		if id, index, found := strings.Cut(word, "@"); found {
			e.stream = stream(id)
			if _, err := fmt.Sscan(index, &e.index); err != nil {
				panic(err)
			}
		}
		if s.ids != nil && !e.stream.IsZero() {
			e.id = s.ids(tranche, len(s.entries[tranche]))
		}
		s.entries[tranche] = append(s.entries[tranche], e)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// lose takes away what tranche A holds from a position on.
func (s *source) lose(from int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries["A"] = s.entries["A"][:from]
}

// refuse makes every question for the end or the tranches fail until it is called
// with nil.
func (s *source) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing = err
}

// fail makes every read fail until it is called with nil.
func (s *source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = err
}

// readCount is how many reads there were so far.
func (s *source) readCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func (s *source) ID() string { return "scripted" }

func (s *source) Tranches(ctx context.Context) ([]feed.Tranche, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.tranches, s.refusing
}

func (s *source) Read(_ context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.failing != nil {
		return feed.Batch{}, s.failing
	}
	entries := s.readable(tranche)
	batch := feed.Batch{Next: from}
	for int(batch.Next) < len(entries) && batch.Next < from+feed.Position(s.batch) {
		if e := entries[batch.Next]; !e.stream.IsZero() {
			batch.Events = append(batch.Events, feed.Delivery{Stream: e.stream, Event: es.Event{Index: e.index}})
		}
		batch.Next++
	}
	batch.Tail = int(batch.Next) >= len(entries)
	return batch, nil
}

// readable is what reads find.
func (s *source) readable(tranche feed.Tranche) []entry {
	entries := s.entries[tranche]
	if s.frozen > 0 {
		entries = entries[:min(int(s.frozen), len(entries))]
	}
	return entries
}

func (s *source) End(_ context.Context, tranche feed.Tranche) (feed.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return feed.Position(len(s.entries[tranche])), s.refusing
}

// notifying is a source that tells of changes.
type notifying struct{ *source }

func (s notifying) Changed(tranche feed.Tranche, from feed.Position) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(from) < len(s.readable(tranche)) {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	return s.changed
}

// waking is a source that hears of what is added.
type waking struct{ *source }

func (s waking) Woken(feed.Tranche) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// deaf adds what is not heard.
func (s waking) deaf(tranche feed.Tranche, text string) {
	s.mu.Lock()
	heard := s.changed
	s.changed = make(chan struct{})
	s.mu.Unlock()
	s.add(tranche, text)
	s.mu.Lock()
	s.changed = heard
	s.mu.Unlock()
}

// checkpoints keeps every position that was saved.
type checkpoints struct {
	mu      sync.Mutex
	at      map[feed.Key]feed.Position
	saves   []string // "tranche position", in order
	failing error    // of every call, while set
}

func newCheckpoints() *checkpoints { return &checkpoints{at: map[feed.Key]feed.Position{}} }

func (c *checkpoints) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failing = err
}

func (c *checkpoints) Load(_ context.Context, key feed.Key) (feed.Position, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	position, ok := c.at[key]
	return position, ok, c.failing
}

func (c *checkpoints) Save(ctx context.Context, key feed.Key, position feed.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := errors.Join(ctx.Err(), c.failing); err != nil {
		return err
	}
	c.at[key] = position
	c.saves = append(c.saves, fmt.Sprint(key.Tranche, " ", position))
	return nil
}

// saved lists all that was saved so far.
func (c *checkpoints) saved() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.saves, ", ")
}

// handler is a handler that waits for the test where the test wants that, and
// otherwise observes all that it was given.
type handler struct {
	mu     sync.Mutex
	handle map[string]func(ctx context.Context, events []es.Event) (es.Version, error) // by id of the stream
	calls  []string                                                                    // "id indexes"
}

func newHandler() *handler {
	return &handler{handle: map[string]func(context.Context, []es.Event) (es.Version, error){}}
}

// on says what happens to one stream.
func (h *handler) on(id string, handle func(ctx context.Context, events []es.Event) (es.Version, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handle[id] = handle
}

// hold makes each call for the streams wait until something is sent, or the channel
// closed. It fails if it was told to end before.
func (h *handler) hold(ids ...string) chan<- struct{} {
	release := make(chan struct{})
	for _, id := range ids {
		h.on(id, func(ctx context.Context, events []es.Event) (es.Version, error) {
			<-release
			return all(events), ctx.Err()
		})
	}
	return release
}

// heal lets calls for a stream go well again.
func (h *handler) heal(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.handle, id)
}

// count is how many calls there were so far, and last the last of them.
func (h *handler) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.calls)
}

func (h *handler) last() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[len(h.calls)-1]
}

// called lists all calls so far, sorted, since calls for different streams may
// begin in any order.
func (h *handler) called() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(slices.Sorted(slices.Values(h.calls)), ", ")
}

func (h *handler) Handle(ctx context.Context, stream es.StreamName, events []es.Event) (es.Version, error) {
	h.mu.Lock()
	text := stream.ID()
	for _, e := range events {
		text += fmt.Sprint(" ", e.Index)
	}
	h.calls = append(h.calls, text)
	handle := h.handle[stream.ID()]
	h.mu.Unlock()
	if handle != nil {
		return handle(ctx, events)
	}
	return all(events), nil
}

// all is the version that covers events.
func all(events []es.Event) es.Version { return events[len(events)-1].Index + 1 }

// failure lets a call fail.
func failure(context.Context, []es.Event) (es.Version, error) { return 0, errBoom }

var errBoom = errors.New("boom")

// recorder keeps what it is told.
type recorder struct {
	mu       sync.Mutex
	occurred []reactor.Occurrence
}

func (r *recorder) Observe(o reactor.Occurrence) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.occurred = append(r.occurred, o)
}

// occurrences lists those of one type.
func occurrences[T reactor.Occurrence](r *recorder) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []T
	for _, o := range r.occurred {
		if o, ok := o.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// running is a reactor that runs.
type running struct {
	*reactor.Running
	t *testing.T
}

// start runs a reactor in the bubble of the test and waits until it has nothing
// to do.
func start(t *testing.T, s feed.Source, c feed.Checkpoints, h reactor.Handler, config reactor.Config) *running {
	t.Helper()
	r := begin(t, s, c, h, config)
	synctest.Wait()
	return r
}

// begin is start without the wait.
func begin(t *testing.T, s feed.Source, c feed.Checkpoints, h reactor.Handler, config reactor.Config) *running {
	t.Helper()
	if config.Group == "" {
		config.Group = "test"
	}
	started, err := reactor.Start(t.Context(), s, c, h, config)
	check.Must(t, err)
	return &running{started, t}
}

// end stops the reactor and returns why it is over.
func (r *running) end() error {
	r.Stop()
	return r.result()
}

// result waits until the reactor is over and returns why.
func (r *running) result() error { return r.Wait(context.Background()) }

// endWell is end for a reactor that nothing is wrong with.
func (r *running) endWell() {
	r.t.Helper()
	if err := r.end(); err != nil {
		r.t.Errorf("Wait: got %v, want nil", err)
	}
}

// status is what the reactor is at.
func (r *running) status() reactor.Status {
	r.t.Helper()
	status, err := r.Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return status
}

// unlooked is a status without what the leader said.
func unlooked(t reactor.TrancheStatus) reactor.TrancheStatus {
	t.EndAt, t.End, t.Unread = time.Time{}, 0, 0
	return t
}

// pass lets time pass and waits until what it brought about is done.
func pass(d time.Duration) {
	time.Sleep(d) // the bubble's time
	synctest.Wait()
}

// stream is the stream with the given id.
func stream(id string) es.StreamName {
	name, err := es.NewStreamName("Stream", id)
	if err != nil {
		panic(err)
	}
	return name
}

// equal fails the test unless both are the same.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	check.Equal(t, what, want, got)
}
