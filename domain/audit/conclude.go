package audit

import (
	"fmt"
	"maps"
	"slices"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// conclusion is a violation that no event proves alone.
type conclusion struct {
	Violation
	// lacks is the stream that would disprove it if only more of it had been
	// read; it is the zero name if what was seen is proof enough.
	lacks es.StreamName
	about string // beside the rule and the first place, what it is about
}

// conclusions are what the accounts say of each other.
func (b *Books) conclusions(yield func(conclusion) bool) {
	for a := range b.accounts {
		if c, wrong := ofGap(a.common()); wrong && !yield(c) {
			return
		}
	}
	for _, s := range b.stays {
		for _, t := range s.transfers {
			if c, wrong := b.ofTransfer(s, t); wrong && !yield(c) {
				return
			}
		}
	}
	for _, g := range b.groups {
		for id, e := range g.entries {
			if c, wrong := b.ofResidual(g, id, e); wrong && !yield(c) {
				return
			}
			if c, wrong := b.ofFailure(g, id, e); wrong && !yield(c) {
				return
			}
		}
		for _, consumer := range slices.Sorted(maps.Keys(g.consumed)) {
			if c, wrong := ofCheckpoint(g, consumer); wrong && !yield(c) {
				return
			}
		}
	}
}

func conclude(rule Rule, amounts []domain.Money, places []Place, format string, args ...any) conclusion {
	c := conclusion{Violation: Violation{rule, places, amounts, fmt.Sprintf(format, args...)}}
	if len(places) > 1 {
		c.about = places[1].Stream.String()
	}
	return c
}

// lacking says which stream to look at again.
func (c conclusion) lacking(stream es.StreamName) conclusion {
	c.lacks = stream
	return c
}

func ofGap(j *journal) (c conclusion, wrong bool) {
	events, wrong := j.gap()
	return conclude(Positions, nil, []Place{at(j.stream, j.missing, j.behind)},
		"%s lacks %s, and goes on with event %d", j.stream, events, j.behind).lacking(j.stream), wrong
}

// ofTransfer looks for what the group of a transfer says of it.
func (b *Books) ofTransfer(s *stay, t transfer) (c conclusion, wrong bool) {
	to := groupStream(t.group)
	here := at(s.stream, t.index)
	g, known := b.groups[t.group]
	var e entry
	if known {
		e, known = g.entries[s.id]
	}
	switch {
	case !known && g != nil && g.damaged:
		return c, false
	case !known:
		return conclude(Transfer, []domain.Money{t.residual}, []Place{here, at(to)},
			"event %d of %s moves %s to %s, but that group never selected the stay", t.index, s.stream, t.residual, to).lacking(to), true
	case e.status == failed:
		return conclude(Transfer, []domain.Money{t.residual}, []Place{here, at(to, e.outcome)},
			"event %d of %s moves %s to %s, but event %d of that group says that the merge failed", t.index, s.stream, t.residual, to, e.outcome), true
	case e.status == merged && !e.residual.Equal(t.residual):
		return conclude(Amount, []domain.Money{e.residual, t.residual}, []Place{at(to, e.outcome), here},
			"event %d of %s records a residual of %s for %s, but event %d of that stay moved %s", e.outcome, to, e.residual, s.stream, t.index, t.residual), true
	}
	return c, false
}

// ofResidual looks for the transfer that a residual of a group came with.
func (b *Books) ofResidual(g *group, id domain.StayID, e entry) (c conclusion, wrong bool) {
	if e.status != merged {
		return c, false
	}
	state := "nothing is known of that stay"
	stream := stayStream(id)
	there := at(stream)
	if s, known := b.stays[id]; known && s.next > 0 {
		if s.transferredTo(g.id) || s.damaged {
			return c, false
		}
		switch {
		case len(s.transfers) > 0:
			there = at(stream, s.transfers[0].index)
			state = fmt.Sprintf("event %d of that stay moved it to %s", s.transfers[0].index, groupStream(s.transfers[0].group))
		case s.closing != nil:
			there = at(stream, s.closing.index)
			state = fmt.Sprintf("event %d of that stay checked the guest out", s.closing.index)
		default:
			state = "that stay was not transferred"
		}
	}
	return conclude(Merge, []domain.Money{e.residual}, []Place{at(g.stream, e.outcome), there},
		"event %d of %s records a residual of %s for %s, but %s", e.outcome, g.stream, e.residual, stream, state).lacking(stream), true
}

// ofFailure looks for the stay's own word for why it could not be merged.
func (b *Books) ofFailure(g *group, id domain.StayID, e entry) (c conclusion, wrong bool) {
	s, seen := b.stays[id]
	if e.status != failed || seen && s.damaged {
		return c, false
	}
	var said bool
	var why string
	switch e.failure.WhyNot {
	case domain.NotOnRecord:
		said, why = seen && slices.Contains(s.refused, g.id), "it was not on record, but that stay does not say so"
	case domain.CheckedOut:
		said, why = seen && s.left(), "the guest had checked out, but that stay does not say so"
	case domain.OtherGroup:
		said = seen && s.transferredTo(e.failure.Group)
		why = fmt.Sprintf("%s had it, but that stay does not say so", groupStream(e.failure.Group))
	default: // it does not say why, or in a word that is not known here
		return c, false
	}
	stream := stayStream(id)
	return conclude(Reason, nil, []Place{at(g.stream, e.outcome), at(stream)},
		"event %d of %s records that %s failed because %s", e.outcome, g.stream, stream, why).lacking(stream), !said
}

// ofCheckpoint looks for pending stays that a consumer group has passed.
func ofCheckpoint(g *group, consumer string) (c conclusion, wrong bool) {
	var events []es.Version
	stays := 0
	for _, e := range g.entries {
		if e.status == pending && e.selected < g.consumed[consumer] && !g.damaged {
			events = append(events, e.selected)
			stays++
		}
	}
	if stays == 0 {
		return c, false
	}
	slices.Sort(events)
	events = slices.Compact(events)
	c = conclude(Checkpoint, nil, []Place{at(g.stream, events...)},
		"the checkpoint of the consumer group %q lies past event %d of %s, but stays that were selected by then are still pending: %d",
		consumer, events[len(events)-1], g.stream, stays).lacking(g.stream)
	c.about = consumer
	return c, true
}
