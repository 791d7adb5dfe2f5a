package dynamodb_test

import (
	"fmt"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/dynamodb"
)

// A project names the stores that its scenarios run on besides memory. Nothing is
// brought up before a test asks for it.
func Example() {
	options := harness.Options{Store: dynamodb.Store()}
	fmt.Println(options.Store.Name, "is in this process:", options.Store.InProcess())
	// Output:
	// dynamodb is in this process: false
}
