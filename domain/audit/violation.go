package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// Rule names what was violated.
type Rule string

// The rules.
const (
	Positions  Rule = "positions"  // the events of a stream are numbered without a gap
	Feed       Rule = "feed"       // what a stream has, the feed delivers
	Body       Rule = "body"       // an event of a known type can be read
	Closed     Rule = "closed"     // nothing follows the event that closes a stream
	Twice      Rule = "twice"      // a charge or a payment is booked once
	Balance    Rule = "balance"    // what is checked out or confirmed owes nothing
	Credit     Rule = "credit"     // what is paid out was paid too much before
	Residual   Rule = "residual"   // what a transfer moves is what was charged minus what was paid
	Outcomes   Rule = "outcomes"   // a stay is selected once and has one outcome at the most; a confirmed group has none pending
	Refusal    Rule = "refusal"    // a stay that is on record is not refused as one that is not
	Reason     Rule = "reason"     // why a merge failed, the stay says too
	Transfer   Rule = "transfer"   // a transfer has its residual in the group, or is in flight
	Merge      Rule = "merge"      // a residual of a group has its transfer in the stay
	Amount     Rule = "amount"     // a transfer and its residual are the same amount
	Checkpoint Rule = "checkpoint" // work behind which a checkpoint lies is done
)

// Place is a stream, and the events in it that are meant, ascending. Without
// any it is about what the stream lacks.
type Place struct {
	Stream es.StreamName
	Events []es.Version
}

// Violation is a rule that the books break.
type Violation struct {
	Rule     Rule
	Places   []Place        // the first is where to look first; the books' own violations have one at least
	Amounts  []domain.Money // those that differ, the recorded one first; none if it is not about money
	Sentence string         // says it in words, with all of the above
}

// String is the rule and the sentence.
func (v Violation) String() string { return string(v.Rule) + ": " + v.Sentence }

// UnbalancedError says that the books do not balance.
type UnbalancedError struct{ Violations []Violation }

// shownViolations is how many violations an error spells out.
const shownViolations = 10

func (e *UnbalancedError) Error() string {
	var shown []string
	for _, v := range e.Violations[:min(len(e.Violations), shownViolations)] {
		shown = append(shown, v.String())
	}
	more := ""
	if hidden := len(e.Violations) - len(shown); hidden > 0 {
		more = fmt.Sprintf("; and %d more", hidden)
	}
	return fmt.Sprintf("the books do not balance (violations: %d): %s%s", len(e.Violations), strings.Join(shown, "; "), more)
}

// at is the place of events of a stream.
func at(stream es.StreamName, events ...es.Version) Place { return Place{stream, events} }

// inOrder sorts by stream and event, so that the same books give the same list.
func inOrder(violations []Violation) {
	first := func(v Violation) es.Version {
		if events := v.Places[0].Events; len(events) > 0 {
			return events[0]
		}
		return -1
	}
	slices.SortFunc(violations, func(a, b Violation) int {
		return cmp.Or(
			cmp.Compare(a.Places[0].Stream.String(), b.Places[0].Stream.String()),
			cmp.Compare(first(a), first(b)),
			cmp.Compare(a.String(), b.String()))
	})
}
