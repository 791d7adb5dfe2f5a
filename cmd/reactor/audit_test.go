package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// backendOn is a backend on a memory store whose feed delivers some categories,
// in small batches.
func backendOn(t testing.TB, store *memory.Store, categories []string) *stores.Backend {
	t.Helper()
	source, err := store.Source(memory.SourceConfig{Categories: categories, BatchSize: 7})
	if err != nil {
		t.Fatal(err)
	}
	return &stores.Backend{Name: "memory", Events: store, Source: source, Checkpoints: memory.NewCheckpoints()}
}

// auditOf audits a backend and returns the exit status and the output, without
// the summary.
func auditOf(t testing.TB, backend *stores.Backend, consumers ...string) (status int, verdict string) {
	t.Helper()
	var out bytes.Buffer
	command := auditCommand{ProcessorName: consumers}
	err := command.audit(t.Context(), backend, nil, streams{out: &out}, &auditProgress{})
	_, verdict, _ = strings.Cut(out.String(), "skipped\n\n")
	return exitStatus(err), verdict
}

// Of the wrong store everything balances.
func TestAnAuditOfNothingSaysSo(t *testing.T) {
	t.Parallel()
	status, verdict := auditOf(t, backendOn(t, memory.New(), auditedCategories()))
	if want := "There are no events in this store: is it the right one?\n"; status != statusDone || verdict != want {
		t.Errorf("got status %d and %q, want 0 and %q", status, verdict, want)
	}
}

// withoutBodies is a feed that only tells that there are events.
func withoutBodies(source feed.Source) feed.Source {
	return intercept.Source(source, intercept.SourceHooks{
		AfterRead: func(_ context.Context, _ feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			for i := range batch.Events {
				e := &batch.Events[i].Event
				e.Data, e.Meta, e.Time = nil, nil, time.Time{}
			}
			return batch, err
		},
	})
}

func TestTheBooksOfADemoBalance(t *testing.T) {
	t.Parallel()
	store := memory.New()
	report, err := demo.Run(t.Context(), backendOn(t, store, checkout.Categories()), demo.Config{Groups: 12, Stays: 5, Clerks: 3, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	whole := backendOn(t, store, auditedCategories())
	told := *whole
	told.Source = withoutBodies(whole.Source)
	for name, backend := range map[string]*stores.Backend{"with bodies": whole, "without bodies": &told} {
		audited, _, err := auditStore(t.Context(), backend, nil, nil, func(walked) {})
		if err != nil {
			t.Fatal(err)
		}
		s := audited.books.Summary()
		if found := audited.books.Violations(); len(found) > 0 || s.Events != report.EventsWritten || s.Confirmed != 12 || !s.Moved.Equal(report.Moved) {
			t.Errorf("%s: got %+v and %v, want what the demo reports: %+v", name, s, found, report)
		}
	}
}

// The store is never quiet: whatever the audit reads is old by the time that it
// reads the rest.
func TestABusyStoreGivesNoFalseAlarm(t *testing.T) {
	t.Parallel()
	store := memory.New()
	over := make(chan error, 1)
	backend := backendOn(t, store, checkout.Categories())
	ctx := t.Context()
	go func() {
		_, err := demo.Run(ctx, backend, demo.Config{Groups: 20, Stays: 5, Clerks: 4})
		over <- err
	}()
	for audits := 0; ; audits++ {
		if status, verdict := auditOf(t, backendOn(t, store, auditedCategories())); status != statusDone {
			t.Errorf("audit %d: got status %d and %q, want 0", audits, status, verdict)
		}
		select {
		case err := <-over:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}

// merge lets a reactor do what there is to do, and save its checkpoint.
func merge(t testing.TB, backend *stores.Backend, group string) {
	t.Helper()
	end, err := backend.Source.End(t.Context(), groupcheckout.Category)
	if err != nil {
		t.Fatal(err)
	}
	caughtUp := make(chan struct{})
	var saved bool
	observer := observerFunc(func(o reactor.Occurrence) {
		if s, ok := o.(reactor.CheckpointSaved); ok && s.Position >= end && !saved {
			saved = true
			close(caughtUp)
		}
	})
	running, err := checkout.Start(t.Context(), backend, checkout.Config{
		Reactor: reactor.Config{Group: group, CheckpointInterval: time.Millisecond, Observer: observer},
		Log:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	<-caughtUp
	running.Stop()
	if err := running.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

type observerFunc func(reactor.Occurrence)

// Observe implements reactor.Observer.
func (f observerFunc) Observe(o reactor.Occurrence) { f(o) }

func TestCheckpointsAreAudited(t *testing.T) {
	t.Parallel()
	store := memory.New()
	backend := backendOn(t, store, checkout.Categories())
	stays, groups := gueststay.NewService(store, es.Options{}), groupcheckout.NewService(store, es.Options{})
	now := domain.MomentOf(time.Now())
	guest := func() domain.StayID {
		t.Helper()
		id := domain.StayID(uuid.New())
		if err := stays.CheckIn(t.Context(), id, now); err != nil {
			t.Fatal(err)
		}
		return id
	}
	ask := func(group domain.GroupID, asked ...domain.StayID) {
		t.Helper()
		if err := groups.Select(t.Context(), group, asked, now); err != nil {
			t.Fatal(err)
		}
	}
	first, second := domain.GroupID{1}, domain.GroupID{2}
	ask(first, guest(), guest())
	merge(t, backend, "night")

	whole := backendOn(t, store, auditedCategories())
	whole.Checkpoints = backend.Checkpoints
	told := *whole
	told.Source = withoutBodies(whole.Source)
	check := func(want string, consumers ...string) {
		t.Helper()
		for _, audited := range []*stores.Backend{whole, &told} {
			status, verdict := auditOf(t, audited, consumers...)
			if wantStatus := map[bool]int{true: statusDone, false: statusAudit}[strings.HasPrefix(want, "The books balance.")]; status != wantStatus {
				t.Errorf("got status %d, want %d", status, wantStatus)
			}
			if diff := cmp.Diff(want, verdict); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		}
	}
	const clean = "The books balance.\n"
	check(clean, "night")
	check(clean+"\nThe consumer group \"nihgt\" has no checkpoint here: is the name right?\n", "nihgt", "night")

	// Work behind the checkpoint is to be done.
	ask(first, guest())
	ask(second, guest(), guest())
	check(clean, "night")

	// With the checkpoint set forward nobody would do it.
	end, err := whole.Source.End(t.Context(), groupcheckout.Category)
	if err != nil {
		t.Fatal(err)
	}
	key := feed.Key{Source: whole.Source.ID(), Tranche: groupcheckout.Category, Group: "night"}
	passed := func(event, pending string, group domain.GroupID) string {
		return `checkpoint: the checkpoint of the consumer group "night" lies past event ` + event + " of " + groups.Stream(group).String() +
			", but stays that were selected by then are still pending: " + pending + "\n"
	}
	for _, test := range []struct {
		position feed.Position
		want     string
	}{
		{end, "2 violations:\n" + passed("2", "1", first) + passed("0", "2", second)},
		{end + 1000, "2 violations:\n" + passed("2", "1", first) + passed("0", "2", second)},
		{end - 1, "1 violation:\n" + passed("2", "1", first)},
		{0, clean},
	} {
		if err := backend.Checkpoints.Save(t.Context(), key, test.position); err != nil {
			t.Fatal(err)
		}
		check(test.want, "night")
	}
	merge(t, backend, "night")
	check(clean, "night")
}

func TestViolationsArePrinted(t *testing.T) {
	t.Parallel()
	store := memory.New()
	stay, group := domain.StayID{15: 1}, domain.GroupID{15: 2}
	for _, e := range []struct {
		stream, kind, body string
	}{
		{"GuestStay-" + stay.N(), "Charged", `{"amount":12.50,"at":"2024-05-01T12:00:00+00:00","chargeId":"` + stay.String() + `"}`},
		{"GuestStay-" + stay.N(), "TransferredToGroup", `{"at":"2024-05-01T12:00:00+00:00","groupId":"` + group.String() + `","residualBalance":12.50}`},
		{"GroupCheckout-" + group.N(), "StaysSelected", `{"at":"yesterday"}`},
		{"GroupCheckout-7", "Confirmed", ``},
		{"GroupCheckout-" + group.N(), "Archived", ``},
		{"GuestStay-" + stay.N(), "Paid", `{"amount":12.50,"at":"2024-05-01T12:00:00+00:00","paymentId":"` + stay.String() + `"}`},
	} {
		name, err := es.ParseStreamName(e.stream)
		if err != nil {
			t.Fatal(err)
		}
		there, err := store.Read(t.Context(), name, 0, es.FromLeader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Append(t.Context(), name, es.Version(len(there)), []es.EventData{{ID: uuid.New(), Type: e.kind, Data: []byte(e.body)}}); err != nil {
			t.Fatal(err)
		}
	}
	var out, progress strings.Builder
	err := (&auditCommand{}).audit(t.Context(), backendOn(t, store, auditedCategories()), nil, streams{out: &out}, &auditProgress{note: streams{err: &progress}.note})
	if exitStatus(err) != statusAudit || err.Error() != "the books do not balance: 2 violations named above" {
		t.Errorf("got status %d of %v, want 3", exitStatus(err), err)
	}
	const want = `1  stay
1  group checkout
0      confirmed
0  stays merged
0  stays not merged
0  stays pending
0      in flight: transferred, and not recorded yet
0  money moved from stays to groups
0  money in flight
0  money paid for groups
5  events
1      of unknown types, skipped
1  event of streams that are no stay's and no group's, skipped

2 violations:
body: event 0 (StaysSelected) of GroupCheckout-00000000000000000000000000000002 cannot be read: the property /stays is missing
closed: event 2 (Paid) of GuestStay-00000000000000000000000000000001 follows event 1 (TransferredToGroup), which closed the stream
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if got, want := progress.String(), "GroupCheckout: at 6 of 6; 3 events read\nGuestStay: at 7 of 7; 6 events read\n"; got != want {
		t.Errorf("got the progress %q, want %q", got, want)
	}
}

func TestProgressIsToldOnlyNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := auditProgress{note: streams{err: &out}.note, every: progressInterval, last: time.Now()}
		for i := range 12 {
			p.show(walked{"GuestStay", feed.Position(i), 12, i})
			time.Sleep(time.Second)
		}
		if got, want := out.String(), "GuestStay: at 5 of 12; 5 events read\nGuestStay: at 10 of 12; 10 events read\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAuditCommandLinesThatAreWrong(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	const dsn = "Host=127.0.0.1;Port=1;Username=u;Password=" + secret
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"audit"}, statusConfiguration, "mdb"},
		{[]string{"audit", "memory"}, statusConfiguration, `"reactor audit" is followed by one of: mdb, dynamo`},
		{[]string{"audit", "mdb"}, statusConfiguration, "MDB_CONNECTION_STRING"},
		{[]string{"audit", "mdb", "-cp", dsn}, statusConfiguration, "the one for checkpoints is not enough"},
		{[]string{"audit", "-g", "night", "mdb", "-c", dsn}, statusConfiguration, "MDB_SCHEMA"},
		{[]string{"audit", "-g", "", "mdb", "-c", dsn, "-cs", "public"}, statusConfiguration, "--processor-name is empty"},
		{[]string{"audit", "mdb", "-c", dsn, "-b", "0"}, statusConfiguration, "--batch-size cannot be 0"},
		{[]string{"audit", "mdb", "-c", dsn}, statusFailure, "the server cannot be reached"},
		{[]string{"audit", "-g", "day", "-g", "night,late", "mdb", "-c", dsn, "-cs", "public"}, statusFailure, "the server cannot be reached"},
		{[]string{"audit", "dynamo", "-t", "hotel"}, statusConfiguration, "neither a region nor a server is given"},
	} {
		status, out, errors := call(t, nil, test.args...)
		if status != test.status || out != "" || !strings.Contains(errors, test.want) || strings.Contains(errors, secret) {
			t.Errorf("%v: got status %d, the output %q and the error %q, want %d, none, and %q without the password", test.args, status, out, errors, test.status, test.want)
		}
	}
}
