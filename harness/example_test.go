package harness_test

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// courier answers each Order-x with an event on Delivery-x.
type courier struct{ store es.Store }

// Handle implements reactor.Handler.
func (c courier) Handle(ctx context.Context, order es.StreamName, events []es.Event) (es.Version, error) {
	delivery, err := es.NewStreamName("Delivery", order.ID())
	if err != nil {
		return 0, err
	}
	_, err = c.store.Append(ctx, delivery, 0, []es.EventData{{ID: uuid.New(), Type: "Sent", Data: []byte(`{}`)}})
	return events[len(events)-1].Index + 1, err
}

// A harness brings a store up and starts the production reactor on it. A world is
// what one scenario works with: it knows when the reactor has handled what was
// written in it. Package run does all of this for features under go test.
func ExampleHarness() {
	ctx := context.Background()
	h, err := harness.Open(ctx, harness.Options{System: harness.System{
		Categories: []string{"Order"},
		Start: func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
			return reactor.Start(ctx, backend.Source, backend.Checkpoints, courier{backend.Events}, config)
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := h.World(ctx, harness.Scenario{Key: "an order is delivered"})
	if err != nil {
		fmt.Println(err)
		return
	}

	id := uuid.NewString() // scenarios share a store
	order, orderErr := es.NewStreamName("Order", id)
	delivery, deliveryErr := es.NewStreamName("Delivery", id)
	_, err = world.Store().Append(ctx, order, 0, []es.EventData{{ID: uuid.New(), Type: "Placed", Data: []byte(`{}`)}})
	fmt.Println(orderErr, deliveryErr, err)
	err = world.Eventually(ctx, func(ctx context.Context) error {
		events, err := world.Store().Read(ctx, delivery, 0, es.FromLeader)
		fmt.Println("delivered:", len(events) == 1)
		return err
	})
	fmt.Println(err, world.Close(ctx), h.Audit(ctx), h.Close(ctx))
	// Output:
	// <nil> <nil> <nil>
	// delivered: true
	// <nil> <nil> <nil> <nil>
}
