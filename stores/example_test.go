package stores_test

import (
	"context"
	"fmt"

	"example.com/groupcheckout/stores/memory"
)

// A reactor is handed a backend and need not know which store it is of.
func Example() {
	backend, err := memory.New().Backend("Truck")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	tranches, err := backend.Source.Tranches(context.Background())
	fmt.Println(backend.Name, "has the tranches", tranches, err)
	// Output:
	// memory has the tranches [Truck] <nil>
}
