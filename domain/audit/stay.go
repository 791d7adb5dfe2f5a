package audit

import (
	"slices"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
)

// stay is the account of a stay.
type stay struct {
	journal
	id        domain.StayID
	codec     *es.Codec[gueststay.Event]
	balance   domain.Money
	transfers []transfer // one at the most, if all is well
	known     bool       // whether anything is on record; that a group was refused is not
	refused   []domain.GroupID
}

// transfer is what a stay says of having been handed to a group.
type transfer struct {
	group    domain.GroupID
	residual domain.Money
	index    es.Version
}

func newStay(id domain.StayID, codec *es.Codec[gueststay.Event]) *stay {
	return &stay{journal: newJournal(stayStream(id)), id: id, codec: codec}
}

// post adds an event up.
func (s *stay) post(stored es.Event) {
	event, ok := decode(&s.journal, s.codec, stored)
	if !ok {
		return
	}
	if e, refused := event.(gueststay.TransferRefused); refused {
		s.refuse(e.GroupID, stored)
		return
	}
	s.known = true
	switch e := event.(type) {
	case gueststay.CheckedIn, gueststay.TransferRefused:
	case gueststay.Charged:
		s.book(stored, booking{"charge", uuid.UUID(e.ChargeID)})
		s.balance = s.balance.Plus(e.Amount)
	case gueststay.Paid:
		s.book(stored, booking{"payment", uuid.UUID(e.PaymentID)})
		s.payOut(stored, e.Amount, s.balance)
		s.balance = s.balance.Minus(e.Amount)
	case gueststay.CheckedOut:
		if s.closing == nil && !s.damaged && !s.balance.IsZero() {
			s.violate(Balance, at(s.stream, stored.Index), []domain.Money{s.balance}, "event %d of %s checks the guest out, but charges minus payments before it are %s",
				stored.Index, s.stream, s.balance)
		}
		s.close(stored)
	case gueststay.TransferredToGroup:
		if s.closing == nil && !s.damaged && !e.ResidualBalance.Equal(s.balance) {
			s.violate(Residual, at(s.stream, stored.Index), []domain.Money{e.ResidualBalance, s.balance},
				"event %d of %s moves a residual of %s to %s, but charges minus payments before it are %s",
				stored.Index, s.stream, e.ResidualBalance, groupStream(e.GroupID), s.balance)
		}
		s.transfers = append(s.transfers, transfer{e.GroupID, e.ResidualBalance, stored.Index})
		s.close(stored)
	}
}

// refuse notes that a group asked for a stay that was not on record.
func (s *stay) refuse(group domain.GroupID, stored es.Event) {
	if s.known && s.closing == nil && !s.damaged {
		s.violate(Refusal, at(s.stream, stored.Index), nil, "event %d of %s tells %s that the stay is not on record, but it was",
			stored.Index, s.stream, groupStream(group))
	}
	s.refused = append(s.refused, group)
}

// transferredTo tells whether the stay says that it was handed to a group.
func (s *stay) transferredTo(group domain.GroupID) bool {
	return slices.ContainsFunc(s.transfers, func(t transfer) bool { return t.group == group })
}

// left tells whether the guest has checked out.
func (s *stay) left() bool { return s.closing != nil && s.closing.kind == "CheckedOut" }
