package messagedb_test

import (
	"context"
	"errors"
	"fmt"

	"example.com/groupcheckout/stores/messagedb"
)

// Open finds out whether it is a Message DB before anything is done with it.
func ExampleOpen() {
	db, err := messagedb.Open(context.Background(), messagedb.Config{
		Connection:       "Host=db;Username=message_store;Database=message_store",
		ReadConnection:   "Host=replica;Username=message_store;Database=message_store", // for reads that may lag
		CheckpointSchema: "checkpoints",
	})
	if setup, wrong := errors.AsType[*messagedb.SetupError](err); wrong {
		fmt.Println(setup.Problem, setup)
		return
	}
	defer db.Close()
	source, err := db.Source("Truck", "Chute") // each category is a tranche
	fmt.Println(db.Store(), source, err)
}
