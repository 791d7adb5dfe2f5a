package audit

import (
	"context"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
)

// Books are the accounts of all stays and groups that were fed so far. They
// keep a state for each stream, and no events. Make them with [NewBooks]. They
// are for one goroutine at a time.
type Books struct {
	stayCodec  *es.Codec[gueststay.Event]
	groupCodec *es.Codec[groupcheckout.Event]
	stays      map[domain.StayID]*stay
	groups     map[domain.GroupID]*group
	found      []Violation // of the feed
	foreign    int
}

// NewBooks returns empty books.
func NewBooks() *Books {
	return &Books{
		stayCodec:  gueststay.Codec(),
		groupCodec: groupcheckout.Codec(),
		stays:      map[domain.StayID]*stay{},
		groups:     map[domain.GroupID]*group{},
	}
}

// account is one stream in the books.
type account interface {
	common() *journal
	post(e es.Event)
}

// Add enters an event. An event that was entered before changes nothing, so a
// feed may deliver it again. Streams that are no stay's and no group's are
// counted and passed over.
func (b *Books) Add(stream es.StreamName, event es.Event) {
	if a := b.account(stream); a == nil {
		b.foreign++
	} else if a.common().enter(event) {
		a.post(event)
	}
}

// Load enters what a stream has beyond what was entered before, read from the
// leader. A stream that is no stay's and no group's is counted, and not read.
// The error is the reader's, which names the stream.
func (b *Books) Load(ctx context.Context, reader es.Reader, stream es.StreamName) error {
	a := b.account(stream)
	if a == nil {
		b.foreign++
		return nil
	}
	events, err := reader.Read(ctx, stream, a.common().next, es.FromLeader)
	if err != nil {
		return err
	}
	for _, e := range events {
		b.Add(stream, e)
	}
	return nil
}

// Version is behind the last event of a stream that was entered.
func (b *Books) Version(stream es.StreamName) es.Version {
	if a := b.account(stream); a != nil {
		return a.common().next
	}
	return 0
}

// account finds or opens the account of a stream. It is nil for a stream that
// belongs to no stay and no group.
func (b *Books) account(stream es.StreamName) account {
	switch stream.Category() {
	case gueststay.Category:
		var id domain.StayID
		if id.UnmarshalN(stream.ID()) == nil {
			return b.stay(id)
		}
	case groupcheckout.Category:
		var id domain.GroupID
		if id.UnmarshalN(stream.ID()) == nil {
			return b.group(id)
		}
	}
	return nil
}

func (b *Books) stay(id domain.StayID) *stay {
	s, known := b.stays[id]
	if !known {
		s = newStay(id, b.stayCodec)
		b.stays[id] = s
	}
	return s
}

func (b *Books) group(id domain.GroupID) *group {
	g, known := b.groups[id]
	if !known {
		g = newGroup(id, b.groupCodec)
		b.groups[id] = g
	}
	return g
}

// accounts are those of all streams, in no order.
func (b *Books) accounts(yield func(account) bool) {
	for _, s := range b.stays {
		if !yield(s) {
			return
		}
	}
	for _, g := range b.groups {
		if !yield(g) {
			return
		}
	}
}

// Violations is everything that is wrong with the books as they are, ordered by
// stream and event. See [Books.Settle] for books that are written to meanwhile.
func (b *Books) Violations() []Violation {
	all := append([]Violation(nil), b.found...)
	for a := range b.accounts {
		all = append(all, a.common().found...)
	}
	for c := range b.conclusions {
		all = append(all, c.Violation)
	}
	inOrder(all)
	return all
}

// streamOf is the name of the stream of an id.
func streamOf(category, n string) es.StreamName {
	name, err := es.NewStreamName(category, n)
	if err != nil {
		panic(err) // 32 hex digits always name a stream
	}
	return name
}

func stayStream(id domain.StayID) es.StreamName { return streamOf(gueststay.Category, id.N()) }

func groupStream(id domain.GroupID) es.StreamName { return streamOf(groupcheckout.Category, id.N()) }
