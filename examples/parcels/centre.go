package parcels

import (
	"context"
	"strings"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// The categories of streams, of which the sorter follows the trucks. Their streams
// are named Truck-centre_truck and Chute-centre_destination.
const (
	Trucks = "Truck"
	Chutes = "Chute"
)

// Centres is every sorting centre on a store. It is also the sorter, a
// [reactor.Handler]. Calls may overlap.
type Centres struct {
	trucks *es.Category[Truck, TruckEvent]
	chutes *es.Category[[]string, Took]
}

// New works on the trucks and chutes of a store.
func New(store es.Store, options es.Options) *Centres {
	return &Centres{
		es.NewCategory(Trucks, truckCodec(), Truck{}, foldTruck, store, options),
		es.NewCategory(Chutes, chuteCodec(), nil, foldChute, store, options),
	}
}

// Start starts the sorter: one wiring for a binary and for the scenarios.
func Start(ctx context.Context, backend *stores.Backend, config reactor.Config) (*reactor.Running, error) {
	sorter := New(backend.Events, es.Options{Cache: es.NewCache(0, 0)})
	return reactor.Start(ctx, backend.Source, backend.Checkpoints, sorter, config)
}

// Truck is the way in to a truck, for commands and queries.
func (c *Centres) Truck(centre, name string) (es.Decider[Truck, TruckEvent], error) {
	return c.trucks.Decider(centre, name)
}

// Handle sorts what is waiting in a truck. Every call works on the truck's whole
// state, whatever was delivered, so it may be repeated at any point.
func (c *Centres) Handle(ctx context.Context, stream es.StreamName, _ []es.Event) (es.Version, error) {
	centre, name, _ := strings.Cut(stream.ID(), "_")
	truck, err := c.Truck(centre, name)
	if err != nil {
		return 0, err
	}
	state, version, err := truck.QueryVersion(ctx)
	if err != nil || len(state.Waiting) == 0 {
		return version, err
	}
	var outcome Sorted
	for _, p := range state.Waiting {
		chute, err := c.chutes.Decider(centre, p.Destination)
		if err != nil {
			return 0, err
		}
		switch taken, _, err := es.Decide(ctx, chute, take(p.Label)); {
		case err != nil:
			return 0, err
		case taken:
			outcome.Dropped = append(outcome.Dropped, p.Label)
		default:
			outcome.SetAside = append(outcome.SetAside, p.Label)
		}
	}
	return truck.TransactVersion(ctx, sorted(outcome))
}
