package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

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

// lagging is a feed that is read from a copy, which has nothing until a moment.
func lagging(source feed.Source, until time.Time) feed.Source {
	return intercept.Source(source, intercept.SourceHooks{
		AfterRead: func(_ context.Context, _ feed.Tranche, from feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			if time.Now().Before(until) {
				return feed.Batch{Next: from, Tail: true}, err
			}
			return batch, err
		},
	})
}

func TestACopyThatLagsBehindIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		lag     time.Duration
		status  int
		verdict string
	}{
		{lagLimit - time.Second, statusAudit, "merge: event 0 of GroupCheckout-"},
		{lagLimit + time.Second, statusFailure, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := memory.New()
			stream, err := es.NewStreamName(groupcheckout.Category, domain.GroupID{}.N())
			check.Must(t, err)
			merged := `{"residuals":[{"stay":"` + domain.StayID{}.String() + `","residual":5}]}`
			check.Must(t, check.Error(store.Append(t.Context(), stream, 0, []es.EventData{{ID: uuid.New(), Type: "StaysMerged", Data: []byte(merged)}})))
			backend := backendOn(t, store, auditedCategories())
			backend.Source = lagging(backend.Source, time.Now().Add(test.lag))
			if status, verdict := auditOf(t, backend); status != test.status || !strings.Contains(verdict, test.verdict) {
				t.Errorf("behind by %v: got status %d and %q, want %d and %q", test.lag, status, verdict, test.status, test.verdict)
			}
		})
	}
}

func TestAnAuditThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the store is gone")
	for name, broke := range map[string]func(*stores.Backend){
		"the tranches": func(b *stores.Backend) {
			b.Source = intercept.Source(b.Source, intercept.SourceHooks{BeforeTranches: func(context.Context) error { return broken }})
		},
		"the end": func(b *stores.Backend) {
			b.Source = intercept.Source(b.Source, intercept.SourceHooks{BeforeEnd: func(context.Context, feed.Tranche) error { return broken }})
		},
		"a page": func(b *stores.Backend) {
			b.Source = intercept.Source(b.Source, intercept.SourceHooks{BeforeRead: func(context.Context, feed.Tranche, feed.Position) error { return broken }})
		},
		"a checkpoint": func(b *stores.Backend) {
			b.Checkpoints = intercept.Checkpoints(b.Checkpoints, intercept.CheckpointsHooks{BeforeLoad: func(context.Context, feed.Key) error { return broken }})
		},
		"a stream": func(b *stores.Backend) {
			b.Source = withoutBodies(b.Source)
			b.Events = intercept.Store(b.Events, intercept.StoreHooks{BeforeRead: func(context.Context, es.StreamName, es.Version, es.Freshness) error { return broken }})
		},
	} {
		store := memory.New()
		check.Must(t, gueststay.NewService(store, es.Options{}).CheckIn(t.Context(), domain.StayID{1}, domain.MomentOf(time.Now())))
		backend := backendOn(t, store, auditedCategories())
		broke(backend)
		var out strings.Builder
		err := (&auditCommand{ProcessorName: []string{"night"}}).audit(t.Context(), backend, nil, streams{out: &out}, &auditProgress{})
		if !errors.Is(err, broken) || exitStatus(err) != statusFailure || out.Len() > 0 {
			t.Errorf("%s: got %v and the output %q, want the error and status 2, and no output", name, err, out.String())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := (&auditCommand{}).audit(ctx, backendOn(t, memory.New(), auditedCategories()), nil, streams{out: io.Discard}, &auditProgress{})
	if err == nil || err.Error() != "the audit was interrupted" || exitStatus(err) != statusFailure {
		t.Errorf("got %v, want that it was interrupted, and status 2", err)
	}
}

// What a consumer group has set aside is shown, since a person has to settle it.
func TestAuditShowsWhatIsSetAside(t *testing.T) {
	t.Parallel()
	backend := backendOn(t, memory.New(), auditedCategories())
	check.Must(t, backend.Checkpoints.(feed.Notes).PutNote(t.Context(), "night", reactor.QuarantineKind, "GroupCheckout-1", []byte(`{"since":"2024-05-01T12:00:00Z","cause":"boom"}`)))
	want := `Set aside, for a person to settle:
GroupCheckout-1, of the consumer group "night" since 2024-05-01T12:00:00Z: boom
`
	if status, verdict := auditOf(t, backend, "night"); status != statusDone || !strings.Contains(verdict, want) {
		t.Errorf("got status %d and %s, want 0 and %s", status, verdict, want)
	}
	if _, verdict := auditOf(t, backend, "day"); strings.Contains(verdict, "boom") {
		t.Errorf("got %s of another consumer group", verdict)
	}
}
