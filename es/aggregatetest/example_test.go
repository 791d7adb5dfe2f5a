package aggregatetest_test

import (
	"testing"

	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/es/aggregatetest"
)

// Added says how many were put onto a pile, and pile how many are on it.
type (
	Added struct{ Count int }
	pile  int
)

func fold(p pile, events []Added) pile {
	for _, e := range events {
		p += pile(e.Count)
	}
	return p
}

// The tests of an aggregate give what is its own, and have the rest proven.
func ExampleAggregate() {
	_ = func(t *testing.T) { //nolint:thelper // it is TestFolds
		piles := aggregatetest.Aggregate[pile, Added]{Fold: fold}
		piles.Folds(t, rapid.SliceOf(rapid.Map(rapid.Int(), func(n int) Added { return Added{n} })))
	}
	_ = func(t *testing.T) { //nolint:thelper // it is TestBodies
		aggregatetest.Bodies[Added]{
			Codec:   es.NewCodec(es.On("Added", func(e Added) Added { return e })),
			Events:  []aggregatetest.Stored[Added]{{Type: "Added", Event: Added{3}, JSONB: `{"Count": 3}`}},
			Refused: map[string][]string{"Count": {`null`, `"3"`}},
		}.Test(t)
	}
}
