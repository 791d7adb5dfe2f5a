package process_test

import (
	"context"
	"fmt"
	"os"

	"example.com/groupcheckout/harness/internal/process"
	"example.com/groupcheckout/reactor/feed"
)

// The reactor is built, run on the Message DB of the environment, and stopped once
// it has completed the feed up to a position.
func Example() {
	ctx := context.Background()
	exe, err := process.Build(ctx, "example.com/groupcheckout/cmd/reactor")
	if err != nil {
		fmt.Println(err) // with what the compiler said
		return
	}
	reactor, err := process.Start(ctx, process.Config{
		Path: exe,
		Args: []string{"run", "--processor-name", "test", "--listen", "127.0.0.1:0", "mdb", "--tail-sleep", "5"},
		Env:  []string{"MDB_CONNECTION_STRING=" + os.Getenv("MDB_CONNECTION_STRING"), "MDB_SCHEMA=checkouts"},
	})
	if err != nil {
		fmt.Println(err) // with the last lines of the reactor
		return
	}
	if err := reactor.AwaitCompleted(ctx, map[feed.Tranche]feed.Position{"GroupCheckout": 1235}); err != nil {
		fmt.Println(err) // with what is behind, and why
	}
	if err := reactor.Stop(ctx); err != nil {
		fmt.Println(err)
	}
}
