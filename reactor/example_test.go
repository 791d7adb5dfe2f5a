package reactor_test

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/memory"
)

// greeter greets whoever has come.
type greeter struct{ greeted chan string }

// Handle implements reactor.Handler. The version that it returns says that it has
// dealt with everything it was given.
func (g greeter) Handle(_ context.Context, stream es.StreamName, events []es.Event) (es.Version, error) {
	last := events[len(events)-1]
	g.greeted <- fmt.Sprintf("welcome, %s: %s at version %d", stream.ID(), last.Type, last.Index)
	return last.Index + 1, nil
}

// A reactor needs a feed, a place for its checkpoints, a handler, and a name.
func ExampleStart() {
	ctx, store := context.Background(), memory.New()
	source, err := store.Source(memory.SourceConfig{Categories: []string{"Visitor"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := greeter{make(chan string, 1)}
	running, err := reactor.Start(ctx, source, memory.NewCheckpoints(), handler, reactor.Config{Group: "greeter"})
	if err != nil {
		fmt.Println(err)
		return
	}

	visitor, err := es.NewStreamName("Visitor", "ada")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = store.Append(ctx, visitor, 0, []es.EventData{{ID: uuid.New(), Type: "Arrived", Data: []byte(`{}`)}})
	fmt.Println(<-handler.greeted, err)

	running.Stop()
	fmt.Println("stopped:", running.Wait(ctx))
	// Output:
	// welcome, ada: Arrived at version 0 <nil>
	// stopped: <nil>
}
