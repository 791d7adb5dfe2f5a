package features_test

import (
	"fmt"
	"io/fs"

	"example.com/groupcheckout/features"
	"example.com/groupcheckout/gherkin/suite"
)

// The features are files that anything can read, wherever the program runs.
func ExampleFS() {
	folders, err := fs.Glob(features.FS, "*/README.md")
	fmt.Println(folders, err)
	loaded, err := suite.Load(features.FS)
	if err != nil {
		fmt.Println(err)
		return
	}
	competing, err := suite.Select(loaded, "@competing and not @slow")
	fmt.Println("clerks compete in some scenarios:", len(competing) > 0, err)
	// Output:
	// [1-stays/README.md 2-group-checkout/README.md 3-behind-the-desk/README.md] <nil>
	// clerks compete in some scenarios: true <nil>
}
