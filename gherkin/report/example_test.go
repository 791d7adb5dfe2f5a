package report_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"
	"time"

	"example.com/groupcheckout/gherkin/report"
	"example.com/groupcheckout/gherkin/suite"
)

// lent is a run of one scenario, which was skipped.
func lent() (suite.Plan, suite.Summary, error) {
	features, err := suite.Load(fstest.MapFS{"lending.feature": {Data: []byte("Feature: Lending\n  Scenario: A book is lent\n    When one is lent\n")}})
	if err != nil {
		return suite.Plan{}, suite.Summary{}, err
	}
	started := time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)
	plan := suite.Plan{Name: "memory", Features: features, Scenarios: features[0].Scenarios, Started: started}
	return plan, suite.Summary{Name: "memory", Started: started, Duration: time.Second, Results: []suite.Result{{
		Scenario: plan.Scenarios[0], Status: suite.Skipped, Reason: "no server", Attempt: 1, Started: started, Duration: time.Millisecond,
		Steps: []suite.Step{{Keyword: "When", Text: "one is lent", Line: 3, Status: suite.Skipped}},
	}}}, nil
}

// written is what a reporter writes to a file. A suite calls the reporter by
// itself, if it is one of Config.Reporters; here it is done by hand.
func written(reporter func(string, report.Config) suite.Reporter, config report.Config) ([]byte, error) {
	plan, summary, err := lent()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // an example
	file := filepath.Join(dir, "report")
	r := reporter(file, config)
	for _, err := range []error{r.Start(plan), r.Attempt(summary.Results[0]), r.Finish(summary)} {
		if err != nil {
			return nil, err
		}
	}
	return os.ReadFile(file)
}

func ExampleMessages() {
	content, err := written(report.Messages, report.Config{On: "memory", How: "in this process"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
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

func ExampleJUnit() {
	content, err := written(report.JUnit, report.Config{Folder: "features"})
	fmt.Print(string(content), err)
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
