package harness

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/reactor"
)

// When a wait is given up for a stream that the reactor calls its handler for in
// vain: after so many failures in a row, whatever each of them says, and so much time,
// in which nobody has written to it. A store may lag behind for a while, and then each
// try fails; what injected faults do is excused altogether. A reactor in another
// process makes the pauses of production, which grow, so there the time alone counts,
// and some tries.
const (
	hopelessCalls     = 50
	hopelessCallsAway = 5
	hopelessTime      = eventualLimit
)

// trouble is what the reactor has with a stream: that the handler has failed, or has
// seen less than there is.
type trouble struct {
	about   string     // the stream, as the scenario calls it
	err     error      // the last
	times   int        // in a row
	since   time.Time  // the first of them
	written es.Version // of the stream, then
}

// more takes in one more failure. Nil had none. What fails because the scenario has
// the store refuse it says nothing of what comes once the store accepts it again.
func (t *trouble) more(o reactor.Troubled, written es.Version) *trouble {
	if errors.Is(o.Cause, errRefused) {
		return nil
	}
	now := &trouble{err: o.Cause, times: 1, since: time.Now(), written: written}
	if t != nil && t.written == written {
		now.times, now.since = t.times+1, t.since
	}
	return now
}

// isHopeless tells whether it has failed so often, and for long enough.
func (t *trouble) isHopeless(calls int) bool {
	return t.times >= calls && time.Since(t.since) >= hopelessTime
}

// HandlerError says that the reactor could not handle a stream. It comes before
// everything else that is known of a wait that did not end.
type HandlerError struct {
	Stream string // as the scenario calls it
	Err    error  // the last of the handler's errors, or that it saw too little
	Times  int    // in a row
	Since  time.Time
}

func (e *HandlerError) Error() string {
	return fmt.Sprintf("the reactor cannot handle %s: %s\nafter %s since %s", e.Stream, inALine(e.Err), plural.Of(e.Times, "attempt"), e.Since.Format(time.TimeOnly))
}

// inALine is the first line of an error: what follows may differ each time, as a stack
// does.
func inALine(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return cmp.Or(line, fmt.Sprintf("the handler returned an error without a text, a %T", err))
}

func (e *HandlerError) Unwrap() error { return e.Err }

func (t *trouble) error() *HandlerError {
	return &HandlerError{t.about, t.err, t.times, t.since}
}

// unfinished says that the reactor has not finished, and why: first what it cannot
// handle, if there is something.
func (r *runner) unfinished(w *World, behind []string, err error) error {
	err = fmt.Errorf("the reactor has not finished: %s: %w", strings.Join(behind, "; "), err)
	if troubles := r.journal.troubles(w); len(troubles) > 0 {
		err = fmt.Errorf("%w\n%w", troubles[0].error(), err)
	}
	return err
}

// hopeless returns an error if there is no point in waiting any longer.
func (r *runner) hopeless(w *World) error {
	if r.faults != nil {
		return nil
	}
	for _, t := range r.journal.troubles(w) {
		if t.isHopeless(hopelessCalls) {
			return t.error()
		}
	}
	return nil
}
