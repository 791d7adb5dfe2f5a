package history_test

import (
	"fmt"

	"example.com/groupcheckout/livingdoc/internal/history"
)

// A scenario that holds, fails and holds again is fixed by the last build.
func ExampleHistory() {
	past := history.New()
	for i, state := range []history.State{history.Passed, history.Failed, history.Passed} {
		number, err := past.Add(history.Build{
			Commit: fmt.Sprintf("%040d", i),
			Stores: []history.Store{{Name: "memory"}},
			Scenarios: []history.Scenario{{
				Key:     "sorting.feature | A truck leaves once its parcels are sorted",
				Results: map[string]history.Result{"memory": {State: state}},
			}},
		})
		if err != nil {
			fmt.Println(number, err)
		}
	}
	trend := past.Trend("sorting.feature | A truck leaves once its parcels are sorted", "memory")
	fmt.Println(trend.State, trend.Mark, trend.States)
	// Output: passed fixed [passed failed passed]
}
