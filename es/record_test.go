package es_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// recorded is a store whose deciders tell what they are asked.
type recorded struct {
	*store

	operations []es.Operation
	answers    []es.Answer
}

// Recorder is what package es looks for.
func (r *recorded) Recorder() es.Recorder { return r }

// Begins implements es.Recorder.
func (r *recorded) Begins(_ context.Context, o es.Operation) func(es.Answer) {
	r.operations = append(r.operations, o)
	return func(a es.Answer) { r.answers = append(r.answers, a) }
}

// add1 makes a decision to add 1, or, from 4 on, to refuse that.
func add1() func(int) ([]event, error) {
	return func(sum int) ([]event, error) {
		if sum >= 4 {
			return nil, errRefused
		}
		return []event{added{1}}, nil
	}
}

func TestWhatIsAskedIsRecordedWithItsAnswer(t *testing.T) {
	t.Parallel()
	lost := &es.UncertainError{Err: errors.New("no reply")}
	broken := errors.New("no connection")
	wrote := []es.EventData{{Type: "Added", Data: []byte(`{"by":1}`)}}
	for _, c := range []struct {
		what  string
		given []int
		spoil func(*store, es.StreamName)
		ask   func(context.Context, es.Decider[int, event]) error
		name  string
		want  es.Answer
		alone es.Answer // on the events that were given
	}{
		{
			"done",
			[]int{1, 2},
			nil, transact(add1()), "add1",
			es.Answer{Result: struct{}{}, Version: 3, Written: wrote, Tried: wrote},
			es.Answer{Result: struct{}{}, Version: 3, Written: wrote},
		},
		{
			"refused",
			[]int{4},
			nil, transact(add1()), "add1",
			es.Answer{Outcome: es.Refused, Err: errRefused},
			es.Answer{Outcome: es.Refused, Err: errRefused},
		},
		{
			"nothing to write",
			[]int{1, 2},
			nil,
			func(ctx context.Context, d es.Decider[int, event]) error {
				_, _, err := es.Decide(ctx, d, double)
				return err
			},
			"double",
			es.Answer{Result: 6, Version: 2},
			es.Answer{Result: 6, Version: 2},
		},
		{
			"nobody knows", nil, func(s *store, _ es.StreamName) { s.appendErr = lost }, transact(add1()), "add1",
			es.Answer{Outcome: es.Unknown, Err: lost, Tried: wrote},
			es.Answer{Result: struct{}{}, Version: 1, Written: wrote},
		},
		{
			"failed", nil, func(s *store, _ es.StreamName) { s.readErr = broken }, transact(add1()), "add1",
			es.Answer{Outcome: es.Failed, Err: broken},
			es.Answer{Result: struct{}{}, Version: 1, Written: wrote},
		},
		{
			"after a conflict",
			[]int{1},
			func(s *store, stream es.StreamName) {
				s.overtake = func() { s.overtake = nil; s.given(stream, 1) }
			},
			transact(add1()), "add1",
			es.Answer{Result: struct{}{}, Version: 3, Written: wrote, Tried: append(wrote[:1:1], wrote...)},
			es.Answer{Result: struct{}{}, Version: 2, Written: wrote},
		},
		{
			"a query",
			[]int{1, 2},
			nil,
			func(ctx context.Context, d es.Decider[int, event]) error { _, err := d.Query(ctx); return err },
			"",
			es.Answer{Result: 3, Version: 2},
			es.Answer{Result: 3, Version: 2},
		},
		{
			"a query that fails", nil, func(s *store, _ es.StreamName) { s.readErr = broken },
			func(ctx context.Context, d es.Decider[int, event]) error { _, err := d.Query(ctx); return err },
			"",
			es.Answer{Outcome: es.Failed, Err: broken},
			es.Answer{Result: 0},
		},
		{
			"a panic",
			[]int{1},
			nil,
			func(ctx context.Context, d es.Decider[int, event]) (err error) {
				defer func() { _ = recover() }()
				calls := 0
				return d.Transact(ctx, func(int) ([]event, error) {
					if calls++; calls == 1 {
						panic("boom")
					}
					return nil, nil
				})
			},
			"TestWhatIsAskedIsRecordedWithItsAnswer",
			es.Answer{Outcome: es.Unknown, Err: errors.New("it panicked")},
			es.Answer{Result: struct{}{}, Version: 1},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			r := &recorded{store: newStore()}
			d := counter(t, r, es.Options{})
			r.given(d.Stream(), c.given...)
			stored := r.streams[d.Stream()]
			if c.spoil != nil {
				c.spoil(r.store, d.Stream())
			}
			err := c.ask(t.Context(), d)
			if c.want.Err != nil && c.what != "a panic" && err != c.want.Err { //nolint:errorlint // it has to be the very same
				t.Errorf("got the error %v, want %v", err, c.want.Err)
			}
			if len(r.operations) != 1 || len(r.answers) != 1 {
				t.Fatalf("got %d operations and %d answers, want one of each", len(r.operations), len(r.answers))
			}
			if o := r.operations[0]; o.Name != c.name || o.Stream != d.Stream() || o.MayBeOld {
				t.Errorf("got the operation %q on %s, which may be old: %t; want %q on %s, and no", o.Name, o.Stream, o.MayBeOld, c.name, d.Stream())
			}
			compareAnswers(t, "the answer", c.want, r.answers[0])
			compareAnswers(t, "the answer alone", c.alone, r.operations[0].Alone(stored))
		})
	}
}

// transact makes a decision.
func transact(decide func(int) ([]event, error)) func(context.Context, es.Decider[int, event]) error {
	return func(ctx context.Context, d es.Decider[int, event]) error { return d.Transact(ctx, decide) }
}

func double(sum int) (int, []event, error) { return 2 * sum, nil, nil }

func compareAnswers(t *testing.T, what string, want, got es.Answer) {
	t.Helper()
	sameText := cmp.Comparer(func(a, b error) bool { return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error()) })
	check.Same(t, what, want, got, sameText, cmpopts.IgnoreFields(es.EventData{}, "ID", "Time"), cmpopts.EquateEmpty())
}

func TestAQueryThatTrustsAStateAtHandMayBeOld(t *testing.T) {
	t.Parallel()
	r := &recorded{store: newStore()}
	if _, err := counter(t, r, es.Options{}).AtLeast(0).Query(t.Context()); err != nil || len(r.operations) != 1 || !r.operations[0].MayBeOld {
		t.Errorf("got %v and the error %v, want one operation that may be old", r.operations, err)
	}
}

func TestAStoreMayHaveNoRecorder(t *testing.T) {
	t.Parallel()
	d := counter(t, unrecorded{newStore()}, es.Options{})
	check.OK(t, d.Transact(t.Context(), add1()))
}

type unrecorded struct{ *store }

func (unrecorded) Recorder() es.Recorder { return nil }
