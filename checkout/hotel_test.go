package checkout_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/es/aggregatetest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/memory"
)

// opening is when everything in these tests happens.
func opening() domain.Moment { return domain.MomentOf(time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)) }

// hotel is a store with a front desk that works on it directly.
type hotel struct {
	t       *testing.T
	backend *stores.Backend
	stays   *gueststay.Service
	groups  *groupcheckout.Service
	silent  bool // whether the feed tells only that there is an event

	mu     sync.Mutex
	called map[es.StreamName]int // by processes on a disturbed store of the hotel
}

func newHotel(t *testing.T) *hotel {
	t.Helper()
	backend, err := memory.New().Backend(checkout.Categories()...)
	check.Must(t, err)
	t.Cleanup(backend.Close)
	return &hotel{
		t: t, backend: backend,
		stays:  gueststay.NewService(backend.Events, es.Options{}),
		groups: groupcheckout.NewService(backend.Events, es.Options{}),
		called: map[es.StreamName]int{},
	}
}

// process is a process manager that works on the hotel through a store which
// the test may disturb.
func (h *hotel) process(store es.Store, config checkout.Config) *checkout.Process {
	options := es.Options{Cache: es.NewCache(0, 0)}
	return checkout.NewProcess(groupcheckout.NewService(store, options), gueststay.NewService(store, options), quiet(config))
}

// start starts the reactor in the bubble of the test, and stops it when the test
// ends.
func (h *hotel) start(config checkout.Config) *reactor.Running {
	h.t.Helper()
	if config.Reactor.Group == "" {
		config.Reactor.Group = "test"
	}
	started, err := checkout.Start(h.t.Context(), h.backend, quiet(config))
	h.must(err)
	h.t.Cleanup(func() {
		started.Stop()
		<-started.Done()
	})
	synctest.Wait()
	return started
}

// quiet is a configuration that logs nothing unless it says where.
func quiet(config checkout.Config) checkout.Config {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return config
}

// stay checks a guest in who owes an amount.
func (h *hotel) stay(amount int64) domain.StayID {
	h.t.Helper()
	id := domain.StayID(uuid.New())
	h.must(h.stays.CheckIn(h.t.Context(), id, opening()))
	h.must(h.stays.Charge(h.t.Context(), id, domain.ChargeID(uuid.New()), domain.MoneyOf(amount), opening()))
	return id
}

// stayList checks guests in who owe 1, 2, 3 and so on.
func (h *hotel) stayList(n int) []domain.StayID {
	h.t.Helper()
	var ids []domain.StayID
	for i := range n {
		ids = append(ids, h.stay(int64(i+1)))
	}
	return ids
}

// settled checks a guest in and out.
func (h *hotel) settled() domain.StayID {
	h.t.Helper()
	id := domain.StayID(uuid.New())
	h.must(h.stays.CheckIn(h.t.Context(), id, opening()))
	h.must(h.stays.CheckOut(h.t.Context(), id, opening()))
	return id
}

// group selects stays for a new group.
func (h *hotel) group(stays ...domain.StayID) domain.GroupID {
	h.t.Helper()
	id := domain.GroupID(uuid.New())
	h.must(h.groups.Select(h.t.Context(), id, stays, opening()))
	return id
}

// write appends an event as some other program might.
func (h *hotel) write(stream es.StreamName, eventType, body string) {
	h.t.Helper()
	version := es.Version(len(h.events(stream)))
	_, err := h.backend.Events.Append(h.t.Context(), stream, version, []es.EventData{{ID: uuid.New(), Type: eventType, Data: []byte(body)}})
	h.must(err)
}

// handle lets a process handle a group that it is told of, and no more than that.
func (h *hotel) handle(p *checkout.Process, group domain.GroupID) (es.Version, error) {
	h.t.Helper()
	name := h.groups.Stream(group)
	return p.Handle(h.t.Context(), name, bare(h.events(name)[:1]))
}

// deliver tells a process of what a group's stream holds from a version on.
func (h *hotel) deliver(p *checkout.Process, group domain.GroupID, from es.Version) error {
	h.t.Helper()
	name := h.groups.Stream(group)
	events := h.events(name)[from:]
	if h.silent {
		events = bare(events)
	}
	_, err := p.Handle(h.t.Context(), name, events)
	return err
}

// bare are events as a feed delivers them that does not know what they say.
func bare(events []es.Event) []es.Event {
	for i := range events {
		events[i].Data, events[i].Meta, events[i].Time = nil, nil, time.Time{}
	}
	return events
}

// disturbed is a store of which the calls are counted.
func (h *hotel) disturbed(store es.Store) *disturbed {
	return &disturbed{Store: store, before: func(_ context.Context, c call) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.called[c.stream]++
		return nil
	}}
}

// visits is how many calls a stay's stream has seen of such stores.
func (h *hotel) visits(stay domain.StayID) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.called[h.stays.Stream(stay)]
}

// read is the state of a group.
func (h *hotel) read(group domain.GroupID) groupcheckout.State {
	h.t.Helper()
	state, err := h.groups.Read(h.t.Context(), group)
	h.must(err)
	return state
}

func (h *hotel) events(stream es.StreamName) []es.Event {
	h.t.Helper()
	events, err := h.backend.Events.Read(h.t.Context(), stream, 0, es.FromLeader)
	h.must(err)
	return events
}

// transfers counts how often a stay was transferred.
func (h *hotel) transfers(id domain.StayID) int {
	h.t.Helper()
	n := 0
	for _, name := range aggregatetest.Types(h.t, h.backend.Events, h.stays.Stream(id)) {
		if name == "TransferredToGroup" {
			n++
		}
	}
	return n
}

func (h *hotel) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// summary is the state of a group in words: what became of stays, the balance.
func (h *hotel) summary(group domain.GroupID, stays []domain.StayID) string {
	h.t.Helper()
	state := h.read(group)
	text := ""
	for _, id := range stays {
		text += fmt.Sprintf("%s %s, ", state.Status(id), state.Residual(id))
	}
	return text + "balance " + state.Balance().String()
}

// expectBalance waits until the reactor has nothing left to do, and fails the test
// unless a group has merged all its stays and owes an amount.
func (h *hotel) expectBalance(group domain.GroupID, want int64) {
	h.t.Helper()
	synctest.Wait()
	state := h.read(group)
	equal(h.t, "pending stays", len(state.Stays(groupcheckout.Pending)), 0)
	equal(h.t, "balance of the group", state.Balance().String(), domain.MoneyOf(want).String())
}

// disturbed is a store that lets a test interfere with each call.
type disturbed struct {
	es.Store
	before func(ctx context.Context, call call) error // an error keeps the call from being made
	after  func(call call) error                      // an error hides that it was made

	joins      bool         // whether it reads several streams together
	beforeMany func() error // as before, of such a read

	mu       sync.Mutex
	n        int
	appends  []call // that were made
	reads    map[es.StreamName]int
	together []int // how many streams were read with one call
}

// call is one call of the store.
type call struct {
	n      int // counted from 1
	stream es.StreamName
	events []es.EventData // nil for a read
}

func (d *disturbed) begin(ctx context.Context, stream es.StreamName, events []es.EventData) (call, error) {
	d.mu.Lock()
	d.n++
	c := call{d.n, stream, events}
	if events == nil {
		if d.reads == nil {
			d.reads = map[es.StreamName]int{}
		}
		d.reads[stream]++
	}
	d.mu.Unlock()
	if d.before != nil {
		return c, d.before(ctx, c)
	}
	return c, nil
}

func (d *disturbed) end(c call, err error) error {
	if err == nil && c.events != nil {
		d.mu.Lock()
		d.appends = append(d.appends, c)
		d.mu.Unlock()
	}
	if err == nil && d.after != nil {
		return d.after(c)
	}
	return err
}

func (d *disturbed) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	c, err := d.begin(ctx, stream, nil)
	if err != nil {
		return nil, err
	}
	events, err := d.Store.Read(ctx, stream, from, freshness)
	return events, d.end(c, err)
}

func (d *disturbed) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	c, err := d.begin(ctx, stream, events)
	if err != nil {
		return 0, err
	}
	version, err := d.Store.Append(ctx, stream, expected, events)
	return version, d.end(c, err)
}

func (d *disturbed) readMany(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
	d.mu.Lock()
	d.together = append(d.together, len(streams))
	d.mu.Unlock()
	if d.beforeMany != nil {
		if err := d.beforeMany(); err != nil {
			return nil, err
		}
	}
	return es.ManyReaderOf(d.Store).ReadMany(ctx, streams, freshness)
}

// ManyReader is what es.ManyReaderOf asks.
func (d *disturbed) ManyReader() es.ManyReader {
	if !d.joins {
		return nil
	}
	return es.ManyReaderFunc(d.readMany)
}

// readsOf is how often a stream was read by itself.
func (d *disturbed) readsOf(stream es.StreamName) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reads[stream]
}

// calls is how many calls there were.
func (d *disturbed) calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.n
}

// appendsTo lists the types of each append to streams of a category.
func (d *disturbed) appendsTo(category string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []string
	for _, c := range d.appends {
		if c.stream.Category() != category {
			continue
		}
		text := ""
		for _, e := range c.events {
			text += e.Type + " "
		}
		found = append(found, text)
	}
	return found
}

var errBoom = errors.New("boom")

// equal fails the test unless both are the same.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	check.Equal(t, what, want, got)
}
