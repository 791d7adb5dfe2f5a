package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// The tests' stream is an account: what was added to it once, and whether it is closed,
// for which it has to be at zero.

func added(n int) es.EventData {
	return es.EventData{Type: "Added", Data: fmt.Appendf(nil, `{"n":%d}`, n)}
}

func closed() es.EventData { return es.EventData{Type: "Closed", Data: []byte(`{}`)} }

// stored is a stream as it is in the end.
func stored(events ...es.EventData) []es.Event {
	var list []es.Event
	for i, data := range events {
		list = append(list, es.Event{EventData: data, Index: es.Version(i)})
	}
	return list
}

// sumOf is the state of an account.
func sumOf(events []es.Event) (sum int) {
	for _, event := range events {
		var n int
		if _, err := fmt.Sscanf(strings.ReplaceAll(string(event.Data), " ", ""), `{"n":%d}`, &n); err == nil {
			sum += n
		}
	}
	return sum
}

// add and end are decisions; the first writes nothing if it was made before.
func add(n int) func([]es.Event) es.Answer {
	return func(before []es.Event) es.Answer {
		for _, event := range before {
			if contentOf(event.EventData) == contentOf(added(n)) {
				return es.Answer{Result: sumOf(before), Version: es.Version(len(before))}
			}
		}
		return es.Answer{Result: sumOf(before) + n, Version: es.Version(len(before) + 1), Written: []es.EventData{added(n)}}
	}
}

func end(before []es.Event) es.Answer {
	if sum := sumOf(before); sum != 0 {
		return es.Answer{Outcome: es.Refused, Err: fmt.Errorf("the sum is %d", sum)}
	}
	return es.Answer{Version: es.Version(len(before) + 1), Written: []es.EventData{closed()}}
}

func query(before []es.Event) es.Answer {
	return es.Answer{Result: sumOf(before), Version: es.Version(len(before))}
}

// asked is an operation from one moment to another.
func asked(name string, from, to int64, alone func([]es.Event) es.Answer, answer es.Answer) record {
	if answer.Tried == nil {
		answer.Tried = answer.Written
	}
	return record{Operation: es.Operation{Name: name, Alone: alone}, client: "clerk 1", start: from, end: to, answer: answer}
}

// done is the answer to an add that was carried out.
func done(n, sum int, version es.Version) es.Answer {
	return es.Answer{Result: sum, Version: version, Written: []es.EventData{added(n)}}
}

func refused(reason string) es.Answer {
	return es.Answer{Outcome: es.Refused, Err: errors.New(reason)}
}

func lost(outcome es.Outcome, n int) es.Answer {
	return es.Answer{Outcome: outcome, Err: errors.New("no reply"), Tried: []es.EventData{added(n)}}
}

func old(made record) record {
	made.mayBeOld = true
	return made
}

func TestAnswersThatCanHaveBeenGivenOneAfterTheOther(t *testing.T) {
	t.Parallel()
	const never = ", and that was right at no moment between its start and its end"
	const untold = `event 1 (Added {"n":2}) is stored, and nobody was told so: it was written twice, or somebody was told that it was not written`
	one := asked("add", 1, 2, add(1), done(1, 1, 1))
	for _, c := range []struct {
		what    string
		records []record
		stored  []es.Event
		want    string // what has no place; empty if all have one
	}{
		{"nothing was asked", nil, nil, ""},
		{"one after the other", []record{one, asked("add", 3, 4, add(-1), done(-1, 0, 2)), asked("end", 5, 6, end, es.Answer{Version: 3, Written: []es.EventData{closed()}})}, stored(added(1), added(-1), closed()), ""},
		{"side by side", []record{asked("add", 1, 4, add(2), done(2, 3, 2)), asked("add", 2, 3, add(1), done(1, 1, 1))}, stored(added(1), added(2)), ""},
		{"in an order that contradicts the clock", []record{asked("add", 1, 2, add(2), done(2, 3, 2)), asked("add", 3, 4, add(1), done(1, 1, 1))}, stored(added(1), added(2)), `add by clerk 1: done, version 2, Added {"n":2}` + never},
		{"once more, with nothing to write", []record{one, asked("add", 3, 4, add(1), es.Answer{Result: 1, Version: 1})}, stored(added(1)), ""},
		{"refused for what was so", []record{one, asked("end", 3, 6, end, refused("the sum is 1")), asked("add", 4, 5, add(-1), done(-1, 0, 2))}, stored(added(1), added(-1)), ""},
		{"refused for what was so before it", []record{one, asked("add", 3, 4, add(-1), done(-1, 0, 2)), asked("end", 5, 6, end, refused("the sum is 1"))}, stored(added(1), added(-1)), "end by clerk 1: refused: the sum is 1" + never},
		{"refused for what was never so", []record{one, asked("end", 3, 4, end, refused("the sum is 7"))}, stored(added(1)), "end by clerk 1: refused: the sum is 7" + never},
		{"failed", []record{one, asked("add", 3, 4, add(2), lost(es.Failed, 2))}, stored(added(1)), ""},
		{"failed, and is there", []record{one, asked("add", 3, 4, add(2), lost(es.Failed, 2))}, stored(added(1), added(2)), untold},
		{"failed, and was repeated", []record{one, asked("add", 3, 4, add(2), lost(es.Failed, 2)), asked("add", 5, 6, add(2), es.Answer{Result: 3, Version: 2})}, stored(added(1), added(2)), untold},
		{"unknown, and is there", []record{one, asked("add", 3, 4, add(2), lost(es.Unknown, 2))}, stored(added(1), added(2)), ""},
		{"unknown, and is not there", []record{one, asked("add", 3, 4, add(2), lost(es.Unknown, 2))}, stored(added(1)), ""},
		{"unknown, and was done later", []record{asked("add", 1, 2, add(2), lost(es.Unknown, 2)), asked("add", 3, 4, add(1), done(1, 1, 1))}, stored(added(1), added(2)), ""},
		{"done, and not there", []record{one, asked("add", 3, 4, add(2), done(2, 3, 2))}, stored(added(1)), `add by clerk 1: done, version 2, Added {"n":2}, and that is not what is stored there`},
		{"written twice", []record{one, asked("add", 3, 4, add(2), done(2, 3, 2))}, stored(added(1), added(2), added(2)), strings.Replace(untold, "event 1", "event 2", 1)},
		{"of somebody else", []record{asked("add", 1, 2, add(1), done(1, 8, 2)), asked("query", 3, 4, query, es.Answer{Result: 8, Version: 2})}, stored(added(7), added(1)), ""},
		{"another result", []record{asked("add", 1, 2, add(1), done(1, 2, 1))}, stored(added(1)), `add by clerk 1: done, version 1, Added {"n":1}` + never},
		{"another version", []record{one, asked("add", 3, 4, add(1), es.Answer{Result: 1, Version: 0})}, stored(added(1)), "add by clerk 1: done at version 0, with nothing to write" + never},
		{"JSON in another form", []record{one}, stored(es.EventData{Type: "Added", Data: []byte(`{ "n": 1 }`)}), ""},
		{"a query", []record{one, asked("", 3, 4, query, es.Answer{Result: 1, Version: 1})}, stored(added(1)), ""},
		{"a query that is old", []record{one, asked("", 3, 4, query, es.Answer{Result: 0, Version: 0})}, stored(added(1)), "query by clerk 1: version 0" + never},
		{"a query of another state", []record{one, asked("", 3, 4, query, es.Answer{Result: 2, Version: 1})}, stored(added(1)), "query by clerk 1: version 1" + never},
		{"a query that may be old", []record{one, old(asked("", 3, 4, query, es.Answer{Result: 0, Version: 0}))}, stored(added(1)), ""},
		{"a query of what comes later", []record{old(asked("", 1, 2, query, es.Answer{Result: 1, Version: 1})), asked("add", 3, 4, add(1), done(1, 1, 1))}, stored(added(1)), "query by clerk 1: version 1" + never},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			err := judge(es.StreamName{}, c.records, c.stored)
			if c.want == "" {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			var failure *NoOrderError
			if !errors.As(err, &failure) || failure.Reason != c.want {
				t.Fatalf("got %v, want a failure that says %q", err, c.want)
			}
			var picture strings.Builder
			if err := failure.Draw(&picture); err != nil || !strings.Contains(picture.String(), "by clerk 1") {
				t.Errorf("got the error %v and a picture of %d bytes, want one that shows the operations", err, picture.Len())
			}
			for _, made := range c.records {
				check.Contains(t, failure.Account(), made.describe())
			}
		})
	}
}

// TestManyTriesInVainAreJudged has a reactor that cannot get on for a long time.
func TestManyTriesInVainAreJudged(t *testing.T) {
	t.Parallel()
	records := []record{asked("add", 1, 2, add(1), done(1, 1, 1))}
	for i := int64(3); i < 40_000; i += 4 {
		records = append(records, old(asked("", i, i+1, query, es.Answer{Result: 1, Version: 1})), asked("add", i+2, i+3, add(2), lost(es.Failed, 2)))
	}
	if err := judge(es.StreamName{}, records, stored(added(1))); err != nil {
		t.Errorf("got %v, want no error", err)
	}
	records[len(records)-2].answer.Result = 7
	if err := judge(es.StreamName{}, records, stored(added(1))); !errors.As(err, new(*NoOrderError)) {
		t.Errorf("got %v for the last of the queries, which showed another state, want a failure", err)
	}
}

// reader is a stream of which the reading may be disturbed.
type reader struct {
	events  []es.Event
	reading func()
}

func (r reader) Read(context.Context, es.StreamName, es.Version, es.Freshness) ([]es.Event, error) {
	if r.reading != nil {
		r.reading()
	}
	return r.events, nil
}

// What goes on while a stream is read may be in what was read, or not.
func TestWhatHasNotEndedMayBeThere(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		ends   func(end func(es.Answer)) (before, meanwhile func())
		events []es.Event
		wrong  bool
	}{
		"ended before, and is there":         {before(done(1, 1, 1)), stored(added(1)), false},
		"ended before, and is not there":     {before(done(1, 1, 1)), nil, true},
		"ended meanwhile, and is there":      {meanwhile(done(1, 1, 1)), stored(added(1)), false},
		"ended meanwhile, and is not there":  {meanwhile(done(1, 1, 1)), nil, false},
		"failed meanwhile, and is not there": {meanwhile(lost(es.Failed, 1)), nil, false},
		"goes on, and is there":              {never, stored(added(1)), false},
		"goes on, and is not there":          {never, nil, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := NewRecorder()
			store := r.Store(nil, func(context.Context) string { return "clerk 1" }, false).(recorded) //nolint:forcetypeassert // it is
			stream := es.StreamName{}
			earlier, reading := c.ends(store.Recorder().Begins(t.Context(), es.Operation{Stream: stream, Name: "add", Alone: add(1)}))
			earlier()
			if err := r.Judge(t.Context(), reader{c.events, reading}, stream); (err != nil) != c.wrong {
				t.Errorf("got %v, want an error: %t", err, c.wrong)
			}
			check.Equal(t, "operations", 1, r.Operations(stream))
			r.Forget(stream)
			check.Equal(t, "operations of a stream that was forgotten", 0, r.Operations(stream))
		})
	}
}

// What goes on may have written what another has tried in vain, and found there.
func TestWhatGoesOnMayHaveWrittenWhatAnotherFound(t *testing.T) {
	t.Parallel()
	r := NewRecorder()
	store := r.Store(nil, func(context.Context) string { return "clerk 1" }, false).(recorded) //nolint:forcetypeassert // it is
	operation := es.Operation{Name: "add", Alone: add(1)}
	store.Recorder().Begins(t.Context(), operation)
	store.Recorder().Begins(t.Context(), operation)(es.Answer{Result: 1, Version: 1, Tried: []es.EventData{added(1)}})
	check.OK(t, r.Judge(t.Context(), reader{stored(added(1)), nil}, es.StreamName{}))
	err := r.Judge(t.Context(), reader{stored(added(1), added(1)), nil}, es.StreamName{})
	if !errors.As(err, new(*NoOrderError)) {
		t.Errorf("got %v for what is there twice, want a failure", err)
	}
}

func nothing() {}

func before(answer es.Answer) func(func(es.Answer)) (func(), func()) {
	answer.Tried = append(answer.Tried, answer.Written...)
	return func(end func(es.Answer)) (func(), func()) { return func() { end(answer) }, nothing }
}

func meanwhile(answer es.Answer) func(func(es.Answer)) (func(), func()) {
	answer.Tried = append(answer.Tried, answer.Written...)
	return func(end func(es.Answer)) (func(), func()) { return nothing, func() { end(answer) } }
}

func never(func(es.Answer)) (func(), func()) { return nothing, nothing }
