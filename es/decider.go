package es

import (
	"context"
	"errors"
)

// Decider is the one way in to a stream: it loads the state, decides and
// appends. It is a value, free to copy; calls may overlap.
type Decider[S, E any] struct {
	category *Category[S, E]
	stream   StreamName
	trusting bool    // whether a state at hand may do without a read
	enough   Version // the version that it has to stand for

	recording *recording // nil if nobody records
}

// AtLeast is the same Decider, but one that does not read first if the state at
// hand stands for the version or a later one. At hand is what the cache holds,
// or else the initial state, which stands for version 0.
//
// A query returns that state. A decision to append is checked by the version
// that it expects, and one to refuse or to write nothing is made again on the
// leader's state, so a transaction is as right as without, and costs one
// request where the guess was good: AtLeast(1) trusts the cache, AtLeast(0)
// also guesses that a stream nobody has read yet is new.
func (d Decider[S, E]) AtLeast(version Version) Decider[S, E] {
	d.trusting, d.enough = true, version
	return d
}

// Stream is the name of the stream.
func (d Decider[S, E]) Stream() StreamName { return d.stream }

// Query returns the state, brought up to date from a replica. The state is
// shared: it must not be changed.
func (d Decider[S, E]) Query(ctx context.Context) (S, error) {
	state, _, err := d.QueryVersion(ctx)
	return state, err
}

// QueryVersion is Query with the version that the state stands for.
func (d Decider[S, E]) QueryVersion(ctx context.Context) (S, Version, error) {
	if d.isRecorded() {
		return d.queryRecorded(ctx)
	}
	if held := d.atHand(); d.trusting && held.version >= d.enough {
		return held.state, held.version, nil
	}
	held, err := d.load(ctx, FromReplica)
	return held.state, held.version, err
}

// Transact decides on the current state and appends the events of the decision.
// On a conflict it loads again, from the leader, and decides again; when its
// attempts are used up it returns the [*ConflictError].
//
// An error of decide is returned as it is, and nothing is written. For no
// events nothing is sent. Both are decided on the leader's state: an append is
// refused if the state was out of date, but nothing would tell that a refusal
// rests on a replica that lags behind. So decide may be called several times
// and must be pure.
func (d Decider[S, E]) Transact(ctx context.Context, decide func(S) ([]E, error)) error {
	_, err := d.TransactVersion(ctx, decide)
	return err
}

// TransactVersion is Transact with the version after: the one that was written,
// or, if the decision was to write nothing, the one that it was made on.
func (d Decider[S, E]) TransactVersion(ctx context.Context, decide func(S) ([]E, error)) (Version, error) {
	_, version, err := Decide(ctx, d.named(decide), func(state S) (struct{}, []E, error) {
		events, err := decide(state)
		return struct{}{}, events, err
	})
	return version, err
}

// TransactState is Transact with the state after the decision, and the version that
// it stands for. The state is shared: it must not be changed.
func (d Decider[S, E]) TransactState(ctx context.Context, decide func(S) ([]E, error)) (S, Version, error) {
	_, after, err := transact(ctx, d.named(decide), func(state S) (struct{}, []E, error) {
		events, err := decide(state)
		return struct{}{}, events, err
	})
	return after.folded(), after.version, err
}

// Decide is [Decider.TransactVersion] for a decision that yields a result
// beside its events.
func Decide[S, E, R any](ctx context.Context, d Decider[S, E], decide func(S) (R, []E, error)) (R, Version, error) {
	result, after, err := transact(ctx, d, decide)
	return result, after.version, err
}

// transact is what all the ways to decide have in common. With an error it returns no
// result, and the state on which the last decision was made.
func transact[S, E, R any](ctx context.Context, d Decider[S, E], decide func(S) (R, []E, error)) (R, after[S, E], error) {
	if d.isRecorded() {
		return transactRecorded(ctx, d, decide)
	}
	var none R
	freshness := FromReplica
	guess := d.trusting
	for attempt := 1; ; {
		held := d.atHand()
		if guess = guess && held.version >= d.enough; !guess {
			var err error
			if held, err = d.load(ctx, freshness); err != nil {
				return none, after[S, E]{}, err
			}
		}
		result, events, err := decide(held.state)
		unchanged := after[S, E]{versioned: held}
		writes := err == nil && len(events) > 0
		switch {
		case !writes && freshness == FromReplica:
			freshness, guess = FromLeader, false // this is no conflict, so it costs no attempt
			continue
		case err != nil:
			return none, unchanged, err
		case !writes:
			return result, unchanged, nil
		}
		written, err := d.append(ctx, held, events)
		if err == nil {
			return result, written, nil
		}
		var conflict *ConflictError
		if !errors.As(err, &conflict) {
			return none, unchanged, err
		}
		if conflict.Actual < held.version {
			d.category.options.Cache.drop(d.stream) // the store was restored to an earlier state, or did not say
		}
		if !guess {
			attempt++
		}
		if attempt > d.category.options.Attempts {
			return none, unchanged, conflict
		}
		freshness, guess = FromLeader, false
	}
}

// after is what an append has left: the state that it was decided on, and its events
// if nobody has needed the state after them so far.
type after[S, E any] struct {
	versioned[S]

	fold   func(S, []E) S
	events []E
}

// folded is the state after the events.
func (a after[S, E]) folded() S {
	if len(a.events) == 0 {
		return a.state
	}
	return a.fold(a.state, a.events)
}

// versioned is a state and the version that it stands for.
type versioned[S any] struct {
	version Version
	state   S
	bytes   int64 // of the events that it was folded of
	skips   bool  // one of those was of an unknown type, so far as is known
}

// atHand returns the state that the cache holds, or else the initial one.
func (d Decider[S, E]) atHand() versioned[S] {
	entry := d.category.options.Cache.look(d.stream)
	if state, ok := entry.state.(S); ok {
		return versioned[S]{entry.version, state, entry.bytes, entry.skips}
	}
	return versioned[S]{state: d.category.initial}
}

// load returns the state at hand brought up to date by the tail of the stream.
func (d Decider[S, E]) load(ctx context.Context, freshness Freshness) (versioned[S], error) {
	asks(ctx, false)
	held := d.atHand()
	if held.version == 0 && d.category.snapshotter != nil {
		return d.loadSnapshot(ctx, freshness)
	}
	tail, err := d.category.store.Read(ctx, d.stream, held.version, freshness)
	if err != nil {
		return versioned[S]{}, err
	}
	return d.extend(held, tail)
}

// Extend brings the state at hand up to date by events of the stream that somebody else
// has read, in the order of the stream, such as those that a feed has delivered. Those
// that it stands for already are passed over. It goes as far as the first gap, and the
// first event without a body, which a feed may leave out: what is behind that, a query
// has to read. The state is then as good as one that was read from a replica.
//
// Without a cache nothing happens, nor if an event cannot be decoded.
func (d Decider[S, E]) Extend(events []Event) {
	if d.category.options.Cache == nil {
		return
	}
	held := d.atHand()
	var tail []Event
	for _, event := range events {
		next := held.version + Version(len(tail))
		if event.Index < next {
			continue
		}
		if event.Index > next || len(event.Data) == 0 {
			break
		}
		tail = append(tail, event)
	}
	_, _ = d.extend(held, tail) // whoever reads what cannot be decoded gets the error
}

// extend returns a state with what follows it, and keeps it.
func (d Decider[S, E]) extend(held versioned[S], tail []Event) (versioned[S], error) {
	if len(tail) == 0 {
		return held, nil
	}
	events, err := d.category.decode(d.stream, tail)
	if err != nil {
		return versioned[S]{}, err
	}
	for i := range tail {
		held.bytes += bytesOf(&tail[i].EventData)
	}
	held.version += Version(len(tail))
	held.skips = held.skips || len(events) < len(tail)
	held.state = d.category.fold(held.state, events)
	d.keep(held)
	return held, nil
}

// append writes a decision and keeps the state after it, which is folded once, and not
// at all if there is no cache and nobody asks for it.
func (d Decider[S, E]) append(ctx context.Context, held versioned[S], events []E) (after[S, E], error) {
	data, err := d.category.encode(ctx, events)
	if err != nil {
		return after[S, E]{}, err
	}
	d.note(data)
	written := after[S, E]{held, d.category.fold, events}
	asks(ctx, true)
	version, err := d.write(ctx, &written, data)
	d.category.options.Counts.tried(err)
	if err != nil {
		return after[S, E]{}, err
	}
	written.version = version
	if d.category.options.Cache == nil {
		return written, nil
	}
	for i := range data {
		written.bytes += bytesOf(&data[i])
	}
	written.state, written.events = written.folded(), nil
	d.keep(written.versioned)
	return written, nil
}

func (d Decider[S, E]) keep(held versioned[S]) {
	d.category.options.Cache.put(d.stream, cached{held.version, held.state, held.bytes, held.skips})
}
