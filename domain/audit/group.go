package audit

import (
	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
)

// group is the account of a group checkout.
type group struct {
	journal
	id       domain.GroupID
	codec    *es.Codec[groupcheckout.Event]
	entries  map[domain.StayID]entry
	pending  int
	merged   int // residuals that were recorded, and what they come to
	moved    domain.Money
	failed   int
	paid     domain.Money
	consumed map[string]es.Version // below which a consumer group's checkpoint has passed the events
}

// entry is a stay on the list of a group.
type entry struct {
	status   status
	selected es.Version // the event that selected it; unselected if none did
	outcome  es.Version // the event that recorded the outcome, unless it is pending
	residual domain.Money
	failure  groupcheckout.Failure // zero if the record does not say why
}

const unselected es.Version = -1

// status is how far the merge of a stay is.
type status string

const (
	pending status = "pending"
	merged  status = "merged"
	failed  status = "failed"
)

func newGroup(id domain.GroupID, codec *es.Codec[groupcheckout.Event]) *group {
	return &group{journal: newJournal(groupStream(id)), id: id, codec: codec, entries: map[domain.StayID]entry{}}
}

// balance is what the group owes.
func (g *group) balance() domain.Money { return g.moved.Minus(g.paid) }

// confirmed tells whether the group checkout has ended.
func (g *group) confirmed() bool { return g.closing != nil }

// post adds an event up.
func (g *group) post(stored es.Event) {
	event, ok := decode(&g.journal, g.codec, stored)
	if !ok {
		return
	}
	switch e := event.(type) {
	case groupcheckout.StaysSelected:
		for _, id := range e.Stays {
			g.selectStay(id, stored)
		}
	case groupcheckout.StaysMerged:
		for _, r := range e.Residuals {
			g.merged++
			g.moved = g.moved.Plus(r.Residual)
			g.settle(r.Stay, entry{status: merged, outcome: stored.Index, residual: r.Residual})
		}
	case groupcheckout.MergesFailed:
		reasons := map[domain.StayID]groupcheckout.Failure{}
		for _, f := range e.Reasons {
			reasons[f.Stay] = f
		}
		for _, id := range e.Stays {
			g.failed++
			g.settle(id, entry{status: failed, outcome: stored.Index, failure: reasons[id]})
		}
	case groupcheckout.Paid:
		g.book(stored, booking{"payment", uuid.UUID(e.PaymentID)})
		g.payOut(stored, e.Amount, g.balance())
		g.paid = g.paid.Plus(e.Amount)
	case groupcheckout.Confirmed:
		g.confirm(stored)
	}
}

func (g *group) selectStay(id domain.StayID, stored es.Event) {
	before, known := g.entries[id]
	switch {
	case !known:
		g.entries[id] = entry{status: pending, selected: stored.Index}
		g.pending++
	case before.selected == unselected: // its outcome came first, which was noted
		before.selected = stored.Index
		g.entries[id] = before
	default:
		g.violate(Outcomes, at(g.stream, before.selected, stored.Index), nil, "event %d of %s selects %s again, which event %d had selected",
			stored.Index, g.stream, stayStream(id), before.selected)
	}
}

// settle notes the outcome of a stay. Of several the first counts, but a merge
// corrects a failure: it records a transfer that has happened.
func (g *group) settle(id domain.StayID, now entry) {
	before, known := g.entries[id]
	now.selected = before.selected
	switch {
	case !known:
		now.selected = unselected
		if !g.damaged {
			g.violate(Outcomes, at(g.stream, now.outcome), nil, "event %d of %s records that %s %s, but no event before it selects the stay",
				now.outcome, g.stream, stayStream(id), became(now.status))
		}
	case before.status == failed && now.status == merged:
		g.failed-- // another program has handed over what this group had given up
	case before.status != pending:
		g.violate(Outcomes, at(g.stream, before.outcome, now.outcome), nil, "event %d of %s records that %s %s, but event %d had recorded already that it %s",
			now.outcome, g.stream, stayStream(id), became(now.status), before.outcome, became(before.status))
		return
	default:
		g.pending--
	}
	g.entries[id] = now
}

func became(s status) string {
	if s == merged {
		return "was merged"
	}
	return "failed"
}

func (g *group) confirm(stored es.Event) {
	if g.confirmed() || g.damaged {
		g.close(stored)
		return
	}
	if g.pending > 0 {
		g.violate(Outcomes, at(g.stream, stored.Index), nil, "event %d of %s confirms the group, but stays of it are still pending: %d",
			stored.Index, g.stream, g.pending)
	}
	if balance := g.balance(); !balance.IsZero() {
		g.violate(Balance, at(g.stream, stored.Index), []domain.Money{balance}, "event %d of %s confirms the group, but residuals minus payments before it are %s",
			stored.Index, g.stream, balance)
	}
	g.close(stored)
}
