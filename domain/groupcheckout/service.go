package groupcheckout

import (
	"context"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// Service carries out commands on group checkouts. A refused command is an
// error from this package or from domain, found with errors.As or errors.Is,
// and writes nothing. Calls may overlap.
type Service struct{ groups *es.Category[State, Event] }

// NewService works on the group checkouts of a store.
func NewService(store es.Store, options es.Options) *Service {
	return &Service{es.NewCategory(Category, Codec(), State{}, Fold, store, options).WithSnapshots(Snapshots())}
}

// IDOf is the id of the group that a stream belongs to. It returns a
// [*domain.IDError] if the stream is no group's.
func IDOf(stream es.StreamName) (domain.GroupID, error) {
	var id domain.GroupID
	if stream.Category() != Category {
		return id, &domain.IDError{Value: stream.String(), Form: Category + "-0f8fad5bd9cb469fa16570867728950e"}
	}
	err := id.UnmarshalN(stream.ID())
	return id, err
}

// Stream is the name of a group's stream.
func (s *Service) Stream(id domain.GroupID) es.StreamName { return s.decider(id).Stream() }

// Select puts stays on the group's list. The reactor merges them.
func (s *Service) Select(ctx context.Context, id domain.GroupID, stays []domain.StayID, at domain.Moment) error {
	return s.decider(id).AtLeast(0).Transact(ctx, selectStays(stays, at))
}

// Record notes outcomes of pending stays, in one append, and returns the
// group's next step and its version after that.
func (s *Service) Record(ctx context.Context, id domain.GroupID, outcomes Outcomes) (Step, es.Version, error) {
	state, version, err := s.decider(id).AtLeast(1).TransactState(ctx, recordOutcomes(outcomes))
	if err != nil {
		return nil, version, err
	}
	return Next(state), version, nil
}

// Pay takes from what the group owes.
func (s *Service) Pay(ctx context.Context, id domain.GroupID, paid domain.PaymentID, amount domain.Money, at domain.Moment) error {
	return s.decider(id).AtLeast(1).Transact(ctx, pay(paid, amount, at))
}

// PayOut gives back what was paid too much for the group, in full or in part.
func (s *Service) PayOut(ctx context.Context, id domain.GroupID, paid domain.PaymentID, amount domain.Money, at domain.Moment) error {
	return s.decider(id).AtLeast(1).Transact(ctx, payOut(paid, amount, at))
}

// Confirm ends the group checkout.
func (s *Service) Confirm(ctx context.Context, id domain.GroupID, at domain.Moment) error {
	return s.decider(id).AtLeast(1).Transact(ctx, confirm(at))
}

// Read returns the state of a group.
func (s *Service) Read(ctx context.Context, id domain.GroupID) (State, error) {
	return s.decider(id).Query(ctx)
}

// ReadVersion returns the state of a group and the version that it stands for.
func (s *Service) ReadVersion(ctx context.Context, id domain.GroupID) (State, es.Version, error) {
	return s.decider(id).QueryVersion(ctx)
}

// ReadAtLeast returns the state of a group and the version that it stands for.
// It does not read if the state at hand stands for the given version or a later
// one; otherwise it reads once, from a replica, and what it finds may be older.
func (s *Service) ReadAtLeast(ctx context.Context, id domain.GroupID, version es.Version) (State, es.Version, error) {
	return s.decider(id).AtLeast(version).QueryVersion(ctx)
}

// Extend brings the state at hand of a group up to date by events of its stream that a
// feed has delivered, as far as they follow it without a gap.
func (s *Service) Extend(id domain.GroupID, events []es.Event) { s.decider(id).Extend(events) }

func (s *Service) decider(id domain.GroupID) es.Decider[State, Event] {
	decider, err := s.groups.Decider(id.N())
	if err != nil {
		panic(err) // 32 hex digits always name a stream
	}
	return decider
}
