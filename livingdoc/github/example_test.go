package github_test

import (
	"fmt"

	"example.com/groupcheckout/livingdoc/github"
	"example.com/groupcheckout/livingdoc/internal/history"
)

// A failure is marked at its line in the feature file.
func ExampleAnnotations() {
	fmt.Print(github.Annotations(github.Report{
		Title:  "Lending",
		Stores: []github.Store{{Name: "memory"}},
		Features: []github.Feature{{
			Title: "Lending", Path: "features/lending.feature",
			Rules: []github.Rule{{Title: "A book has one reader", Scenarios: []github.Scenario{{
				Title: "A book is lent", Line: 5,
				Results: []github.Result{{State: history.Failed, Detail: "got no book, want one"}},
			}}}},
		}},
	}))
	// Output: ::error file=features/lending.feature,line=5,title=fails on memory::A book has one reader: A book is lent%0Amemory: got no book, want one
}
