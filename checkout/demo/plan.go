package demo

import (
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
)

// kind is what a stay has gone through before its group checks out.
type kind int

const (
	owing      kind = iota // charged, and not or only partly paid
	settled                // charged and paid in full, but not checked out
	checkedOut             // paid and checked out: it cannot be merged
	unknown                // never checked in: it cannot be merged
)

// stay is the plan for one stay.
type stay struct {
	id      domain.StayID
	kind    kind
	charges []domain.Money
	paid    domain.Money // by the guest, before the group checks out
}

// balance is what the stay owes when its group checks out.
func (s stay) balance() domain.Money {
	balance := domain.Money{}
	for _, amount := range s.charges {
		balance = balance.Plus(amount)
	}
	return balance.Minus(s.paid)
}

// mergeable tells whether the first group that asks gets the stay.
func (s stay) mergeable() bool { return s.kind == owing || s.kind == settled }

// group is the plan for one group checkout.
type group struct {
	id         domain.GroupID
	selections [][]domain.StayID // selected one after the other
}

// plan is everything that the clerks are going to do.
type plan struct {
	stays  []stay
	groups []group
}

// oneIn tells how rare something is among the stays of a plan.
const (
	oneInContested  = 12
	oneInCheckedOut = 15
	oneInUnknown    = 20
	oneInSettled    = 15
)

// newPlan draws a plan. All that matters comes from the seed; ids do not.
func newPlan(config Config) plan {
	random := rand.New(rand.NewPCG(config.Seed, 0x686f74656c)) //nolint:gosec // repeatable is what it has to be
	var p plan
	var before []stay // the mergeable stays of the group before
	for range config.Groups {
		var selected []domain.StayID
		var own []stay
		for range config.Stays {
			// Both are drawn in any case, so that one does not shift the other.
			contested, s := random.IntN(oneInContested) == 0, drawStay(random)
			if contested && len(before) > 0 {
				other := before[random.IntN(len(before))].id
				if !slices.Contains(selected, other) {
					selected = append(selected, other)
					continue
				}
			}
			if s.mergeable() {
				own = append(own, s)
			}
			p.stays = append(p.stays, s)
			selected = append(selected, s.id)
		}
		g := group{id: domain.GroupID(uuid.New()), selections: [][]domain.StayID{selected}}
		if cut := random.IntN(2 * len(selected)); cut > 0 && cut < len(selected) {
			g.selections = [][]domain.StayID{selected[:cut], selected[cut:]}
		}
		p.groups = append(p.groups, g)
		before = own
	}
	return p
}

func drawStay(random *rand.Rand) stay {
	s := stay{id: domain.StayID(uuid.New())}
	switch {
	case random.IntN(oneInUnknown) == 0:
		s.kind = unknown
		return s
	case random.IntN(oneInCheckedOut) == 0:
		s.kind = checkedOut
	case random.IntN(oneInSettled) == 0:
		s.kind = settled
	}
	for range 1 + random.IntN(3) {
		s.charges = append(s.charges, drawAmount(random, 2_00, 400_00))
	}
	switch {
	case s.kind != owing:
		s.paid = s.balance()
	case random.IntN(4) == 0:
		s.paid = drawAmount(random, 50, 2_00) // less than any charge
	}
	return s
}

// drawAmount is an amount in cents, from one and below another.
func drawAmount(random *rand.Rand, from, below int) domain.Money {
	return domain.MoneyOfCents(int64(from + random.IntN(below-from)))
}

// expected is what has to come out of a plan, whoever wins a contested stay.
type expected struct {
	merged int
	failed map[domain.WhyNot]int
	moved  domain.Money
}

func (p plan) expected() expected {
	e := expected{failed: map[domain.WhyNot]int{}}
	contenders := map[domain.StayID]int{}
	for _, g := range p.groups {
		for _, selection := range g.selections {
			for _, id := range selection {
				contenders[id]++
			}
		}
	}
	for _, s := range p.stays {
		switch s.kind {
		case owing, settled:
			e.merged++
			e.moved = e.moved.Plus(s.balance())
			if losers := contenders[s.id] - 1; losers > 0 {
				e.failed[domain.OtherGroup] += losers
			}
		case checkedOut:
			e.failed[domain.CheckedOut]++
		case unknown:
			e.failed[domain.NotOnRecord]++
		}
	}
	return e
}
