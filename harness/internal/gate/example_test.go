package gate_test

import (
	"context"
	"fmt"
	"os"

	"example.com/groupcheckout/harness/internal/gate"
	"example.com/groupcheckout/harness/internal/process"
)

// A reactor is killed right after its third write, and started again.
func Example() {
	ctx := context.Background()
	g, err := gate.DynamoDB(ctx, os.Getenv("EQUINOX_DYNAMO_SERVICE_URL"), "hotel")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close() //nolint:errcheck // it is over
	config := process.Config{
		Path: "reactor",
		Args: []string{"run", "--processor-name", "test", "--listen", "127.0.0.1:0", "dynamo"},
		Env:  []string{"EQUINOX_DYNAMO_SERVICE_URL=" + g.URL(), "EQUINOX_DYNAMO_TABLE=hotel"},
	}
	reactor, err := process.Start(ctx, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := g.BreakAfter(3); err != nil {
		fmt.Println(err)
	}
	<-g.Broken() // exactly three writes are in the store, and nothing more gets there
	if err := reactor.Kill(); err != nil {
		fmt.Println(err)
	}
	g.Mend()
	if reactor, err = process.Start(ctx, config); err != nil {
		fmt.Println(err)
		return
	}
	if err := reactor.Stop(ctx); err != nil {
		fmt.Println(err)
	}
}
