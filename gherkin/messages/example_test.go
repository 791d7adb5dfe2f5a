package messages_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"
	"time"

	"example.com/groupcheckout/gherkin/messages"
	"example.com/groupcheckout/gherkin/suite"
)

// A suite calls the writer by itself, if it is one of Config.Reporters; here it
// is done by hand.
func Example() {
	dir, err := os.MkdirTemp("", "messages")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // an example
	features, err := suite.Load(fstest.MapFS{"lending.feature": {Data: []byte("Feature: Lending\n  Scenario: A book is lent\n    When one is lent\n")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	scenario := features[0].Scenarios[0]
	result := suite.Result{
		Scenario: scenario, Status: suite.Passed, Attempt: 1, Started: time.Now(), Duration: time.Millisecond,
		Steps: []suite.Step{{Keyword: "When", Text: "one is lent", Line: 3, Status: suite.Passed}},
	}

	file := filepath.Join(dir, "run.ndjson")
	writer := messages.New(file, messages.Config{Store: "memory", How: "in this process"})
	for _, err := range []error{
		writer.Start(suite.Plan{Name: "memory", Features: features, Scenarios: features[0].Scenarios}),
		writer.Attempt(result),
		writer.Finish(suite.Summary{Name: "memory", Results: []suite.Result{result}, Passed: 1}),
	} {
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	run, err := os.Open(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer run.Close() //nolint:errcheck // it is only read
	for lines := bufio.NewScanner(run); lines.Scan(); {
		var envelope map[string]any
		if err := json.Unmarshal(lines.Bytes(), &envelope); err != nil {
			fmt.Println(err)
		}
		for kind := range envelope {
			fmt.Println(kind)
		}
	}
	// Output:
	// meta
	// source
	// gherkinDocument
	// pickle
	// testRunStarted
	// attachment
	// testCase
	// testCaseStarted
	// testStepStarted
	// testStepFinished
	// testCaseFinished
	// testRunFinished
}
