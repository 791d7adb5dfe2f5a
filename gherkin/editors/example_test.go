package editors_test

import (
	"context"
	"fmt"
	"os"

	"example.com/groupcheckout/gherkin/editors"
)

func ExampleAsk() {
	settings, err := editors.Read(".vscode/settings.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := editors.Ask(context.Background(), os.DirFS("."), settings)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range report.Steps {
		if len(step.Expressions) != 1 {
			fmt.Printf("%s:%d: an editor finds %d definitions\n", step.URI, step.Line, len(step.Expressions))
		}
	}
}
