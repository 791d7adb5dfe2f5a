package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/address"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// audited is a hotel whose books are audited each hour.
type audited struct {
	store  *memory.Store
	stays  *gueststay.Service
	groups *groupcheckout.Service
	keeper *bookkeeper

	mu   sync.Mutex // the test has it but while time passes; guards what follows
	log  bytes.Buffer
	read int           // events that its audits read
	slow time.Duration // what a read takes
	open int           // audits at once
}

func newAudited(t testing.TB) *audited {
	t.Helper()
	a := &audited{}
	a.anew()
	a.keeper = &bookkeeper{every: time.Hour, log: slog.New(slog.NewTextHandler(&a.log, nil)), open: func(context.Context) (*address.Store, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.open++; a.open > 1 {
			return nil, errors.New("two audits at once")
		}
		backend := backendOn(t, a.store, auditedCategories())
		backend.Source = intercept.Source(backend.Source, intercept.SourceHooks{
			BeforeRead: func(ctx context.Context, _ feed.Tranche, _ feed.Position) error {
				a.mu.Lock()
				slow := a.slow
				a.mu.Unlock()
				select {
				case <-time.After(slow):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			},
			AfterRead: func(_ context.Context, _ feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
				a.mu.Lock()
				defer a.mu.Unlock()
				a.read += len(batch.Events)
				return batch, err
			},
		})
		backend.Release = func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.open--
		}
		return &address.Store{Backend: backend}, nil
	}}
	return a
}

// anew puts an empty store in place of the one before.
func (a *audited) anew() {
	a.store = memory.New()
	a.stays, a.groups = gueststay.NewService(a.store, es.Options{}), groupcheckout.NewService(a.store, es.Options{})
}

func (a *audited) checkIn(t testing.TB, n int) (guests []domain.StayID) {
	t.Helper()
	for range n {
		id := domain.StayID(uuid.New())
		check.Must(t, a.stays.CheckIn(t.Context(), id, domain.MomentOf(time.Now())))
		guests = append(guests, id)
	}
	return guests
}

func (a *audited) write(t testing.TB, stream es.StreamName, at es.Version, kind, body string) {
	t.Helper()
	check.Must(t, check.Error(a.store.Append(t.Context(), stream, at, []es.EventData{{ID: uuid.New(), Type: kind, Data: []byte(body)}})))
}

// figures are the metrics of the audits.
func (a *audited) figures(t testing.TB) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(a.keeper)
	families, err := registry.Gather()
	check.Must(t, err)
	var lines []string
	for _, family := range families {
		lines = append(lines, fmt.Sprint(family.GetName(), " ", family.GetMetric()[0].GetGauge().GetValue()))
	}
	return strings.Join(lines, "\n")
}

func TestAuditsReadWhatIsNewAndRememberWhatIsToBeSettled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAudited(t)
		guests := a.checkIn(t, 30)
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan struct{})
		if got := a.figures(t); got != "reactor_audit_failed 0" {
			t.Errorf("before the first audit: got %q", got)
		}
		go func() {
			defer close(over)
			a.keeper.run(ctx)
		}()
		a.mu.Lock()
		after := func(d time.Duration) {
			a.mu.Unlock()
			time.Sleep(d)
			synctest.Wait()
			a.mu.Lock()
		}
		after(time.Minute)
		if a.read != 30 || a.figures(t) != "reactor_audit_age_seconds 60\nreactor_audit_failed 0\nreactor_audit_violations 0" {
			t.Fatalf("the first audit: got %d events read and %s, want 30 and no violation", a.read, a.figures(t))
		}

		// A residual is recorded that no stay gave.
		group := domain.GroupID{15: 7}
		check.Must(t, a.groups.Select(t.Context(), group, guests[:1], domain.MomentOf(time.Now())))
		a.write(t, a.groups.Stream(group), 1, "StaysMerged", fmt.Sprintf(`{"residuals":[{"stay":"%s","residual":0}]}`, guests[0]))
		after(time.Hour)
		if a.read != 32 || !strings.Contains(a.figures(t), "reactor_audit_violations 1") || strings.Count(a.log.String(), "violation=") != 1 {
			t.Errorf("the second audit: got %d events read, %s and %s, want 32 and a violation", a.read, a.figures(t), &a.log)
		}
		reasons := a.keeper.section(ctx).Reasons
		if len(reasons) != 1 || !strings.Contains(reasons[0], "for a person to settle: the books do not balance: merge: event 1 of "+a.groups.Stream(group).String()) {
			t.Errorf("got the reasons %q", reasons)
		}

		// It stays, and is logged once, however often audits find it, or do not end.
		a.slow = 2 * time.Hour
		a.checkIn(t, 1)
		after(2 * time.Hour)
		a.slow = 0
		if got := a.figures(t); !strings.Contains(got, "reactor_audit_violations 1") || !strings.Contains(got, "reactor_audit_failed 1") || !strings.Contains(a.log.String(), "its time is over; the next audit goes on where it was") {
			t.Errorf("an audit that does not end: got %s and %s", got, &a.log)
		}
		after(2 * time.Hour)
		if got := a.figures(t); strings.Count(a.log.String(), "violation=") != 1 || !strings.Contains(got, "reactor_audit_violations 1") || !strings.Contains(got, "reactor_audit_failed 0") {
			t.Errorf("got %s and %s, want the violation, logged once", got, &a.log)
		}

		// Somebody settles it.
		a.write(t, a.stays.Stream(guests[0]), 1, "TransferredToGroup", fmt.Sprintf(`{"at":"2024-05-01T12:00:00+00:00","groupId":"%s","residualBalance":0}`, group))
		after(time.Hour)
		if !strings.Contains(a.figures(t), "reactor_audit_violations 0") || len(a.keeper.section(ctx).Reasons) != 0 || !strings.Contains(a.log.String(), "found settled") {
			t.Errorf("after it was settled: got %s and %s", a.figures(t), &a.log)
		}

		// The store is replaced by an emptier one.
		a.anew()
		a.checkIn(t, 2)
		a.read = 0
		after(2 * time.Hour)
		if a.read != 2 || !strings.Contains(a.log.String(), "the store was set back") || !strings.Contains(a.figures(t), "reactor_audit_failed 0") {
			t.Errorf("after it was set back: got %d events read, %s and %s", a.read, a.figures(t), &a.log)
		}

		// A stop is over at once, also in the middle of an audit, and is no failure.
		a.slow = 2 * time.Hour
		a.checkIn(t, 1)
		after(time.Hour)
		began := time.Now()
		stop()
		a.mu.Unlock()
		<-over
		if time.Since(began) != 0 || a.open != 0 || !strings.Contains(a.figures(t), "reactor_audit_failed 0") {
			t.Errorf("the stop took %v, %d stores are open, and the figures are %s", time.Since(began), a.open, a.figures(t))
		}
	})
}

// However much there is to read, half of the time is left to others.
func TestAuditsReadHalfOfTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAudited(t)
		a.checkIn(t, 70) // ten batches
		a.slow = time.Second
		began := time.Now()
		a.keeper.audit(t.Context())
		if took := time.Since(began); a.read != 70 || took < 19*time.Second || took > 25*time.Second {
			t.Errorf("got %d events read in %v, want 70 in about twice as long as ten reads of 1s", a.read, took)
		}
	})
}
