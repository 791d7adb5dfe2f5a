// Package features_test runs the features, on any store, by go test and by the
// godog command.
package features_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"

	"groupcheckout/features"
	"groupcheckout/harness"
	"groupcheckout/harness/gherkin/junit"
	"groupcheckout/harness/gherkin/messages"
	"groupcheckout/harness/gherkin/suite"
	"groupcheckout/harness/provision"
	"groupcheckout/steps"
	"groupcheckout/steps/hotel"
)

// options are the flags.
type options struct {
	store   string
	way     string
	tagged  string
	seed    uint64
	summary string

	messages string
	junit    string
}

func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(&o.store, "store", "memory", "the `store` to run on: memory, messagedb or dynamodb")
	flags.StringVar(&o.way, "provision", "", "the only `way` to bring a real store up: address, container or local; by default they are tried in this order")
	flags.StringVar(&o.tagged, "tagged", "", "run only scenarios that match this tag `expression`, such as '@competing and not @slow'")
	flags.Uint64Var(&o.seed, "seed", 0, "repeat the shuffled order with this `number`; -shuffle=on shuffles")
	flags.StringVar(&o.messages, "messages", "", "write the run as Cucumber Messages, one JSON object a line, to this `file`")
	flags.StringVar(&o.junit, "junit", "", "write the run as JUnit XML to this `file`")
	flags.StringVar(&o.summary, "summary", "", "write what ran, and how the store was brought up, to this `file`")
}

// openLimit is how long bringing a store up may take: a first time, it is also
// fetched.
const openLimit = 5 * time.Minute

// scenarioLimit is how long a scenario may take: a coach tour of 1,000 stays is
// some thousand requests, and on a busy machine all scenarios share one server.
const scenarioLimit = 4 * time.Minute

// run is what the tests of one process share.
type run struct {
	options   options
	harness   *harness.Harness
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
	ctx, cancel := context.WithTimeout(context.Background(), openLimit)
	defer cancel()
	options := shared.options
	opened, err := harness.Open(ctx, harness.Options{
		System: hotel.System(),
		Store:  options.store,
		Way:    provision.Way(options.way),
		Log:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Record: options.messages != "",
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "the store %s cannot be brought up: %v\n", options.store, err)
		return 1
	}
	shared.harness = opened
	status = m.Run()
	summary := describe(&shared)
	fmt.Print(summary)
	if err := audited(&shared); err != nil {
		fmt.Fprintf(os.Stderr, "after the scenarios, the audit failed: %v\n", err)
		status = 1
	}
	if err := opened.Close(context.Background()); err != nil {
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
	return r.harness.Audit(ctx)
}

// describe says what ran, for people and for make.
func describe(r *run) string {
	var text bytes.Buffer
	if len(r.summaries) == 0 {
		return ""
	}
	fmt.Fprintf(&text, "store %s, %s; %d checks had to be made again\n", r.options.store, r.harness.How(), r.harness.Retries())
	last := r.summaries[len(r.summaries)-1]
	if len(r.summaries) > 1 {
		passed, failed := 0, 0
		for _, s := range r.summaries {
			passed, failed = passed+s.Passed, failed+s.Failed
		}
		fmt.Fprintf(&text, "  %d runs: %d scenarios passed, %d failed; the last:\n", len(r.summaries), passed, failed)
	}
	if err := last.WriteText(&text); err != nil {
		return err.Error()
	}
	return text.String()
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
	summary := suite.Run(t, suite.Config{
		Name:        shared.options.store,
		Features:    features.FS,
		Tags:        shared.options.tagged,
		Definitions: definitions,
		Timeout:     scenarioLimit,
		Shuffle:     flag.Lookup("test.shuffle").Value.String() != "off",
		Seed:        shared.options.seed,
		Unsupported: unsupported,
		Reporters:   reporters(),
		World: func(ctx context.Context, scenario *suite.Scenario) (suite.World, error) {
			world, err := shared.harness.World(ctx, harness.Scenario{
				Key:        keyOf(scenario),
				OwnReactor: slices.Contains(scenario.Tags, steps.OwnReactor),
			})
			if err != nil {
				return suite.World{}, err
			}
			return suite.World{
				Bind: func(sc *godog.ScenarioContext) error {
					world.Follow(sc)
					return steps.Bind(sc, definitions, world)
				},
				Close: world.Close,
			}, nil
		},
	})
	shared.summaries = append(shared.summaries, summary)
}

// keyOf names a scenario, or a row of one, by its titles.
func keyOf(s *suite.Scenario) string {
	key := s.Feature.URI + " | " + s.Rule + " | " + s.Name
	if s.Row > 0 {
		key += fmt.Sprintf(" | %d", s.Row)
	}
	return key
}

// reporters write the run to the files that the flags name.
func reporters() []suite.Reporter {
	const folder = "features" // this one, from the root of the project
	options := shared.options
	var list []suite.Reporter
	if options.messages != "" {
		list = append(list, messages.New(options.messages, messages.Config{
			Folder: folder, Store: options.store, How: shared.harness.How(),
		}))
	}
	if options.junit != "" {
		list = append(list, junit.New(options.junit, junit.Config{
			Folder:     folder,
			Properties: []junit.Property{{Name: "store", Value: options.store}, {Name: "how", Value: shared.harness.How()}},
		}))
	}
	return list
}

// unsupported reads tags such as @skip-on-messagedb:needs-an-exact-wait.
func unsupported(tags []string) (reason string, skip bool) {
	for _, tag := range tags {
		if reason, found := strings.CutPrefix(tag, "@skip-on-"+shared.options.store+":"); found {
			return strings.ReplaceAll(reason, "-", " "), true
		}
	}
	return "", false
}
