package faults_test

import (
	"context"
	"fmt"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/stores/memory"
)

// A store that refuses appends, loses replies and shows stale copies. The same
// seed gives the same faults.
func Example() {
	spec, err := faults.Parse("conflict=50%,lost-reply=0.3,stale=1")
	if err != nil {
		fmt.Println(err)
		return
	}
	injector := faults.New(faults.Config{Spec: spec, Seed: 4})
	store := injector.Store(memory.New(), faults.Reactor)

	ctx := context.Background()
	stream, err := es.NewStreamName("Jar", "1")
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		held, err := store.Read(ctx, stream, 0, es.FromLeader)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = store.Append(ctx, stream, es.Version(len(held)), newEvents(1))
		fmt.Println("at version", len(held), "->", err)
	}
	held, err := store.Read(ctx, stream, 0, es.FromReplica)
	fmt.Println("a replica knows", len(held), "events", err)
	for _, fault := range injector.Log() {
		fmt.Println(fault)
	}
	// Output:
	// at version 0 -> append to Jar-1 at version 0 has an unknown outcome: lost-reply on Jar-1, on purpose
	// at version 1 -> conflict on Jar-1: it is no longer at version 1
	// at version 1 -> <nil>
	// a replica knows 1 events <nil>
	// lost-reply at append 0 of Jar-1 by the reactor
	// conflict at append 1 of Jar-1 by the reactor
	// stale at read from replica 0 of Jar-1 by the reactor: 1 of 2 events
}

// A slip in a spec is found, and the right word suggested.
func ExampleParse() {
	_, err := faults.Parse("conflicts=0.3")
	fmt.Println(err)
	spec, err := faults.Parse("all,kill=0,slow=20ms")
	fmt.Println(spec, err)
	// Output:
	// fault "conflicts=0.3": there is no such kind; did you mean conflict? The kinds are all, conflict, lost-reply, failed-load, slow, stale, throttle, die-before, die-after, duplicate, reorder, hold-back, failed-feed, failed-checkpoint, kill, cut
	// conflict,lost-reply,failed-load,slow=20ms,stale,throttle,die-before,die-after,duplicate,reorder,hold-back,failed-feed,failed-checkpoint,cut <nil>
}
