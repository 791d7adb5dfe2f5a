package harness

import (
	"errors"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// excuse says how many handler calls for a stream are owed to injected faults. A call
// counts if it met a fault and failed, or saw too little, so that another has to
// follow; and one that had nothing left to do, if something was delivered again.
type excuse struct {
	calls     int // that are excused
	disturbed int // faults before the call that runs
	redone    int // deliveries that had to be made again, besides those that the injector repeats
	used      int // of these and of those that the injector repeats
}

// Observe implements reactor.Observer.
func (r *runner) Observe(o reactor.Occurrence) {
	// The injector is asked first, since it asks the journal.
	switch o := o.(type) {
	case reactor.Called:
		repeated, disturbed := r.faults.Repeated(o.Stream), r.faults.Disturbed(o.Stream)
		r.journal.update(o.Stream, func(e *entry) {
			nothingToDo := max(e.retired, e.observed) >= e.written
			if nothingToDo && e.excuse.used < repeated+e.excuse.redone {
				e.excuse.used++
				e.excuse.calls++
			}
			e.excuse.disturbed = disturbed
		})
	case reactor.Returned:
		disturbed, asked := r.faults.Disturbed(o.Stream), r.wanted(o.Err)
		r.journal.update(o.Stream, func(e *entry) {
			met := disturbed > e.excuse.disturbed || errors.Is(o.Err, errBroken) ||
				r.harness.cuts.Load() > 0 // all reactors share what was cut, and may meet it later
			if met && !asked && (o.Err != nil || o.Observed < e.written) {
				e.excuse.calls++
			}
		})
	default: // the rest is for the journal
	}
	r.journal.Observe(o)
}

// wanted tells whether a call failed because its scenario wants that.
func (r *runner) wanted(err error) bool {
	if errors.Is(err, errRefused) {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Is(err, errBroken) && r.phase != reviving
}

// told notes a delivery. To a reactor that was killed, what an earlier one was
// told of already is delivered again, and may lead to another call.
func (r *runner) told(stream es.StreamName, index es.Version) {
	r.mu.Lock()
	repeated := r.killed && index < r.reached[stream] && !r.retold[stream]
	if repeated {
		r.retold[stream] = true
	}
	r.mu.Unlock()
	r.journal.update(stream, func(e *entry) {
		e.delivered = max(e.delivered, index+1)
		if repeated {
			e.excuse.redone++
		}
	})
}
