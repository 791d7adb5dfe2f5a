package address_test

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/address"
)

// An address says which store it is. The rest of a program need not know.
func ExampleOpen() {
	ctx := context.Background()
	backend, err := address.Open(ctx, "memory:", address.Options{Categories: []string{"Truck"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	truck, err := es.NewStreamName("Truck", "T1")
	if err != nil {
		fmt.Println(err)
		return
	}
	version, err := backend.Events.Append(ctx, truck, 0, []es.EventData{{ID: uuid.New(), Type: "Unloaded", Data: []byte(`{}`)}})
	fmt.Println(backend.Name, "has", truck, "at version", version, err)

	_, err = address.Open(ctx, "mysql://db/trucks", address.Options{})
	fmt.Println(err)
	// Output:
	// memory has Truck-T1 at version 1 <nil>
	// "mysql:…" is not the address of a store: the scheme "mysql" is unknown; use memory:, postgres://user:password@host:5432/message_store, dynamodb://region/table or dynamodb+http://key:secret@host:port/table
}
