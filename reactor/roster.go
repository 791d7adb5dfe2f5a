package reactor

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/reactor/feed"
)

// SlotOf is the slot that a stream belongs to, from 0 to slots-1: the FNV-1a hash, of 64
// bits, of its name, divided by the number of slots, what remains. It will stay as it is,
// since checkpoints rest on it.
func SlotOf(stream es.StreamName, slots int) int {
	if slots <= 1 {
		return 0
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(stream.String())) // it never fails
	return int(hash.Sum64() % uint64(slots))   //nolint:gosec // below slots
}

// SlotGroup is the name under which the checkpoints of a slot are kept. With one slot
// that is the consumer group's own, as without slots.
func SlotGroup(group string, slot, slots int) string {
	if slots <= 1 {
		return group
	}
	return fmt.Sprintf("%s~%dof%d", group, slot, slots)
}

// SlotsError says that a consumer group has another number of slots.
type SlotsError struct {
	Group         string
	Stored, Asked int
}

func (e *SlotsError) Error() string {
	return fmt.Sprintf("consumer group %q has %s, and this process was started with %d: all processes of a group need the same number. "+
		"Start it with %d, or stop them all and change the number with reactor slots -g %s --change-to %d", e.Group, plural.Of(e.Stored, "slot"), e.Asked, e.Stored, e.Group, e.Asked)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*SlotsError) NeedsPerson() bool { return true }

// seat is the place of one process among those that share the slots of a group: what it
// knows of the roster, and what it makes of that. It has no clock and no store: each
// time is given, of the process's own clock, and the caller reads and writes.
//
// Nobody compares clocks. Each member counts its signs of life, and each of the others
// takes note, by its own clock, for how long it has watched and the count was the same.
// It writes that into the roster, so that another, or the same after a restart, goes on
// from there. What is noted is never more than what has passed since the sign was
// written; and a member counts its lease from before it wrote. So it knows that the
// lease is over no later than anyone else. There is no wait for a member of which the
// system says that its process has ended, as it can on the same machine.
type seat struct {
	name    string
	slots   int
	lease   time.Duration
	process string                    // which process we are, "" if that cannot be told
	ended   func(process string) bool // whether another one is certain to have ended
	leaving bool                      // we are about to stop

	roster  feed.Roster // as it was seen last
	watched map[string]sighting
	until   time.Time // when our own lease is over; zero if we have none
	pending sign      // what we wrote and may not know the outcome of
}

// sighting is what was seen of another member.
type sighting struct {
	beat   int64
	silent time.Duration // for so long, at least, nothing had come when it was seen
	at     time.Time
}

// sign is a sign of life of our own.
type sign struct {
	beat int64
	sent time.Time
}

func newSeat(name string, slots int, lease time.Duration) *seat {
	return &seat{
		name: name, slots: slots, lease: lease, watched: map[string]sighting{},
		process: thisProcess(), ended: processEnded,
	}
}

// see takes in the roster as it was read or written. One that is older than what was
// seen before says nothing.
func (s *seat) see(r feed.Roster, now time.Time) error {
	if r.Version < s.roster.Version {
		return nil
	}
	switch len(r.Slots) {
	case s.slots:
	case 0:
		r.Slots = make([]feed.Slot, s.slots)
	default:
		return &SlotsError{r.Group, len(r.Slots), s.slots}
	}
	first := s.roster.Version == 0
	watched := map[string]sighting{}
	for _, m := range r.Members {
		if m.Name == s.name {
			if m.Beat == s.pending.beat && !s.pending.sent.IsZero() {
				s.until = s.pending.sent.Add(s.lease)
			}
			continue
		}
		silent := time.Duration(m.Silent) * time.Millisecond
		if first {
			silent += r.Unwritten // nothing else has been seen yet
		}
		if before, ok := s.watched[m.Name]; ok && before.beat == m.Beat {
			silent = max(silent, before.silent+now.Sub(before.at))
		}
		if lease := time.Duration(m.Lease) * time.Millisecond; silent < lease && s.ended(m.Process) {
			silent = lease // nothing will come any more
		}
		watched[m.Name] = sighting{m.Beat, silent, now}
	}
	s.roster, s.watched = r, watched
	return nil
}

// setBack is for a store that has gone back to an earlier roster. Nothing is held before the
// next sign of life is in it.
func (s *seat) setBack() {
	s.roster, s.until, s.pending.sent = feed.Roster{}, time.Time{}, time.Time{}
}

// silence is for how long nothing has come from another member.
func (s *seat) silence(name string, now time.Time) time.Duration {
	w := s.watched[name]
	return w.silent + now.Sub(w.at)
}

// alive tells whether a member still has what it held.
func (s *seat) alive(m feed.Member, now time.Time) bool {
	if m.Name == s.name {
		return now.Before(s.until)
	}
	return s.silence(m.Name, now) < time.Duration(m.Lease)*time.Millisecond
}

// held are the slots that are our own, with their tokens.
func (s *seat) held(now time.Time) map[int]int64 {
	held := map[int]int64{}
	for i, slot := range s.roster.Slots {
		if slot.Holder == s.name && now.Before(s.until) {
			held[i] = slot.Token
		}
	}
	return held
}

// holder is who holds a slot, or "".
func (s *seat) holder(slot int, now time.Time) string {
	if name := s.roster.Slots[slot].Holder; name != "" {
		for _, m := range s.roster.Members {
			if m.Name == name && s.alive(m, now) {
				return name
			}
		}
	}
	return ""
}

// shares is how many slots each of the living members holds, with our own. Those that are
// about to stop have no share.
func (s *seat) shares(now time.Time) map[string]int {
	shares := map[string]int{}
	if !s.leaving {
		shares[s.name] = 0
	}
	for _, m := range s.roster.Members {
		if m.Name != s.name && !m.Leaving && s.alive(m, now) {
			shares[m.Name] = 0
		}
	}
	for i := range s.roster.Slots {
		if name := s.holder(i, now); name != "" {
			if _, counts := shares[name]; counts {
				shares[name]++
			}
		}
	}
	return shares
}

// fair is how many slots a member has if all have as many as can be, and how many
// members have one more.
func (s *seat) fair(shares map[string]int) (each, oneMore int) {
	return s.slots / len(shares), s.slots % len(shares)
}

// wants tells whether we are to take another slot.
func (s *seat) wants(shares map[string]int) bool {
	if s.leaving {
		return false
	}
	each, oneMore := s.fair(shares)
	mine := shares[s.name]
	if mine != each {
		return mine < each
	}
	for name, n := range shares {
		if n > each && name != s.name {
			oneMore--
		}
	}
	return oneMore > 0
}

// excess are the slots that we are to hand over, as others have fewer than is fair; all
// of them if we are about to stop and somebody is there to take them.
func (s *seat) excess(now time.Time) (slots []int) {
	shares := s.shares(now)
	switch {
	case s.leaving && len(shares) > 0:
		return slices.Sorted(maps.Keys(s.held(now)))
	case s.leaving:
		return nil
	}
	each, oneMore := s.fair(shares)
	var larger []string // those that have more than each
	for name, n := range shares {
		if n > each {
			larger = append(larger, name)
		}
	}
	slices.Sort(larger)
	keep := each
	if slices.Index(larger, s.name) < oneMore {
		keep++
	}
	for i := range slices.Backward(s.roster.Slots) {
		if s.holder(i, now) == s.name && shares[s.name] > keep {
			slots = append(slots, i)
			shares[s.name]--
		}
	}
	return slots
}

// next is the roster that we are to write: with a sign of life, without those that are
// gone, without us as holder of what we give, and with us as holder of what is free and
// is fair to take.
func (s *seat) next(now time.Time, give []int) feed.Roster {
	next := s.roster
	next.Version++
	next.Unwritten = 0
	next.Slots = slices.Clone(s.roster.Slots)
	shares := s.shares(now)
	for i := range next.Slots {
		switch holder := s.holder(i, now); {
		case holder == "", holder == s.name && slices.Contains(give, i):
			next.Slots[i].Holder = ""
			if _, counts := shares[holder]; counts {
				shares[holder]--
			}
		}
	}
	for i, slot := range next.Slots {
		if slot.Holder == "" && !slices.Contains(give, i) && s.wants(shares) {
			next.Slots[i] = feed.Slot{Holder: s.name, Token: slot.Token + 1}
			shares[s.name]++
		}
	}
	mine := feed.Member{Name: s.name, Beat: 1, Lease: s.lease.Milliseconds(), Process: s.process, Leaving: s.leaving}
	next.Members = nil
	for _, m := range s.roster.Members {
		switch {
		case m.Name == s.name:
			mine.Beat = m.Beat + 1
		case s.alive(m, now):
			m.Silent = s.silence(m.Name, now).Milliseconds()
			next.Members = append(next.Members, m)
		}
	}
	mine.Beat = max(mine.Beat, s.pending.beat+1)
	next.Members = append(next.Members, mine)
	slices.SortFunc(next.Members, func(a, b feed.Member) int { return strings.Compare(a.Name, b.Name) })
	s.pending = sign{mine.Beat, now}
	return next
}

// leave is the roster without us.
func (s *seat) leave() feed.Roster {
	next := s.roster
	next.Version++
	next.Unwritten = 0
	next.Slots = slices.Clone(next.Slots)
	for i, slot := range next.Slots {
		if slot.Holder == s.name {
			next.Slots[i].Holder = ""
		}
	}
	next.Members = slices.DeleteFunc(slices.Clone(next.Members), func(m feed.Member) bool { return m.Name == s.name })
	return next
}

// in tells whether the roster still knows us.
func (s *seat) in() bool {
	return slices.ContainsFunc(s.roster.Members, func(m feed.Member) bool { return m.Name == s.name })
}
