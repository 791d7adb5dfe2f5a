package steps_test

import (
	"fmt"

	"example.com/groupcheckout/steps"
)

// Definitions are checked before any scenario runs. They tell which step a
// sentence is, and what to write for one that is none.
func ExampleDefinitions() {
	definitions, err := steps.Definitions()
	if err != nil {
		fmt.Println(err) // each mistake with its place
		return
	}
	for _, match := range definitions.Match(`the balance of the group "Hansen wedding" is 80.00`) {
		fmt.Println(match.Step.Keyword, match.Step.Expression)
	}
	fmt.Println(definitions.Suggest("When", `the group "Hansen wedding" dances`, nil))
	// Output:
	// Then the balance of {group} is {money}
	// r.When("{group} dances", func(ctx context.Context, group1 group) error {
	// 	return gherkin.Pending("not written yet")
	// })
}
