package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
)

// desk is one scenario's front desk. It is the clerk's memory: what the names
// stand for, what time it is, and what came of the last attempt.
//
// Steps run one after another; only ids are also asked for by clerks who work
// at the same moment.
type desk struct {
	world World

	services func() services // of the hotel, on the world's store

	mu     sync.Mutex
	stays  map[stay]domain.StayID
	groups map[group]domain.GroupID
	tour   []domain.StayID

	now time.Time // moves on by a minute with every command

	charge  func(context.Context) error // enters the last charge once more
	payment func(context.Context) error // enters the last payment once more
	payOut  func(context.Context) error // enters the last pay-out once more

	attempt *attempt      // that no step has checked yet
	counted domain.Money  // the charge that raced with a selection; 0 if it was refused
	reactor reactorStatus // as far as this scenario had a hand in it
}

// services are what the clerks work with.
type services struct {
	stays  *gueststay.Service
	groups *groupcheckout.Service
}

// attempt is a command that a scenario expects to be refused.
type attempt struct{ refusal error }

// reactorStatus is what a scenario has done to its reactor.
type reactorStatus int

const (
	working reactorStatus = iota
	down
)

// opens is when a desk begins to work.
const opens = 9 * time.Hour

func newDesk(world World) *desk {
	return &desk{
		world: world,
		// The godog command binds steps before a scenario has its world.
		services: sync.OnceValue(func() services {
			store, options := fair{world.Store()}, world.Options()
			return services{gueststay.NewService(store, options), groupcheckout.NewService(store, options)}
		}),
		stays:  map[stay]domain.StayID{},
		groups: map[group]domain.GroupID{},
		now:    today().Add(opens),
	}
}

func (d *desk) stayService() *gueststay.Service      { return d.services().stays }
func (d *desk) groupService() *groupcheckout.Service { return d.services().groups }

// idOf is the id behind the number of a stay, which is mentioned with that: one
// that was not spoken of before gets an id of which nothing is known. It is for
// what brings something about; checks ask for those that are known.
func (d *desk) idOf(s stay) domain.StayID {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.stays[s]; !known {
		id := newStay()
		d.stays[s] = id
		d.world.Name(d.stayService().Stream(id), s.String())
	}
	return d.stays[s]
}

func (d *desk) idsOf(stays []stay) []domain.StayID {
	ids := make([]domain.StayID, len(stays))
	for i, s := range stays {
		ids[i] = d.idOf(s)
	}
	return ids
}

// groupID is the id behind the name of a group, which is mentioned with that.
func (d *desk) groupID(g group) domain.GroupID {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.groups[g]; !known {
		id := domain.GroupID(uuid.New())
		d.groups[g] = id
		d.world.Name(d.groupService().Stream(id), g.String())
	}
	return d.groups[g]
}

// stayOf is what the scenario calls the stay with an id.
func (d *desk) stayOf(id domain.StayID) stay {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, known := range d.stays {
		if known == id {
			return name
		}
	}
	if i := slices.Index(d.tour, id); i >= 0 {
		return tourStay(i)
	}
	return stay(id.String())
}

// nameOf is stayOf as a text.
func (d *desk) nameOf(id domain.StayID) string { return d.stayOf(id).String() }

// nameOfGroup is the name that the scenario has for a group.
func (d *desk) nameOfGroup(id domain.GroupID) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, known := range d.groups {
		if known == id {
			return name.String()
		}
	}
	return "the group with the id " + id.String()
}

// maxNamed is how many stays a message names: a coach tour has a thousand.
const maxNamed = 10

func (d *desk) namesOf(ids []domain.StayID) string {
	if len(ids) == 0 {
		return "no stay"
	}
	var names []string
	for i, id := range ids {
		if i == maxNamed {
			names = append(names, fmt.Sprintf("and %d more", len(ids)-maxNamed))
			break
		}
		names = append(names, d.nameOf(id))
	}
	return strings.Join(names, ", ")
}

// moment is the time of the next command.
func (d *desk) moment() domain.Moment {
	d.now = d.now.Add(time.Minute)
	return domain.MomentOf(d.now)
}

// try keeps the outcome of a command for a step that checks it. Only a refusal
// is an outcome: an error from beneath the domain fails the step.
func (d *desk) try(err error) error {
	if earlier := d.checkedEverything(); earlier != nil {
		return earlier
	}
	if err != nil && !isRefusal(err) {
		return err
	}
	d.attempt = &attempt{refusal: err}
	return nil
}

// try1 and try2 make an attempt of a command.
func try1[A any](d *desk, command func(context.Context, A) error) func(context.Context, A) error {
	return func(ctx context.Context, a A) error { return d.try(command(ctx, a)) }
}

func try2[A, B any](d *desk, command func(context.Context, A, B) error) func(context.Context, A, B) error {
	return func(ctx context.Context, a A, b B) error { return d.try(command(ctx, a, b)) }
}

// unless is an error if something does not hold.
func unless(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// refused hands over what came of the last attempt, which is checked with that.
func (d *desk) refused() (error, error) {
	if d.attempt == nil {
		return nil, errors.New("got no attempt that was not checked already, want one that was refused: write “tries to” in the step before")
	}
	refusal := d.attempt.refusal
	d.attempt = nil
	if refusal == nil {
		return nil, errors.New("got a command that was carried out, want it refused")
	}
	return refusal, nil
}

// checkedEverything returns an error if the last attempt was not checked.
func (d *desk) checkedEverything() error {
	switch {
	case d.attempt == nil:
		return nil
	case d.attempt.refusal == nil:
		return errors.New("a command that the clerk tried was carried out, and no step checked that")
	}
	return fmt.Errorf("no step checked the refusal of what the clerk tried: %w", d.attempt.refusal)
}

func (d *desk) stream(g group) es.StreamName { return d.groupService().Stream(d.groupID(g)) }

// newStay, newCharge and newPayment identify something that is not on record.
func newStay() domain.StayID       { return domain.StayID(uuid.New()) }
func newCharge() domain.ChargeID   { return domain.ChargeID(uuid.New()) }
func newPayment() domain.PaymentID { return domain.PaymentID(uuid.New()) }
