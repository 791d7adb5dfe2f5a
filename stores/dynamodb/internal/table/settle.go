package table

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"example.com/groupcheckout/es"
)

// A write is lost when no reply comes: the connection broke, the server
// answered with a 5xx, or a context ended. DynamoDB keeps no ids of events. But
// every write leaves an etag in the tip, which is made before the request and
// is the same for all of its attempts. And every write names the tip that it
// builds on, by version and etag, or demands that there is none, and has no
// effect otherwise. Since no etag comes twice, at most one attempt of a write
// can ever have an effect. So the same request is simply sent again, until the
// server says one of two things:
//
//   - It was done. Whichever attempt the server means, it is done once, and an
//     earlier one that is still on its way will find another tip.
//   - Its condition does not hold. The server sends the tip that it met along.
//     If that has our etag, an earlier attempt was done, and is the newest
//     write. If not, somebody has written, either in our place or behind us,
//     and no attempt of ours can have an effect any more. What is settled is
//     settled for good, only it has to be found out: if the stream holds
//     exactly our events at the indices where they should be, with their times
//     to 100 nanoseconds, types and bodies, then they are ours. If not, it was
//     a conflict.
//
// The comparison could be deceived by another writer who appends the very same
// at the very same time to the very same version. Then the stream has become
// what both wanted, once. Unfolds leave no trace but the etag: a lost write of
// unfolds alone that another write followed is taken for a conflict, and they
// are replaced anyway.
//
// An append that only asks for a version, and meets that version under another
// etag, was overtaken by a write of unfolds. Its events are certainly not
// there, and attempts under way cannot have an effect any more, since they name
// the old etag. So it starts anew from the tip that it met, with the same etag.
//
// After the end of its context a write that may have been done is still sent
// again: nothing else would settle it, since what stands unchanged now may be
// changed by the lost request a moment later. If the server does not answer
// within Config.SettleTimeout, the outcome is an [*es.UncertainError].

// appending is an Append under way.
type appending struct {
	table *Table
	write Write
	first Tip // as the caller expects it
	etag  string
	plan  plan
	lost  error // why the outcome of an attempt is not known; nil if none had an effect
}

func (a *appending) run(ctx context.Context) (Tip, error) {
	tip, known, err := a.repeat(ctx, 1+a.table.config.Retries)
	if known {
		return tip, err
	}
	a.lost = withContext(ctx, a.lost)
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.table.config.SettleTimeout)
	defer cancel()
	tip, known, err = a.repeat(settling, math.MaxInt)
	if known {
		return tip, err
	}
	return Tip{}, &es.UncertainError{Stream: a.first.stream, Expected: a.first.version, Err: fmt.Errorf(
		"%w (and it could not be settled within %v: %w)", a.lost, a.table.config.SettleTimeout, err)}
}

// repeat sends the plan until it is known what Append is to return, as often
// as it may. If that is still not known, an attempt was lost, and the error is
// that of the last.
func (a *appending) repeat(ctx context.Context, attempts int) (tip Tip, known bool, err error) {
	pauses := newPauses()
	for attempt := 0; ; attempt++ {
		outcome, err := a.attempt(ctx, attempt)
		switch outcome {
		case succeeded:
			return a.plan.after, true, nil
		case refused:
			if tip, known, err = a.meet(ctx, err); known {
				return tip, true, err
			}
		case lost:
			if a.lost == nil {
				a.lost = err
			}
		case notNow, never:
		}
		if outcome == never || attempt+1 >= attempts || a.table.again(ctx, outcome, pauses) != nil {
			if err == nil {
				err = errOvertaken
			}
			if err = withContext(ctx, err); a.lost == nil {
				return Tip{}, true, a.notWritten(err)
			}
			return Tip{}, false, err
		}
	}
}

// errOvertaken is what keeps an append from being done if others write unfolds
// faster than it can start anew.
var errOvertaken = errors.New("the tip was written to all the time")

// attempt sends the plan once.
func (a *appending) attempt(ctx context.Context, attempt int) (verdict, error) {
	var trace trace
	ctx, cancel := context.WithTimeout(ctx, a.table.config.RequestTimeout)
	defer cancel()
	consumed, err := a.table.send(ctx, a.plan, trace.option)
	outcome := judge(err, trace.sent)
	a.table.meter.count(a.plan.operation(), attempt, outcome, err, consumed...)
	return outcome, Translated(err)
}

// meet looks at the tip that a condition failed on. What Append is to return is
// known then, unless there is to be another attempt, because of the plan, which
// is a new one, or because of the error.
func (a *appending) meet(ctx context.Context, failure error) (tip Tip, known bool, err error) {
	actual, err := a.actual(ctx, failure)
	if err == nil && actual.etag == a.etag {
		return actual, true, nil
	}
	conflict := &ConflictError{Expected: a.first, Actual: actual}
	switch from := a.plan.from; {
	case err != nil:
	case actual.etag == from.etag:
		// The tip is as it should be, so it was the other item.
		err = &ItemError{from.stream, int64(from.Base()), "it exists, although its events are still in the tip"}
	case a.write.Match == MatchVersion && actual.version == from.version:
		a.lost = nil
		a.plan, err = a.table.plan(actual, a.write, a.etag)
	case a.lost == nil || len(a.write.Events) == 0:
		return Tip{}, true, conflict
	default:
		var ours bool
		if ours, err = a.stands(ctx, actual); ours {
			return actual, true, nil
		} else if err == nil {
			return Tip{}, true, conflict
		}
	}
	if err != nil && a.lost == nil {
		return Tip{}, true, a.notWritten(err)
	}
	return Tip{}, false, err
}

// actual is the tip that failed a condition.
func (a *appending) actual(ctx context.Context, failure error) (Tip, error) {
	if it, known := tipMet(failure); known {
		b, err := decodeItem(a.first.stream, it)
		return b.Tip, err
	}
	return a.table.Tip(ctx, NoTip(a.first.stream), true)
}

// stands tells whether the events of the write stand where they should.
func (a *appending) stands(ctx context.Context, actual Tip) (bool, error) {
	at, events := a.plan.from.version, actual.events
	if actual.Base() > at {
		stream, err := a.table.Tail(ctx, actual, at, true)
		if err != nil {
			return false, err
		}
		events = stream.Events
	}
	events = since(events, at)
	if len(events) < len(a.write.Events) {
		return false, nil
	}
	return slices.EqualFunc(events[:len(a.write.Events)], a.write.Events, sameEvent), nil
}

func sameEvent(a, b Event) bool {
	return a.Type == b.Type && a.Time.UTC().Format(timeFormat) == b.Time.UTC().Format(timeFormat) &&
		sameBody(a.Data, b.Data) && sameBody(a.Meta, b.Meta) &&
		a.CorrelationID == b.CorrelationID && a.CausationID == b.CausationID
}

func sameBody(a, b Body) bool {
	return slices.Equal(a.Bytes, b.Bytes) && (len(a.Bytes) == 0 || a.Encoding == b.Encoding)
}

func (a *appending) notWritten(err error) error {
	if tooLarge(err) {
		return &TooLargeError{Stream: a.first.stream, Events: len(a.write.Events), Limit: maxItemBytes}
	}
	return fmt.Errorf("append to %s at version %d, nothing was written: %w", a.first.stream, a.first.version, err)
}

// withContext makes sure that an error tells of the end of a context.
func withContext(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}
