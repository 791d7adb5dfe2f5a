package es_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

var errRefused = errors.New("refused")

func TestTransactAppendsTheDecisionAtTheVersionItWasMadeOn(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{})
	store.given(d.Stream(), 1, 2)
	version, err := d.TransactVersion(t.Context(), func(sum int) ([]event, error) {
		return []event{added{sum}, reset{"full"}, added{10 * sum}}, nil
	})
	if err != nil || version != 5 {
		t.Errorf("got version %d and error %v, want 5", version, err)
	}
	store.expectAppends(t, []write{{2, []string{"Added", "Reset", "Added"}}}...)
	sum, version, err := d.QueryVersion(t.Context())
	if err != nil || sum != 30 || version != 5 {
		t.Errorf("query: got %d at version %d and error %v, want 30 at 5", sum, version, err)
	}
	if sum, err := d.Query(t.Context()); err != nil || sum != 30 {
		t.Errorf("query: got %d and error %v, want 30", sum, err)
	}
}

func TestEventsAreStamped(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 1, time.FixedZone("CET", 3600))
	store, d := newCounter(t, es.Options{Now: func() time.Time { return now }})
	err := d.Transact(t.Context(), func(int) ([]event, error) { return []event{added{1}, reset{"<&>"}}, nil })
	check.Must(t, err)
	want := []es.Event{
		{EventData: es.EventData{Type: "Added", Data: []byte(`{"by":1}`), Time: now.UTC()}, Index: 0},
		{EventData: es.EventData{Type: "Reset", Data: []byte(`{"note":"<&>"}`), Time: now.UTC()}, Index: 1},
	}
	check.Same(t, "stored", want, store.streams[d.Stream()], cmpopts.IgnoreFields(es.EventData{}, "ID"))
	if zone := store.streams[d.Stream()][0].Time.Location(); zone != time.UTC {
		t.Errorf("stamped in %s, want UTC", zone)
	}
}

func TestDefaultStampsAreDistinctAndNow(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{})
	before := time.Now()
	check.Must(t, d.Transact(t.Context(), func(int) ([]event, error) { return []event{added{1}, added{1}}, nil }))
	first, second := store.streams[d.Stream()][0], store.streams[d.Stream()][1]
	if first.ID == second.ID || first.ID == uuid.Nil {
		t.Errorf("got the ids %s and %s", first.ID, second.ID)
	}
	if first.Time.Before(before) || first.Time.After(time.Now()) {
		t.Errorf("stamped %v, want the time of the decision", first.Time)
	}
}

func TestADecisionToWriteNothingSendsNothing(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{})
	store.given(d.Stream(), 1, 2)
	result, version, err := es.Decide(t.Context(), d, func(sum int) (string, []event, error) {
		return strings.Repeat("x", sum), nil, nil
	})
	if result != "xxx" || version != 2 || err != nil {
		t.Errorf("got %q, version %d, error %v; want xxx, 2 and none", result, version, err)
	}
	store.expectAppends(t)
}

func TestARefusalIsReturnedAsItIs(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{})
	store.given(d.Stream(), 1, 2)
	result, version, err := es.Decide(t.Context(), d, func(int) (string, []event, error) {
		return "a result", []event{added{1}}, errRefused
	})
	if err != errRefused || result != "" || version != 2 { //nolint:errorlint // it has to be the very same
		t.Errorf("got %q, version %d, error %v; want no result, 2 and the refusal", result, version, err)
	}
	if err := d.Transact(t.Context(), func(int) ([]event, error) { return nil, errRefused }); err != errRefused { //nolint:errorlint // as above
		t.Errorf("got error %v, want the refusal", err)
	}
	store.expectAppends(t)
}

// TestAReplicaNeverHasTheLastWordInARefusal: an append that rests on an old
// state runs into a conflict, a refusal would run into nothing.
func TestAReplicaNeverHasTheLastWordInARefusal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer error // to a sum below 3
	}{
		{"an error", errRefused},
		{"no events", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store, d := newCounter(t, es.Options{Attempts: 1})
			store.lag = 1
			store.given(d.Stream(), 1, 2)
			version, err := d.TransactVersion(t.Context(), func(sum int) ([]event, error) {
				if sum < 3 {
					return nil, test.answer
				}
				return []event{added{1}}, nil
			})
			if err != nil || version != 3 {
				t.Errorf("got version %d and error %v, want 3: the leader's state allows it, and no attempt was used up", version, err)
			}
			store.expectReads(t, read{0, es.FromReplica}, read{0, es.FromLeader})
		})
	}
}

func TestAConflictIsDecidedAgainOnTheLeadersState(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		cache *es.Cache
		again es.Version // from where the second load reads
	}{
		{"without a cache", nil, 0},
		{"with a cache", es.NewCache(0, 0), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store, d := newCounter(t, es.Options{Cache: test.cache})
			store.lag = 1
			store.given(d.Stream(), 5, 7)
			var seen []int
			version, err := d.TransactVersion(t.Context(), func(sum int) ([]event, error) {
				seen = append(seen, sum)
				return []event{added{100}}, nil
			})
			if err != nil || version != 3 {
				t.Errorf("got version %d and error %v, want 3", version, err)
			}
			check.Same(t, "states decided on", []int{5, 12}, seen)
			store.expectReads(t, read{0, es.FromReplica}, read{test.again, es.FromLeader})
			store.expectAppends(t, []write{{1, []string{"Added"}}, {2, []string{"Added"}}}...)
		})
	}
}

func TestTheConflictIsReturnedWhenTheAttemptsAreUsedUp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ configured, want int }{{-1, 3}, {0, 3}, {1, 1}, {2, 2}, {7, 7}} {
		store, d := newCounter(t, es.Options{Attempts: test.configured, Cache: es.NewCache(0, 0)})
		store.overtake = func() { store.given(d.Stream(), 1) }
		result, _, err := es.Decide(t.Context(), d, func(int) (string, []event, error) {
			return "a result", []event{added{1}}, nil
		})
		var conflict *es.ConflictError
		if !errors.As(err, &conflict) {
			t.Errorf("attempts %d: got error %v, want a *ConflictError", test.configured, err)
			continue
		}
		want := es.ConflictError{Stream: d.Stream(), Expected: es.Version(test.want - 1), Actual: es.Version(test.want)}
		if *conflict != want || result != "" {
			t.Errorf("attempts %d: got %q and %v, want no result and %v", test.configured, result, conflict, &want)
		}
		if len(store.appends) != test.want {
			t.Errorf("attempts %d: got %d appends, want %d", test.configured, len(store.appends), test.want)
		}
	}
}

func TestOtherErrorsOfTheStoreAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	broken := errors.New("the line is dead")
	for _, test := range []struct {
		name  string
		err   error
		wants error
	}{
		{"a failed append", broken, broken},
		{"an append of unknown outcome", &es.UncertainError{Expected: 1, Err: broken}, broken},
		{"the end of the context", context.Canceled, context.Canceled},
	} {
		store, d := newCounter(t, es.Options{})
		store.given(d.Stream(), 1)
		store.appendErr = test.err
		_, err := d.TransactVersion(t.Context(), add(1))
		if !errors.Is(err, test.wants) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.err)
		}
		_, wasUncertain := errors.AsType[*es.UncertainError](test.err)
		if _, uncertain := errors.AsType[*es.UncertainError](err); uncertain != wasUncertain {
			t.Errorf("%s: got %v, which hides or invents an *UncertainError", test.name, err)
		}
		check.Equal(t, test.name+": appends", 1, len(store.appends))
	}
}

func TestAFailedReadIsReturnedAsItIs(t *testing.T) {
	t.Parallel()
	store := newStore()
	store.readErr = errors.New("the line is dead")
	d := counter(t, store, es.Options{})
	_, queryErr := d.Query(t.Context())
	for _, err := range []error{queryErr, d.Transact(t.Context(), add(1))} {
		if !errors.Is(err, store.readErr) || err.Error() != "the line is dead" {
			t.Errorf("got %v, want %v and nothing more: the store names the stream", err, store.readErr)
		}
	}
}

func TestAnEventThatCannotBeEncodedIsNotSent(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{})
	err := d.Transact(t.Context(), func(int) ([]event, error) { return []event{added{1}, reset{"\xff"}}, nil })
	if encode, ok := errors.AsType[*es.EncodeError](err); !ok || encode.Type != "Reset" {
		t.Errorf("got error %v, want an *EncodeError of Reset", err)
	}
	store.expectAppends(t)
}

func TestUnknownTypesAreSkippedAndCount(t *testing.T) {
	t.Parallel()
	store := newStore()
	type skip struct {
		Stream string
		Index  es.Version
		Type   string
	}
	var skipped []skip
	d := counter(t, store, es.Options{Skipped: func(stream es.StreamName, index es.Version, eventType string) {
		skipped = append(skipped, skip{stream.String(), index, eventType})
	}})
	silent := counter(t, store, es.Options{})
	store.given(d.Stream(), 1)
	store.put(d.Stream(), es.EventData{Type: "Renamed", Data: []byte("not even JSON")})
	store.given(d.Stream(), 2)
	store.put(d.Stream(), es.EventData{Type: "added"})
	sum, version, err := d.QueryVersion(t.Context())
	if sum != 3 || version != 4 || err != nil {
		t.Errorf("got %d at version %d and error %v, want 3 at 4", sum, version, err)
	}
	check.Same(t, "skipped", []skip{{"Counter-a", 1, "Renamed"}, {"Counter-a", 3, "added"}}, skipped)
	if version, err := silent.TransactVersion(t.Context(), add(1)); version != 5 || err != nil {
		t.Errorf("got version %d and error %v, want 5", version, err)
	}
}

func TestABrokenBodyStopsEverything(t *testing.T) {
	t.Parallel()
	store := newStore()
	cache := es.NewCache(0, 0)
	d := counter(t, store, es.Options{Cache: cache})
	store.given(d.Stream(), 1)
	store.put(d.Stream(), es.EventData{Type: "Added", Data: []byte(`{"by":null}`)})
	store.given(d.Stream(), 1)
	sum, version, err := d.QueryVersion(t.Context())
	var broken *es.DecodeError
	if !errors.As(err, &broken) || broken.Stream != d.Stream() || broken.Index != 1 || broken.Type != "Added" {
		t.Fatalf("got error %v, want a *DecodeError of event 1 (Added) of %s", err, d.Stream())
	}
	if sum != 0 || version != 0 {
		t.Errorf("got %d at version %d beside the error, want nothing", sum, version)
	}
	if want := `event 1 (Added) of Counter-a cannot be read: the property /by is null`; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := d.Transact(t.Context(), add(1)); !errors.As(err, &broken) || len(store.appends) != 0 {
		t.Errorf("transact: got error %v and appends %v, want the *DecodeError and none", err, store.appends)
	}
	if cache.Len() != 0 {
		t.Errorf("%d states are cached, want none", cache.Len())
	}
}

func TestDecidersNameTheirStream(t *testing.T) {
	t.Parallel()
	category := counters(newStore(), es.Options{})
	if d, err := category.Decider("a", "b-c"); err != nil || d.Stream().String() != "Counter-a_b-c" {
		t.Errorf("got %s and error %v", d.Stream(), err)
	}
	var refused *es.NameError
	if _, err := category.Decider("a_b"); !errors.As(err, &refused) {
		t.Errorf("got error %v, want a *NameError", err)
	}
}

func TestACategoryNeedsAName(t *testing.T) {
	t.Parallel()
	defer func() {
		if got := recover(); got != `es: "Coun-ter" is not a category: a dash ends a category and cannot stand within one` {
			t.Errorf("got the panic %v", got)
		}
	}()
	es.NewCategory("Coun-ter", counterCodec(), 0, foldCounter, newStore(), es.Options{})
}

// TestNothingIsLostBetweenWriters: each conflict means that another writer got
// through, so as many attempts as there are writers are always enough.
func TestNothingIsLostBetweenWriters(t *testing.T) {
	t.Parallel()
	const writers = 50
	for name, cache := range map[string]*es.Cache{"without a cache": nil, "with a cache": es.NewCache(0, 0)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, d := newCounter(t, es.Options{Cache: cache, Attempts: writers})
			store.lag = 3
			var all sync.WaitGroup
			for range writers {
				all.Go(func() {
					check.OK(t, d.Transact(t.Context(), func(sum int) ([]event, error) { return []event{added{sum%2 + 1}}, nil }))
				})
			}
			all.Wait()
			store.lag = 0
			sum, version, err := d.QueryVersion(t.Context())
			// From 0 the sums are 1, 3, 5, …: the first adds 1, each other 2.
			if want := 2*writers - 1; sum != want || version != writers || err != nil {
				t.Errorf("got %d at version %d and error %v, want %d at %d", sum, version, err, want, writers)
			}
		})
	}
}

// TestAStateIsFoldedOnce: an append folds its events onto the state at hand, and the
// caller, the cache and the next query share the result.
func TestAStateIsFoldedOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cache               *es.Cache
		transact, withState int // events folded
	}{
		"with a cache":    {es.NewCache(0, 0), 1, 1},
		"without a cache": {nil, 2, 4}, // those that it had, and the new one only if somebody asks
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folded := 0
			fold := func(sum int, events []event) int {
				folded += len(events)
				return foldCounter(sum, events)
			}
			store := newStore()
			d, err := es.NewCategory("Counter", counterCodec(), 0, fold, store, es.Options{Cache: test.cache}).Decider("a")
			check.Must(t, err)
			store.given(d.Stream(), 1, 2)
			check.Must(t, check.Error(d.Query(t.Context())))
			folded = 0
			if err := d.Transact(t.Context(), add(4)); err != nil || folded != test.transact {
				t.Errorf("Transact: got %d events folded and error %v, want %d", folded, err, test.transact)
			}
			folded = 0
			sum, version, err := d.TransactState(t.Context(), add(8))
			if sum != 15 || version != 4 || err != nil || folded != test.withState {
				t.Errorf("TransactState: got %d at version %d, %d events folded and error %v, want 15 at 4 and %d folded", sum, version, folded, err, test.withState)
			}
		})
	}
}

// scripted is a store whose appends end as they are told to.
type scripted struct {
	*store

	outcomes []error
}

func (s *scripted) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	err := s.outcomes[0]
	if s.outcomes = s.outcomes[1:]; err != nil {
		return 0, err
	}
	return s.store.Append(ctx, stream, expected, events)
}

func TestAppendsAndLooksIntoTheCacheAreCounted(t *testing.T) {
	t.Parallel()
	store := &scripted{store: newStore()}
	counts, cache := &es.Counts{}, es.NewCache(0, 0)
	counter := counter(t, store, es.Options{Counts: counts, Cache: cache, Attempts: 2})
	for _, tried := range [][]error{
		{nil},
		{&es.ConflictError{}, nil},
		{&es.ConflictError{}, &es.ConflictError{}},
		{&es.UncertainError{}},
		{errors.New("the disk is full")},
	} {
		store.outcomes = tried
		_ = counter.Transact(t.Context(), add(1)) // it ends as it is told to
	}
	if got, want := counts.Now(), (es.Counted{Appended: 2, Conflicts: 3, Uncertain: 1, Failed: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (*es.Counts)(nil).Now(); got != (es.Counted{}) {
		t.Errorf("nobody counted %+v", got)
	}
	hits, misses := cache.Looks()
	if hits == 0 || misses == 0 {
		t.Errorf("got %d hits and %d misses, want both", hits, misses)
	}
}
