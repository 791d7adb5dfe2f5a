package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.com/groupcheckout/es"
)

// doubt is what a conclusion is about, however often it is drawn.
type doubt struct {
	rule   Rule
	stream es.StreamName
	about  string
}

// Settle reads from the leader what could disprove the violations of the books,
// so that those which remain are true although others write meanwhile: see the
// package's comment. It reads nothing if there is no violation.
//
// Where the books have a gap the stream is read from its start. If it has no
// gap there, it was the feed that passed over events, which is another
// violation.
func (b *Books) Settle(ctx context.Context, reader es.Reader) error {
	looked := map[doubt]struct{}{}
	for {
		again, gaps := b.doubtful(looked)
		if len(again)+len(gaps) == 0 {
			return nil
		}
		for _, stream := range gaps {
			if err := b.reopen(ctx, reader, stream); err != nil {
				return err
			}
		}
		for _, stream := range again {
			if err := b.Load(ctx, reader, stream); err != nil {
				return err
			}
		}
	}
}

// doubtful lists the streams to look at, in an order that does not vary. What
// is seen for the first time in a round was known before the reads of that
// round, so one look at the stream settles it.
func (b *Books) doubtful(looked map[doubt]struct{}) (again, gaps []es.StreamName) {
	for c := range b.conclusions {
		d := doubt{c.Rule, c.Places[0].Stream, c.about}
		if _, done := looked[d]; done || c.lacks.IsZero() {
			continue
		}
		looked[d] = struct{}{}
		if c.Rule == Positions {
			gaps = append(gaps, c.lacks)
		} else {
			again = append(again, c.lacks)
		}
	}
	return distinct(again), distinct(gaps)
}

func distinct(streams []es.StreamName) []es.StreamName {
	slices.SortFunc(streams, func(a, b es.StreamName) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(streams)
}

// reopen replaces an account that has a gap by one that is read from the leader,
// unless there is less to be read.
func (b *Books) reopen(ctx context.Context, reader es.Reader, stream es.StreamName) error {
	read := NewBooks()
	if err := read.Load(ctx, reader, stream); err != nil {
		return err
	}
	var before, now *journal
	switch fresh := read.account(stream).(type) {
	case *stay:
		before, now = b.stays[fresh.id].common(), fresh.common()
		if now.next >= before.next {
			b.stays[fresh.id] = fresh
		}
	case *group:
		before, now = b.groups[fresh.id].common(), fresh.common()
		if now.next >= before.next {
			fresh.consumed = b.groups[fresh.id].consumed
			b.groups[fresh.id] = fresh
		}
	}
	if _, gap := now.gap(); !gap && now.next >= before.next {
		events, _ := before.gap()
		sentence := fmt.Sprintf("the feed passed over %s of %s, and so did whoever follows it", events, stream)
		b.found = append(b.found, Violation{Feed, []Place{at(stream, before.missing)}, nil, sentence})
	}
	return nil
}
