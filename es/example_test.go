package es_test

import (
	"context"
	"errors"
	"fmt"

	"example.com/groupcheckout/es"
)

// Seats is the state of a table at a restaurant, Seated an event that changes
// it.
type (
	Seats  struct{ Taken int }
	Seated struct {
		Guests int `json:"guests"`
	}
)

var errFull = errors.New("the table is full")

// A decision takes the state and returns events, or a refusal. The Decider does
// the rest.
func ExampleDecider() {
	store := newStore() // any es.Store
	tables := es.NewCategory("Table",
		es.NewCodec(es.On("Seated", func(e Seated) Seated { return e })),
		Seats{},
		func(s Seats, events []Seated) Seats {
			for _, e := range events {
				s.Taken += e.Guests
			}
			return s
		},
		store, es.Options{Cache: es.NewCache(0, 0)})

	seat := func(guests int) func(Seats) ([]Seated, error) {
		return func(s Seats) ([]Seated, error) {
			if s.Taken+guests > 4 {
				return nil, errFull
			}
			return []Seated{{guests}}, nil
		}
	}

	ctx := context.Background()
	window, err := tables.Decider("window")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, guests := range []int{3, 2, 1} {
		version, err := window.TransactVersion(ctx, seat(guests))
		fmt.Println("seat", guests, "-> version", version, err)
	}
	state, err := window.Query(ctx)
	fmt.Println(window.Stream(), state.Taken, err)
	for _, e := range store.streams[window.Stream()] {
		fmt.Println(e.Index, e.Type, string(e.Data))
	}
	// Output:
	// seat 3 -> version 1 <nil>
	// seat 2 -> version 1 the table is full
	// seat 1 -> version 2 <nil>
	// Table-window 4 <nil>
	// 0 Seated {"guests":3}
	// 1 Seated {"guests":1}
}
