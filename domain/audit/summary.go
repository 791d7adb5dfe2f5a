package audit

import (
	"slices"
	"strings"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// Summary is what the books come to.
type Summary struct {
	Stays     int // streams
	Groups    int // streams
	Confirmed int // of the groups
	Events    int // of stays and groups
	Unknown   int // of these, events of types that nobody here knows: skipped
	Foreign   int // events of streams that belong to no stay and no group: passed over

	Merged   int // residuals that groups recorded
	Failed   int // failures that groups recorded
	Pending  int // stays that were selected and have no outcome yet
	InFlight int // of these, those that are transferred to the group already

	Moved         domain.Money // residuals that groups recorded
	MovedInFlight domain.Money // residuals that left a stay and are to be recorded
	Paid          domain.Money // for groups
}

// Summary adds the books up.
func (b *Books) Summary() Summary {
	s := Summary{Foreign: b.foreign}
	for _, stay := range b.stays {
		s.count(&stay.journal, &s.Stays)
		for _, t := range stay.transfers {
			if g, known := b.groups[t.group]; known && g.entries[stay.id].status == pending {
				s.InFlight++
				s.MovedInFlight = s.MovedInFlight.Plus(t.residual)
			}
		}
	}
	for _, g := range b.groups {
		s.count(&g.journal, &s.Groups)
		if g.confirmed() {
			s.Confirmed++
		}
		s.Merged += g.merged
		s.Failed += g.failed
		s.Pending += g.pending
		s.Moved = s.Moved.Plus(g.moved)
		s.Paid = s.Paid.Plus(g.paid)
	}
	return s
}

// count adds a stream, unless it was only looked for.
func (s *Summary) count(j *journal, streams *int) {
	if j.next > 0 {
		*streams++
	}
	s.Events += j.events
	s.Unknown += j.unknown
}

// Unfinished are the streams of the groups that have pending stays, in order.
func (b *Books) Unfinished() []es.StreamName {
	var streams []es.StreamName
	for _, g := range b.groups {
		if g.pending > 0 {
			streams = append(streams, g.stream)
		}
	}
	slices.SortFunc(streams, func(a, b es.StreamName) int { return strings.Compare(a.String(), b.String()) })
	return streams
}

// Passed notes that the checkpoint of a consumer group lies behind those events
// of a group's stream whose index is below a version. The checkpoint has to be
// older than what was read of the stream, so that nothing could be done between
// the two. Streams that are no group's are passed over.
func (b *Books) Passed(consumer string, stream es.StreamName, below es.Version) {
	g, ok := b.account(stream).(*group)
	if !ok {
		return
	}
	if g.consumed == nil {
		g.consumed = map[string]es.Version{}
	}
	g.consumed[consumer] = max(g.consumed[consumer], below)
}
