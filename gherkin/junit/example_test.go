package junit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"
	"time"

	"example.com/groupcheckout/gherkin/junit"
	"example.com/groupcheckout/gherkin/suite"
)

// A suite calls the writer by itself, if it is one of Config.Reporters; here it
// is done by hand.
func Example() {
	dir, err := os.MkdirTemp("", "junit")
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
	started := time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)
	summary := suite.Summary{Name: "memory", Started: started, Duration: time.Second, Results: []suite.Result{{
		Scenario: scenario, Status: suite.Skipped, Reason: "no server", Attempt: 1, Started: started, Duration: time.Millisecond,
		Steps: []suite.Step{{Keyword: "When", Text: "one is lent", Line: 3, Status: suite.Skipped}},
	}}}

	file := filepath.Join(dir, "report.xml")
	writer := junit.New(file, junit.Config{Folder: "features"})
	for _, err := range []error{
		writer.Start(suite.Plan{Name: "memory", Features: features, Scenarios: features[0].Scenarios}),
		writer.Attempt(summary.Results[0]),
		writer.Finish(summary),
	} {
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	report, err := os.ReadFile(file)
	fmt.Print(string(report), err)
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <testsuites name="memory" tests="1" failures="0" errors="0" skipped="1" flakes="0" time="1.000">
	//   <testsuite name="Lending" tests="1" failures="0" errors="0" skipped="1" flakes="0" time="0.001" timestamp="2026-11-24T17:00:00" file="features/lending.feature">
	//     <testcase classname="Lending" name="A book is lent" time="0.001" file="features/lending.feature" line="2">
	//       <skipped message="no server"></skipped>
	//       <system-out><![CDATA[lending.feature:2: skipped: no server
	//
	// Scenario: A book is lent  lending.feature:2
	//   - When one is lent      lending.feature:3
	// ]]></system-out>
	//     </testcase>
	//   </testsuite>
	// </testsuites>
	// <nil>
}
