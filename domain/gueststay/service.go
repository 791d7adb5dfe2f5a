package gueststay

import (
	"context"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// Service carries out commands on stays. A refused command is an error from
// this package or from domain, found with errors.As or errors.Is, and writes
// nothing. Calls may overlap.
type Service struct{ stays *es.Category[State, Event] }

// NewService works on the stays of a store.
func NewService(store es.Store, options es.Options) *Service {
	return &Service{es.NewCategory(Category, Codec(), State{}, Fold, store, options).WithSnapshots(Snapshots())}
}

// Stream is the name of a stay's stream.
func (s *Service) Stream(id domain.StayID) es.StreamName { return s.decider(id).Stream() }

// CheckIn notes the guest's arrival.
func (s *Service) CheckIn(ctx context.Context, id domain.StayID, at domain.Moment) error {
	return s.decider(id).AtLeast(0).Transact(ctx, checkIn(at)) // most likely the first that is heard of the stay
}

// Charge adds to what the guest owes.
func (s *Service) Charge(ctx context.Context, id domain.StayID, charged domain.ChargeID, amount domain.Money, at domain.Moment) error {
	return s.decider(id).AtLeast(1).Transact(ctx, charge(charged, amount, at))
}

// Pay takes from what the guest owes.
func (s *Service) Pay(ctx context.Context, id domain.StayID, paid domain.PaymentID, amount domain.Money, at domain.Moment) error {
	return s.decider(id).AtLeast(1).Transact(ctx, pay(paid, amount, at))
}

// PayOut gives back what the guest has paid too much, in full or in part.
func (s *Service) PayOut(ctx context.Context, id domain.StayID, paid domain.PaymentID, amount domain.Money, at domain.Moment) error {
	return s.decider(id).AtLeast(1).Transact(ctx, payOut(paid, amount, at))
}

// CheckOut notes the guest's departure.
func (s *Service) CheckOut(ctx context.Context, id domain.StayID, at domain.Moment) error {
	return s.decider(id).AtLeast(1).Transact(ctx, checkOut(at))
}

// TransferToGroup hands the stay to a group, or refuses to. Whoever asks again for
// the same group gets the same answer. An error means that there was none.
func (s *Service) TransferToGroup(ctx context.Context, id domain.StayID, group domain.GroupID, at domain.Moment) (Answer, error) {
	answer, _, err := es.Decide(ctx, s.decider(id).AtLeast(1), transfer(group, at))
	return answer, err
}

// Read returns the state of a stay.
func (s *Service) Read(ctx context.Context, id domain.StayID) (State, error) {
	return s.decider(id).Query(ctx)
}

// Load reads several stays together, if the store can do that, for who uses them next.
func (s *Service) Load(ctx context.Context, ids []domain.StayID) {
	deciders := make([]es.Decider[State, Event], len(ids))
	for i, id := range ids {
		deciders[i] = s.decider(id)
	}
	s.stays.Load(ctx, deciders...)
}

func (s *Service) decider(id domain.StayID) es.Decider[State, Event] {
	decider, err := s.stays.Decider(id.N())
	if err != nil {
		panic(err) // 32 hex digits always name a stream
	}
	return decider
}
