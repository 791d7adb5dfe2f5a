package reactor

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// A stream that fails again and again can be set aside, by hand or after a while. What
// is delivered of it is then passed over, and so a checkpoint passes it; that is why a
// note of it is kept before anything is passed. It stays so until somebody has it
// retried, which takes it up again if the handler can handle it, or drops it from the
// list, which takes up only what is appended from then on.

// SetAsideError is for the error of a handler call that a person has to settle, and that
// another call would not meet again: the stream is set aside at once, so that it stays to
// be seen, also after a restart.
type SetAsideError struct{ Err error }

func (e *SetAsideError) Error() string { return e.Err.Error() }

func (e *SetAsideError) Unwrap() error { return e.Err }

// NeedsPerson is what [es.NeedsPerson] asks.
func (*SetAsideError) NeedsPerson() bool { return true }

// asksToBeSetAside tells whether an error is, or wraps, a [*SetAsideError]. In an outage
// nothing is set aside.
func asksToBeSetAside(err error) bool {
	_, asks := errors.AsType[*SetAsideError](err)
	return asks && !IsOutage(err)
}

// aside is a stream that is set aside.
type aside struct {
	cause    string
	since    time.Time
	upTo     es.Version // the deliveries that were passed over are below it
	retrying bool       // it is called as others are, and set aside again if that fails
	changed  bool       // the note of it is out of date
	failed   bool       // the retry that the note asks for has failed
}

// passes tells whether a delivery is passed over.
func (c *core) passes(d feed.Delivery) bool {
	a := c.aside[d.Stream]
	if a == nil || a.retrying {
		return false
	}
	if upTo := d.Event.Index + 1; upTo > a.upTo {
		a.upTo, a.changed = upTo, true
	}
	return true
}

// setAside sets a stream aside. What waits of it is passed over too.
func (c *core) setAside(name es.StreamName, cause string, since time.Time, upTo es.Version) {
	a := &aside{cause: cause, since: since, upTo: upTo}
	if s := c.streams[name]; s != nil {
		c.passOver(s, a)
	}
	c.aside[name] = a
	c.occurs(SetAside{name, a.cause, a.upTo})
}

// passOver takes what waits of a stream out of everybody's way.
func (c *core) passOver(s *stream, a *aside) {
	if end := s.waiting.end(); end > a.upTo {
		a.upTo, a.changed = end, true
	}
	s.handled = max(s.handled, a.upTo)
	c.change(s, func(q *queue) { *q = queue{} })
	if s.trouble != nil && s.trouble.delayed {
		c.delayed = slices.DeleteFunc(c.delayed, func(t *trouble) bool { return t == s.trouble })
	}
	s.trouble, s.pauses = nil, nil
	claims := s.claims
	s.claims = nil
	for _, claim := range claims {
		c.without(s, claim.batch)
	}
	c.judge(s)
	c.place(s)
}

// retry has the handler called for a stream that is set aside, for the last of what was
// passed over: it works on the whole stream.
func (c *core) retry(name es.StreamName) {
	a := c.aside[name]
	if a == nil || a.retrying {
		return
	}
	s := c.stream(name)
	if s.calling {
		return // the call that ran when it was set aside; it is asked for again
	}
	a.retrying = true
	s.handled = 0
	c.change(s, func(q *queue) {
		*q = queue{}
		q.add(es.Event{Index: max(a.upTo-1, 0)}, c.costs)
	})
	c.place(s)
}

// drop forgets that a stream is set aside.
func (c *core) drop(name es.StreamName) { delete(c.aside, name) }

// returnedAside decides about a call for a stream that is set aside. The error that it
// returns is to be seen to as usual.
func (c *core) returnedAside(s *stream, a *aside, err error, now time.Time) error {
	_, lags := err.(*LagError) //nolint:errorlint // it was made as it is
	switch {
	case !a.retrying:
		c.passOver(s, a)
		return nil
	case err == nil:
		delete(c.aside, s.name)
		c.occurs(TakenUp{s.name})
		return nil
	case lags, IsOutage(err):
		return err
	}
	a.retrying, a.failed, a.cause, a.since, a.changed = false, true, err.Error(), now, true
	c.passOver(s, a)
	c.occurs(SetAside{s.name, a.cause, a.upTo})
	return nil
}

// poisoned are the streams that have been troubled for so long, 0 being never, and those
// whose handler asks for it, the longest first. A handler that does not get on because the
// store does not answer, or lags, is none.
func (c *core) poisoned(now time.Time, after time.Duration) (found []*trouble) {
	for _, s := range c.streams {
		if s.trouble == nil || s.waiting.empty() || c.aside[s.name] != nil || IsOutage(s.trouble.cause) {
			continue
		}
		if !s.trouble.asks && (after == 0 || now.Sub(s.trouble.since) < after) {
			continue
		}
		if _, lags := s.trouble.cause.(*LagError); !lags { //nolint:errorlint // it was made as it is
			found = append(found, s.trouble)
		}
	}
	slices.SortFunc(found, func(a, b *trouble) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.stream.name.String(), b.stream.name.String()))
	})
	return found
}
