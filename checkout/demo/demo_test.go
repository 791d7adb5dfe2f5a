package demo

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errInjected = errors.New("injected by the test")

func newBackend(t testing.TB) *stores.Backend {
	t.Helper()
	backend, err := memory.New().Backend(checkout.Categories()...)
	check.Must(t, err)
	t.Cleanup(backend.Close)
	return backend
}

// small is a run that is over in a moment and still has every kind of stay.
func small() Config { return Config{Groups: 20, Stays: 5, Clerks: 4, Seed: 7} }

func TestTheBooksOfARunBalance(t *testing.T) {
	t.Parallel()
	report, err := Run(t.Context(), newBackend(t), small())
	check.Must(t, err)
	if report.Confirmed != 20 || report.Groups != 20 {
		t.Errorf("got %d of %d groups confirmed, want 20 of 20", report.Confirmed, report.Groups)
	}
	if total := report.Merged + report.FailedInAll(); total != 100 {
		t.Errorf("got %d outcomes, want one for each of the 100 selected stays", total)
	}
	for _, reason := range domain.WhyNots() {
		if report.Failed[reason] == 0 {
			t.Errorf("got no stay that failed because %s, want some", reason)
		}
	}
	if report.Moved.Sign() <= 0 || !report.Moved.Equal(report.Paid) {
		t.Errorf("got %s moved and %s paid, want the same and above zero", report.Moved, report.Paid)
	}
	if report.HandlerCalls < 20 || report.EventsWritten < 200 || len(report.Reactions) != 20 {
		t.Errorf("got %d calls, %d events and %d reactions, want at least 20 and 200, and 20", report.HandlerCalls, report.EventsWritten, len(report.Reactions))
	}
}

// counts leaves out of a report what depends on time and chance.
func counts() cmp.Option {
	return cmp.Options{
		cmpopts.IgnoreFields(Report{}, "HandlerCalls", "HandlerFailures", "Reactions", "EventsWritten", "Elapsed"),
		cmp.Comparer(domain.Money.Equal),
	}
}

func TestTheSeedDecidesTheOutcome(t *testing.T) {
	t.Parallel()
	outcome := func(seed uint64) Report {
		config := small()
		config.Seed = seed
		report, err := Run(t.Context(), newBackend(t), config)
		check.Must(t, err)
		return report
	}
	if diff := cmp.Diff(outcome(1), outcome(1), counts()); diff != "" {
		t.Errorf("the same seed gave two outcomes (-first +second):\n%s", diff)
	}
	if cmp.Equal(outcome(1), outcome(2), counts()) {
		t.Error("got the same outcome for two seeds, want two outcomes")
	}
}

func TestAPlanCoversEverySelection(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		config := Config{Groups: 1 + int(seed%9), Stays: 1 + int(seed%7), Clerks: 1, Seed: seed}
		p := newPlan(config)
		e := p.expected()
		total := e.merged
		for _, n := range e.failed {
			total += n
		}
		if want := config.Groups * config.Stays; total != want {
			t.Errorf("seed %d: got %d outcomes planned, want %d", seed, total, want)
		}
		for _, s := range p.stays {
			if s.balance().Sign() < 0 || s.kind != owing && !s.balance().IsZero() {
				t.Errorf("seed %d: got a balance of %s for a stay of kind %d", seed, s.balance(), s.kind)
			}
		}
	}
}

func TestFailuresOfTheStoreChangeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		backend := newBackend(t)
		var appends atomic.Int64
		backend.Events = intercept.Store(backend.Events, intercept.StoreHooks{
			AfterAppend: func(ctx context.Context, _ es.StreamName, _ es.Version, _ []es.EventData, after es.Version, err error) (es.Version, error) {
				// Every fifth append of the reactor is done, but its reply is lost.
				if _, reacting := reactor.Handled(ctx); reacting && err == nil && appends.Add(1)%5 == 0 {
					return 0, errInjected
				}
				return after, err
			},
		})
		report, err := Run(t.Context(), backend, small())
		check.Must(t, err)
		if report.HandlerFailures == 0 {
			t.Error("got no handler call that failed, want some: nothing was injected")
		}
	})
}

func TestAClerkWhoReadsAnOldCopyLooksAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		backend := newBackend(t)
		var open atomic.Bool
		var old atomic.Int64
		open.Store(true)
		backend.Events = intercept.Store(backend.Events, intercept.StoreHooks{
			AfterRead: func(ctx context.Context, stream es.StreamName, _ es.Version, freshness es.Freshness, events []es.Event, err error) ([]es.Event, error) {
				_, reacting := reactor.Handled(ctx)
				lags := freshness == es.FromReplica && stream.Category() == groupcheckout.Category && len(events) > 0
				if !reacting && lags && open.Load() && old.Add(1)%3 != 0 {
					return nil, err
				}
				return events, err
			},
		})
		config := small()
		config.Progress = func(p Progress) {
			open.Store(p.Phase == Arrivals || p.Done < p.Of) // the audit reads what is there
		}
		check.Must(t, check.Error(Run(t.Context(), backend, config)))
		if old.Load() == 0 {
			t.Error("got no old copy read, want some: nothing was injected")
		}
	})
}

// tampering is a store that changes what the reactor writes to groups.
type tampering struct {
	es.Store
	tamper func([]es.EventData) []es.EventData
}

func (s tampering) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if _, reacting := reactor.Handled(ctx); reacting && stream.Category() == groupcheckout.Category {
		events = s.tamper(events)
	}
	return s.Store.Append(ctx, stream, expected, events)
}

func TestTheAuditFindsWhatDoesNotBalance(t *testing.T) {
	t.Parallel()
	merged := func(t testing.TB, e es.EventData) groupcheckout.StaysMerged {
		t.Helper()
		event, _, err := groupcheckout.Codec().Decode(e.Type, e.Data)
		check.Must(t, err)
		return event.(groupcheckout.StaysMerged)
	}
	encode := func(t testing.TB, id es.EventData, event groupcheckout.Event) es.EventData {
		t.Helper()
		var err error
		if id.Type, id.Data, err = groupcheckout.Codec().Encode(event); err != nil {
			t.Fatal(err)
		}
		return id
	}
	for _, test := range []struct {
		name   string
		change func(groupcheckout.StaysMerged) groupcheckout.Event
		want   []string
	}{
		{"more moved than owed", func(e groupcheckout.StaysMerged) groupcheckout.Event {
			e.Residuals[0].Residual = e.Residuals[0].Residual.Plus(domain.MoneyOf(1))
			return e
		}, []string{"amount: ", "was moved to groups, the stays owed"}},
		{"a stay recorded twice", func(e groupcheckout.StaysMerged) groupcheckout.Event {
			e.Residuals = append(e.Residuals, e.Residuals[0])
			return e
		}, []string{"outcomes: ", "merged, planned: "}},
		{"a merged stay recorded as failed", func(e groupcheckout.StaysMerged) groupcheckout.Event {
			var failed groupcheckout.MergesFailed
			for _, r := range e.Residuals {
				failed.Stays = append(failed.Stays, r.Stay)
			}
			return failed
		}, []string{"transfer: ", "says that the merge failed", "merged, planned: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			backend := newBackend(t)
			backend.Events = tampering{backend.Events, func(events []es.EventData) []es.EventData {
				events = append([]es.EventData{}, events...)
				for i, e := range events {
					if e.Type == "StaysMerged" {
						events[i] = encode(t, e, test.change(merged(t, e)))
					}
				}
				return events
			}}
			report, err := Run(t.Context(), backend, Config{Groups: 3, Stays: 3, Clerks: 1, Seed: 3})
			var unbalanced *audit.UnbalancedError
			if !errors.As(err, &unbalanced) {
				t.Fatalf("got %v, want an UnbalancedError", err)
			}
			all := ""
			for _, v := range unbalanced.Violations {
				all += v.String() + "\n"
			}
			check.Contains(t, all, test.want...)
			if report.Groups != 3 || report.EventsWritten == 0 {
				t.Errorf("got the report %+v, want a full one", report)
			}
		})
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for _, phase := range []Phase{Arrivals, Checkouts} {
		ctx, cancel := context.WithCancelCause(t.Context())
		config := small()
		config.Progress = func(p Progress) {
			if p.Phase == phase && p.Done == 3 {
				cancel(errInjected)
			}
		}
		if _, err := Run(ctx, newBackend(t), config); !errors.Is(err, errInjected) {
			t.Errorf("%s: got %v, want why the context ended", phase, err)
		}
	}
}

func TestARunEndsWithTheFirstErrorOfAClerk(t *testing.T) {
	t.Parallel()
	for category, want := range map[string]string{"GuestStay": "stay ", "GroupCheckout": "group "} {
		backend := newBackend(t)
		backend.Events = intercept.Store(backend.Events, intercept.StoreHooks{
			BeforeAppend: func(ctx context.Context, stream es.StreamName, _ es.Version, _ []es.EventData) error {
				if _, reacting := reactor.Handled(ctx); !reacting && stream.Category() == category {
					return errInjected
				}
				return nil
			},
		})
		if _, err := Run(t.Context(), backend, small()); !errors.Is(err, errInjected) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want the injected error behind %q", err, want)
		}
	}
}

func TestARunNeedsItsReactor(t *testing.T) {
	t.Parallel()
	backend := newBackend(t)
	backend.Checkpoints = intercept.Checkpoints(backend.Checkpoints, intercept.CheckpointsHooks{
		BeforeLoad: func(context.Context, feed.Key) error { return errInjected },
	})
	if _, err := Run(t.Context(), backend, small()); !errors.Is(err, errInjected) {
		t.Errorf("got %v, want the error that kept the reactor from starting", err)
	}
}

func TestSizesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, config := range []Config{{Groups: -1}, {Stays: -1}, {Clerks: -1}, {Groups: MaxSize + 1}} {
		var size *SizeError
		if _, err := Run(t.Context(), newBackend(t), config); !errors.As(err, &size) {
			t.Errorf("%+v: got %v, want a SizeError", config, err)
		}
	}
}

func TestReactionIsAPercentile(t *testing.T) {
	t.Parallel()
	var r Report
	check.Equal(t, "without any", 0, r.Reaction(0.5))
	var all []time.Duration
	for i := 20; i >= 1; i-- {
		all = append(all, time.Duration(i))
	}
	r.setReactions(all)
	for share, want := range map[float64]time.Duration{0.01: 1, 0.5: 10, 0.95: 19, 0.96: 20, 1: 20} {
		if got := r.Reaction(share); got != want {
			t.Errorf("share %v of 1 to 20: got %d, want %d", share, got, want)
		}
	}
}
