package memory_test

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/memory"
)

// Two writers expect the same version: the second one is told, and nothing of it
// is written.
func ExampleStore() {
	ctx, store := context.Background(), memory.New()
	truck, err := es.NewStreamName("Truck", "T1")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, eventType := range []string{"Unloaded", "Released"} {
		version, err := store.Append(ctx, truck, 0, []es.EventData{{ID: uuid.New(), Type: eventType, Data: []byte(`{}`)}})
		fmt.Println(eventType, version, err)
	}
	events, err := store.Read(ctx, truck, 0, es.FromLeader)
	for _, e := range events {
		fmt.Println("stored:", e.Index, e.Type, err)
	}
	// Output:
	// Unloaded 1 <nil>
	// Released 0 conflict on Truck-T1: expected version 0, it is at 1
	// stored: 0 Unloaded <nil>
}
