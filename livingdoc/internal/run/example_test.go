package run_test

import (
	"errors"
	"fmt"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// A run that was ended from outside is refused: what it lacks would look as if it
// did not exist.
func ExampleParse() {
	cut := `{"meta":{"protocolVersion":"34.2.1","implementation":{"name":"harness on memory"}}}` + "\n"
	_, err := run.Parse("memory.ndjson", strings.NewReader(cut))
	var unfinished *run.UnfinishedError
	fmt.Println(errors.As(err, &unfinished))
	// Output: true
}
