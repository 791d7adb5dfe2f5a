package audit

import (
	"fmt"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// journal is what the accounts of stays and groups have in common.
type journal struct {
	stream  es.StreamName
	next    es.Version // the index of the event to come
	events  int
	unknown int                    // events of a type that the codec has no case for
	missing es.Version             // the first index that was passed over
	behind  es.Version             // the index behind the gap; 0 if there is none
	damaged bool                   // sums and lists are not complete
	closing *closing               // nil while the stream is open
	booked  map[booking]es.Version // the events that booked them, while the stream is open
	found   []Violation
}

// closing is the event that closed a stream.
type closing struct {
	index es.Version
	kind  string
}

// booking is a charge or a payment. The ids of the two have nothing in common.
type booking struct {
	kind string
	id   uuid.UUID
}

func newJournal(stream es.StreamName) journal {
	return journal{stream: stream, booked: map[booking]es.Version{}}
}

func (j *journal) common() *journal { return j }

func (j *journal) violate(rule Rule, place Place, amounts []domain.Money, format string, args ...any) {
	j.found = append(j.found, Violation{rule, []Place{place}, amounts, fmt.Sprintf(format, args...)})
}

// enter makes sure of an event's position and tells whether it is a new one.
func (j *journal) enter(e es.Event) bool {
	if e.Index < j.next {
		return false
	}
	if e.Index > j.next {
		if j.behind == 0 {
			j.missing, j.behind = j.next, e.Index
		}
		j.damaged = true
	}
	j.next = e.Index + 1
	j.events++
	return true
}

// gap names the events of the first gap, if there is one.
func (j *journal) gap() (events string, there bool) {
	if last := j.behind - 1; last > j.missing {
		return fmt.Sprintf("events %d to %d", j.missing, last), true
	}
	return fmt.Sprintf("event %d", j.missing), j.behind > 0
}

// decode reads an event and makes sure that nothing had closed the stream.
func decode[E any](j *journal, codec *es.Codec[E], e es.Event) (event E, ok bool) {
	event, known, err := codec.Decode(e.Type, e.Data)
	switch {
	case err != nil:
		j.damaged = true
		j.violate(Body, at(j.stream, e.Index), nil, "%v", &es.DecodeError{Stream: j.stream, Index: e.Index, Type: e.Type, Err: err})
		return event, false
	case !known:
		j.unknown++
		return event, false
	case j.closing != nil:
		j.violate(Closed, at(j.stream, j.closing.index, e.Index), nil, "event %d (%s) of %s follows event %d (%s), which closed the stream",
			e.Index, e.Type, j.stream, j.closing.index, j.closing.kind)
	}
	return event, true
}

// close notes the event that closes the stream. Only the first one counts.
func (j *journal) close(e es.Event) {
	if j.closing == nil {
		j.closing = &closing{e.Index, e.Type}
		j.booked = nil // what comes behind it is a violation anyway
	}
}

// payOut makes sure that what is paid out, an amount below zero, was paid too much
// before: balance is the one before it.
func (j *journal) payOut(e es.Event, amount, balance domain.Money) {
	if out := amount.Credit(); j.closing == nil && !j.damaged && out.Cmp(balance.Credit()) > 0 {
		j.violate(Credit, at(j.stream, e.Index), []domain.Money{out, balance.Credit()},
			"event %d of %s pays out %s, but the credit before it is %s", e.Index, j.stream, out, balance.Credit())
	}
}

// book makes sure that a charge or a payment is booked once.
func (j *journal) book(e es.Event, b booking) {
	if j.closing != nil {
		return
	}
	if before, again := j.booked[b]; again {
		j.violate(Twice, at(j.stream, before, e.Index), nil, "event %d of %s books the %s %s again, which event %d had booked",
			e.Index, j.stream, b.kind, b.id, before)
		return
	}
	j.booked[b] = e.Index
}
