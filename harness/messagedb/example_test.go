package messagedb_test

import (
	"fmt"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/messagedb"
)

// A project names the stores that its scenarios run on besides memory. Nothing is
// brought up before a test asks for it.
func Example() {
	options := harness.Options{Store: messagedb.Store()}
	fmt.Println(options.Store.Name, "is in this process:", options.Store.InProcess())
	// Output:
	// messagedb is in this process: false
}
