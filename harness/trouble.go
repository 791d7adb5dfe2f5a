package harness

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// When a wait is given up for a stream that the reactor calls its handler for in
// vain: after so many equal failures in a row, and so much time, in which nobody has
// written to it. A store may lag behind for a while, and then each try fails alike;
// what injected faults do is excused altogether.
const (
	hopelessCalls = 50
	hopelessTime  = eventualLimit
)

// trouble is what the reactor has with a stream: that the handler has failed, or has
// seen less than there is.
type trouble struct {
	about   string // the stream, as the scenario calls it
	cause   string // in a line, without what differs each time, such as a stack
	err     error
	equal   int        // times in a row, with the same cause
	since   time.Time  // the first of them
	written es.Version // of the stream, then
}

// more takes in one more failure. Nil had none. What fails because the scenario has
// the store refuse it says nothing of what comes once the store accepts it again.
func (t *trouble) more(o reactor.Troubled, written es.Version) *trouble {
	if errors.Is(o.Cause, errRefused) {
		return nil
	}
	cause, _, _ := strings.Cut(strings.TrimSpace(o.Cause.Error()), "\n")
	now := &trouble{cause: cause, err: o.Cause, equal: 1, since: time.Now(), written: written}
	if t != nil && t.cause == cause && t.written == written {
		now.equal, now.since = t.equal+1, t.since
	}
	return now
}

func (t *trouble) isHopeless() bool {
	return t.equal >= hopelessCalls && time.Since(t.since) >= hopelessTime
}

// HandlerError says that the reactor could not handle a stream. It comes before
// everything else that is known of a wait that did not end.
type HandlerError struct {
	Stream string // as the scenario calls it
	Err    error  // the last of the handler's errors, or that it saw too little
	Times  int    // in a row
	Since  time.Time

	cause string
}

func (e *HandlerError) Error() string {
	return fmt.Sprintf("the reactor cannot handle %s: %s, %d times since %s", e.Stream, e.cause, e.Times, e.Since.Format(time.TimeOnly))
}

func (e *HandlerError) Unwrap() error { return e.Err }

func (t *trouble) error() *HandlerError {
	return &HandlerError{t.about, t.err, t.equal, t.since, t.cause}
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
		if t.isHopeless() {
			return t.error()
		}
	}
	return nil
}
