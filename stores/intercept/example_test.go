package intercept_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// The reply to an append is lost: it was written, and the caller cannot know.
func ExampleStore() {
	ctx := context.Background()
	store := intercept.Store(memory.New(), intercept.StoreHooks{
		AfterAppend: func(_ context.Context, stream es.StreamName, expected es.Version, _ []es.EventData, _ es.Version, _ error) (es.Version, error) {
			return 0, &es.UncertainError{Stream: stream, Expected: expected, Err: errors.New("the line is dead")}
		},
	})
	truck, err := es.NewStreamName("Truck", "T1")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = store.Append(ctx, truck, 0, []es.EventData{{ID: uuid.New(), Type: "Unloaded", Data: []byte(`{}`)}})
	fmt.Println(err)
	events, err := store.Read(ctx, truck, 0, es.FromLeader)
	fmt.Println(len(events), "event is there", err)
	// Output:
	// append to Truck-T1 at version 0 has an unknown outcome: the line is dead
	// 1 event is there <nil>
}
