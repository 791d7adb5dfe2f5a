package steps

import (
	"context"
	"fmt"

	"example.com/groupcheckout/internal/plural"

	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
)

// tours is about groups of so many stays that nobody lists them.
func tours(r *gherkin.Registrar, d *desk) {
	r.Given("a coach tour of {count} stays with a charge of {money} each", d.coachTour)
	r.When("the clerk selects the whole coach tour for {group}", d.selectTour)
	r.Then("all {count} stays of the coach tour are merged into {group}", d.tourMerged)
	r.Then("{count} event(s) of {group} is/are stored", d.storedEvents)
}

// clerks is how many clerks check in a coach tour side by side.
const clerks = 16

// tourStay is what a scenario calls a stay of the coach tour.
func tourStay(i int) stay { return stay(fmt.Sprintf("%d of the coach tour", i+1)) }

func (d *desk) coachTour(ctx context.Context, stays count, charge domain.Money) error {
	at := d.moment()
	d.tour = make([]domain.StayID, stays)
	checkIns, ctx := errgroup.WithContext(ctx)
	checkIns.SetLimit(clerks)
	for i := range d.tour {
		d.tour[i] = newStay()
		d.world.Name(d.stayService().Stream(d.tour[i]), tourStay(i).String())
		checkIns.Go(func() error {
			if err := d.stayService().CheckIn(ctx, d.tour[i], at); err != nil {
				return err
			}
			return d.stayService().Charge(ctx, d.tour[i], newCharge(), charge, at)
		})
	}
	return checkIns.Wait()
}

func (d *desk) selectTour(ctx context.Context, g group) error {
	tour, err := d.knownTour()
	if err != nil {
		return err
	}
	return d.groupService().Select(ctx, d.groupID(g), tour, d.moment())
}

func (d *desk) tourMerged(ctx context.Context, want count, g group) error {
	tour, err := d.knownTour()
	if err != nil {
		return err
	}
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		merged := 0
		for _, id := range tour {
			if state.Status(id) == groupcheckout.Merged {
				merged++
			}
		}
		return unless(merged == int(want), "got %s of the coach tour merged into %s, want %d", plural.Of(merged, "stay"), g, want)
	})
}

// storedEvents compares the number of events of a group.
func (d *desk) storedEvents(ctx context.Context, want count, g group) error {
	id, err := d.knownGroup(g)
	if err != nil {
		return err
	}
	return d.world.Eventually(ctx, func(ctx context.Context) error {
		_, version, err := d.groupService().ReadVersion(ctx, id)
		excused := es.Version(d.world.Excused(d.stream(g)))
		if err == nil && (version < es.Version(want) || version-excused > es.Version(want)) {
			err = fmt.Errorf("got %d stored events of %s, %d of which may be owed to injected faults, want %d", version, g, excused, want)
		}
		return err
	})
}
