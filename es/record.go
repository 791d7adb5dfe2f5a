package es

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"runtime"
	"strings"
)

// Recorder is told of the operations on streams, so as to judge whether their answers
// could have been given one after the other. It is for tests. The categories of a store
// that has a method Recorder() Recorder have one, unless that returns nil. Calls may
// overlap.
type Recorder interface {
	// Begins is told of an operation before it does anything. The function that it
	// returns is called once, with the answer, before the caller has that.
	Begins(ctx context.Context, operation Operation) (ends func(Answer))
}

// Operation is a transaction or a query that begins.
type Operation struct {
	Stream StreamName
	// Name is that of the function that made the decision, such as charge. It is
	// empty for a query.
	Name string
	// MayBeOld says that the answer may stand for an older state than that of the
	// stream when the operation began, since a replica or a state at hand was good
	// enough for it.
	MayBeOld bool
	// Alone is the answer on a stream that holds these events, if nobody else is there:
	// the same decision, folds and codec, without a store, a cache or a second try.
	Alone func(stored []Event) Answer
}

// Answer is how an operation ended.
type Answer struct {
	Outcome Outcome
	Result  any     // of the decision, or the state that was queried; nil unless it is done
	Version Version // after it, or that the state stands for; meaningless unless it is done
	Err     error   // why it is not done; nil if it is
	// Written are the events of the decision that was carried out. Tried are those of
	// each append, also of one that failed.
	Written, Tried []EventData
}

// Outcome is what became of an operation.
type Outcome int

// The outcomes.
const (
	// Done is a decision that was carried out, perhaps to write nothing, or a query
	// that was answered.
	Done Outcome = iota
	// Refused is an error of the decision, and nothing was written.
	Refused
	// Failed is an error from beneath, and nothing was written.
	Failed
	// Unknown is an error, or a panic, after which the events may be there or not.
	Unknown
)

func (o Outcome) String() string {
	return [...]string{"done", "refused", "failed", "unknown"}[o]
}

// recording is the record of one transaction while it is made.
type recording struct {
	name  string
	begun bool
	tried []EventData
}

// RecorderOf is the recorder of a store, or nil. A store that holds another one passes it
// on with this.
func RecorderOf(store Store) Recorder {
	if recorded, ok := store.(interface{ Recorder() Recorder }); ok {
		return recorded.Recorder()
	}
	return nil
}

// named is the same Decider, with the name of a decision for the record.
func (d Decider[S, E]) named(decide any) Decider[S, E] {
	if d.category.recorder != nil && d.recording == nil {
		d.recording = &recording{name: nameOf(decide)}
	}
	return d
}

// isRecorded tells whether a transaction is to be recorded that is not being recorded
// already.
func (d Decider[S, E]) isRecorded() bool {
	return d.category.recorder != nil && (d.recording == nil || !d.recording.begun)
}

// note keeps what an append tries to write.
func (d Decider[S, E]) note(data []EventData) {
	if d.recording != nil {
		d.recording.tried = append(d.recording.tried, data...)
	}
}

// refusal marks the error of a decision, to tell it from one from beneath.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

// transactRecorded is transact with a record.
func transactRecorded[S, E, R any](ctx context.Context, d Decider[S, E], decide func(S) (R, []E, error)) (result R, written after[S, E], err error) {
	d = d.named(decide)
	d.recording.begun = true
	ends := d.category.recorder.Begins(ctx, Operation{Stream: d.stream, Name: d.recording.name, Alone: func(stored []Event) Answer { return alone(d, stored, decide) }})
	answer := Answer{Outcome: Unknown, Err: errors.New("it panicked")}
	defer func() {
		answer.Tried = d.recording.tried
		ends(answer)
	}()
	writes := 0
	result, written, err = transact(ctx, d, func(state S) (R, []E, error) {
		result, events, err := decide(state)
		if err != nil {
			err = &refusal{err}
		}
		writes = len(events)
		return result, events, err
	})
	var uncertain *UncertainError
	refused, isRefusal := err.(*refusal) //nolint:errorlint // it is returned as it is
	switch {
	case err == nil:
		tried := d.recording.tried
		answer = Answer{Outcome: Done, Result: result, Version: written.version, Written: tried[len(tried)-writes:]}
	case isRefusal:
		err = refused.err
		answer = Answer{Outcome: Refused, Err: err}
	case errors.As(err, &uncertain):
		answer = Answer{Outcome: Unknown, Err: err}
	default:
		answer = Answer{Outcome: Failed, Err: err}
	}
	return result, written, err
}

// alone is the answer of a decision on a stream that holds just these events.
func alone[S, E, R any](d Decider[S, E], stored []Event, decide func(S) (R, []E, error)) Answer {
	state, err := d.category.stateOf(d.stream, stored)
	if err != nil {
		return Answer{Outcome: Failed, Err: err}
	}
	result, events, err := decide(state)
	if err != nil {
		return Answer{Outcome: Refused, Err: err}
	}
	data, err := d.category.encode(context.Background(), events)
	if err != nil {
		return Answer{Outcome: Failed, Err: err}
	}
	return Answer{Result: result, Version: Version(len(stored) + len(data)), Written: data}
}

// queryRecorded is QueryVersion with a record.
func (d Decider[S, E]) queryRecorded(ctx context.Context) (S, Version, error) {
	d.recording = &recording{begun: true}
	ends := d.category.recorder.Begins(ctx, Operation{
		Stream: d.stream, MayBeOld: d.trusting, Alone: func(stored []Event) Answer {
			state, err := d.category.stateOf(d.stream, stored)
			if err != nil {
				return Answer{Outcome: Failed, Err: err}
			}
			return Answer{Result: state, Version: Version(len(stored))}
		},
	})
	answer := Answer{Outcome: Failed, Err: errors.New("it panicked")}
	defer func() { ends(answer) }()
	state, version, err := d.QueryVersion(ctx)
	if answer = (Answer{Result: state, Version: version}); err != nil {
		answer = Answer{Outcome: Failed, Err: err}
	}
	return state, version, err
}

// stateOf is the state after the events of a stream, all of them.
func (c *Category[S, E]) stateOf(stream StreamName, stored []Event) (S, error) {
	quiet := *c
	quiet.options.Skipped = func(StreamName, Version, string) {} // it was told when they were read
	events, err := quiet.decode(stream, stored)
	if err != nil {
		return c.initial, err
	}
	return c.fold(c.initial, events), nil
}

// closure is what the name of a function within another ends with.
var closure = regexp.MustCompile(`(\.(func|gowrap)?\d+)+$`)

// nameOf is the name of a function or, of one that was made by another, of that.
func nameOf(function any) string {
	name := runtime.FuncForPC(reflect.ValueOf(function).Pointer()).Name()
	name = strings.ReplaceAll(closure.ReplaceAllString(name, ""), "[...]", "")
	return name[strings.LastIndexAny(name, "./")+1:]
}
