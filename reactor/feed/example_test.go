package feed_test

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// A tranche is read from a position on, until the tail. Next is where to go on,
// and what a checkpoint keeps.
func ExampleSource() {
	ctx, store := context.Background(), memory.New()
	var source feed.Source
	source, err := store.Source(memory.SourceConfig{Categories: []string{"Truck"}, BatchSize: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"Truck-1", "Chute-1", "Truck-2", "Truck-3"} {
		stream, err := es.ParseStreamName(name)
		if err == nil {
			_, err = store.Append(ctx, stream, 0, []es.EventData{{ID: uuid.New(), Type: "Made", Data: []byte(`{}`)}})
		}
		if err != nil {
			fmt.Println(err)
		}
	}

	tranches, err := source.Tranches(ctx)
	fmt.Println(tranches, err)
	for next := feed.Position(0); ; {
		batch, err := source.Read(ctx, tranches[0], next)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, delivery := range batch.Events {
			fmt.Println(delivery.Stream, delivery.Event.Index, delivery.Event.Type)
		}
		if next = batch.Next; batch.Tail {
			return
		}
	}
	// Output:
	// [Truck] <nil>
	// Truck-1 0 Made
	// Truck-2 0 Made
	// Truck-3 0 Made
}
