package groupcheckout

import (
	"errors"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// Snapshots reads and writes the snapshots of group checkouts. They need another name when
// a state comes to hold more, or when Fold makes something else of the same events.
//
// A snapshot holds each stay once more, so it is as long as the events are, and spares
// little, where most of them are of many stays.
func Snapshots() *es.SnapshotCodec[State] {
	return es.SnapshotAs("Snapshotted.1", toSnapshot, fromSnapshot).If(func(s State, at es.Version) bool {
		return len(s.selected) <= mostStaysPerEvent*int(at)
	})
}

// mostStaysPerEvent is about how many stays cost as much to read as an event by itself.
const mostStaysPerEvent = 10

// snapshot is a state as it is stored. A selected stay without an outcome is pending.
type snapshot struct {
	Selected  domain.StayIDs    `json:"selected"` // in the order of selection
	Merged    []Residual        `json:"merged"`
	Failed    domain.StayIDs    `json:"failed"`
	Reasons   []Failure         `json:"reasons"` // of those of the failed stays that have one
	Payments  domain.PaymentIDs `json:"payments"`
	Balance   domain.Money      `json:"balance"`
	Confirmed bool              `json:"confirmed"`
}

func toSnapshot(s State) snapshot {
	kept := snapshot{
		Selected: s.selected, Balance: s.balance, Confirmed: s.confirmed, Payments: domain.SortedIDs(s.payments.All()),
	}
	for _, stay := range s.selected {
		switch o := s.outcome(stay); o.status {
		case Merged:
			kept.Merged = append(kept.Merged, Residual{stay, o.residual})
		case Failed:
			kept.Failed = append(kept.Failed, stay)
			if o.failure != (Failure{}) {
				kept.Reasons = append(kept.Reasons, o.failure)
			}
		case Pending, Unselected:
		}
	}
	return kept
}

func fromSnapshot(kept snapshot) (State, error) {
	s := State{selected: kept.Selected, balance: kept.Balance, confirmed: kept.Confirmed}
	outcomes := make(map[domain.StayID]outcome, len(kept.Selected))
	for _, stay := range kept.Selected {
		outcomes[stay] = outcome{status: Pending}
	}
	selected := len(outcomes)
	for _, r := range kept.Merged {
		outcomes[r.Stay] = outcome{status: Merged, residual: r.Residual}
	}
	for _, stay := range kept.Failed {
		outcomes[stay] = outcome{status: Failed}
	}
	for _, failure := range kept.Reasons {
		outcomes[failure.Stay] = outcome{status: Failed, failure: failure}
	}
	if selected != len(kept.Selected) || selected != len(outcomes) {
		return State{}, errors.New("a stay is selected twice, or has an outcome without being selected")
	}
	for _, stay := range kept.Selected {
		if outcomes[stay].status == Pending {
			s.pending = append(s.pending, stay)
		}
	}
	s.outcomes, s.payments = s.outcomes.With(outcomes), s.payments.With(kept.Payments.Set())
	return s, nil
}
