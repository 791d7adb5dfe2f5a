package parcels_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/examples/parcels"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
)

// truck is the name that a scenario gives to a truck.
type truck string

// crew works in the sorting centre of one scenario.
type crew struct {
	world  *harness.World
	centre string // unique, since scenarios share a store
	trucks []string
}

// define registers the steps of one scenario.
func define(r *gherkin.Registrar, world *harness.World) {
	c := &crew{world: world, centre: uuid.NewString()}
	gherkin.Parameter(r, "truck", `truck (\w+)`, func(groups []string) (truck, error) { return truck(groups[0]), nil })
	gherkin.Parameter(r, "parcels", `no parcel|parcels? (\w+(?:, \w+)*(?: and \w+)?)`, func(groups []string) ([]string, error) {
		return strings.Fields(strings.NewReplacer(",", " ", " and ", " ").Replace(groups[0])), nil
	})
	r.Given("the sorter is stopped", c.world.StopReactor)
	r.When("the sorter starts again", c.world.StartReactor)
	r.When("{truck} is unloaded:", c.unload)
	r.Then("{parcels} of {truck} went down the chute(s)", c.dropped)
	r.Then("{parcels} of {truck} is/are set aside", c.setAside)
	r.Then("{truck} is released", c.leaves(true))
	r.Then("{truck} has to wait", c.leaves(false))
}

func (c *crew) truck(t truck) (es.Decider[parcels.Truck, parcels.TruckEvent], error) {
	return parcels.New(c.world.Store(), c.world.Options()).Truck(c.centre, string(t))
}

func (c *crew) unload(ctx context.Context, t truck, table gherkin.Table) error {
	c.trucks = append(c.trucks, string(t))
	list, err := gherkin.Rows[parcels.Parcel](table)
	if err != nil {
		return err
	}
	decider, err := c.truck(t)
	if err != nil {
		return err
	}
	return decider.Transact(ctx, parcels.Unload(list))
}

func (c *crew) dropped(ctx context.Context, want []string, t truck) error {
	return c.compare(ctx, t, want, func(s parcels.Truck) any { return s.Dropped })
}

func (c *crew) setAside(ctx context.Context, want []string, t truck) error {
	return c.compare(ctx, t, want, func(s parcels.Truck) any { return s.SetAside })
}

func (c *crew) leaves(want bool) func(context.Context, truck) error {
	return func(ctx context.Context, t truck) error {
		return c.compare(ctx, t, want, func(s parcels.Truck) any { return s.Released })
	}
}

// compare looks at a truck once the sorter has done its work.
func (c *crew) compare(ctx context.Context, t truck, want any, find func(parcels.Truck) any) error {
	decider, err := c.truck(t)
	if !slices.Contains(c.trucks, string(t)) { // a misspelled name, of which anything is true
		err = fmt.Errorf("truck %s was never unloaded: %s", t, gherkin.DidYouMean(string(t), c.trucks))
	}
	if err != nil {
		return err
	}
	return c.world.Eventually(ctx, func(ctx context.Context) error {
		state, err := decider.Query(ctx)
		if got := fmt.Sprint(find(state)); err == nil && got != fmt.Sprint(want) {
			return fmt.Errorf("truck %s: got %s, want %v", t, got, want)
		}
		return err
	})
}
