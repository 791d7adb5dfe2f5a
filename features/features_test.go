// Package features_test runs the features, on any store, by go test and by the
// godog command.
package features_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"groupcheckout/features"
	"groupcheckout/harness/gherkin/suite"
	"groupcheckout/steps"
)

// openLimit is how long bringing a store up may take: a first time, it is also
// fetched.
const openLimit = 5 * time.Minute

// scenarioLimit is how long a scenario may take: a coach tour of 1,000 stays is
// some thousand requests, and on a busy machine all scenarios share one server.
const scenarioLimit = 4 * time.Minute

// run is what the tests of one process share.
type run struct {
	options   options
	ground    ground
	summaries []suite.Summary
}

// shared is set by TestMain.
var shared run //nolint:gochecknoglobals // go test offers no other way to hand something from TestMain to a test

func TestMain(m *testing.M) {
	shared.options.register(flag.CommandLine)
	flag.Parse()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) (status int) {
	if err := shared.options.check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	options := shared.options
	if options.steps {
		return listSteps()
	}
	ctx, cancel := context.WithTimeout(context.Background(), openLimit)
	defer cancel()
	opened, err := open(ctx, options)
	if err != nil {
		fmt.Fprintf(os.Stderr, "the store %s cannot be brought up: %v\n", options.store, err)
		return 1
	}
	shared.ground = opened
	status = m.Run()
	summary := describe(&shared)
	fmt.Print(summary)
	if err := audited(&shared); err != nil {
		fmt.Fprintf(os.Stderr, "after the scenarios, the audit failed: %v\n", err)
		status = 1
	}
	if err := opened.close(); err != nil {
		fmt.Fprintf(os.Stderr, "the store %s cannot be taken down: %v\n", options.store, err)
		status = 1
	}
	if options.summary != "" {
		if err := writeSummary(options.summary, summary); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	return status
}

// auditLimit is how long the audit may take: it reads every stream of the run.
const auditLimit = 2 * time.Minute

// audited proves what the scenarios have left behind.
func audited(r *run) error {
	ctx, cancel := context.WithTimeout(context.Background(), auditLimit)
	defer cancel()
	return r.ground.audit(ctx)
}

// describe says what ran, for people and for make.
func describe(r *run) string {
	var text bytes.Buffer
	if len(r.summaries) == 0 {
		return ""
	}
	fmt.Fprintf(&text, "store %s, %s; %d checks had to be made again\n", r.options.store, r.ground.how(), r.ground.retries())
	if !r.options.faults.IsZero() {
		fmt.Fprintf(&text, "  faults %s, seed %d: %d were injected\n", r.options.faults, r.options.seed, r.ground.injected())
	}
	last := r.summaries[len(r.summaries)-1]
	if len(r.summaries) > 1 {
		passed, flaky, failed := 0, 0, 0
		for _, s := range r.summaries {
			passed, flaky, failed = passed+s.Passed, flaky+s.Flaky, failed+s.Failed
		}
		fmt.Fprintf(&text, "  %d runs: %d scenarios passed, %d flaky, %d failed; the last:\n", len(r.summaries), passed, flaky, failed)
	}
	if err := errors.Join(last.WriteText(&text), last.WriteSlowest(&text, slowest)); err != nil {
		return err.Error()
	}
	return text.String()
}

// slowest is how many of the slowest scenarios the summary names.
const slowest = 10

// listSteps prints all steps with their uses.
func listSteps() (status int) {
	definitions, err := steps.Definitions()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	usage, err := suite.NewUsage(features.FS, definitions)
	if err == nil {
		err = errors.Join(usage.WriteText(os.Stdout), usage.Err())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func writeSummary(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// TestFeatures runs the scenarios.
func TestFeatures(t *testing.T) {
	definitions, err := steps.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	config := configure(shared.ground, definitions)
	config.Name = shared.options.store
	config.Tags = shared.options.tagged
	config.Only = shared.options.locations()
	config.Retries = shared.options.retries
	config.RetryTags = shared.options.retryTagged
	config.FlakyBudget = shared.options.flakyBudget
	config.Reverse = shared.options.reverse
	config.Shuffle = flag.Lookup("test.shuffle").Value.String() != "off"
	config.Seed = shared.options.seed
	config.Reporters = reporters()
	shared.summaries = append(shared.summaries, suite.Run(t, config))
}

// keyOf names a scenario, or a row of one, by its titles.
func keyOf(s *suite.Scenario) string {
	key := s.Feature.URI + " | " + s.Rule + " | " + s.Name
	if s.Row > 0 {
		key += fmt.Sprintf(" | %d", s.Row)
	}
	return key
}
