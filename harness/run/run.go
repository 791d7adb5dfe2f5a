package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cucumber/godog"

	"groupcheckout/harness"
	"groupcheckout/harness/gherkin"
	"groupcheckout/harness/gherkin/suite"
	"groupcheckout/harness/provision"
)

const (
	// openLimit is how long bringing a store up may take: a first time, it is
	// also fetched.
	openLimit = 5 * time.Minute
	// auditLimit is how long the audit may take: it reads every stream of the run.
	auditLimit = 2 * time.Minute
	// virtualLimit is how long a scenario may take where time costs nothing:
	// longer than any that one lets pass.
	virtualLimit = 10 * 365 * 24 * time.Hour
)

// Main is what TestMain has to do: it registers and reads the flags, runs the
// tests, audits what the scenarios left behind, takes the store down and prints
// the summary. It returns the exit status.
func (f *Features) Main(m *testing.M) int {
	f.options.register(flag.CommandLine)
	flag.Parse()
	return f.main(m.Run, os.Stdout, os.Stderr)
}

func (f *Features) main(tests func() int, out, complaints io.Writer) (status int) {
	if err := f.options.check(); err != nil {
		fmt.Fprintln(complaints, err)
		return 2
	}
	if f.options.steps {
		if err := f.listSteps(out); err != nil {
			fmt.Fprintln(complaints, err)
			return 1
		}
		return 0
	}
	f.ready = true
	status = tests()
	if f.ground == nil {
		return status // no test needed a store
	}
	summary := f.describe()
	fmt.Fprint(out, summary)
	fail := func(what string, err error) {
		if err != nil {
			fmt.Fprintf(complaints, "%s: %v\n", what, err)
			status = max(status, 1)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), auditLimit)
	defer cancel()
	fail("after the scenarios, the audit failed", f.ground.audit(ctx))
	fail("the store "+f.options.store+" cannot be taken down", f.ground.close())
	if f.options.summary != "" {
		fail("write the summary", writeFile(f.options.summary, summary))
	}
	return status
}

// Run runs the scenarios that the flags select on the store that they name, each
// as a subtest of t.
func (f *Features) Run(t *testing.T) {
	t.Helper()
	definitions, err := f.prepare()
	if err != nil {
		t.Fatal(err)
	}
	f.summaries = append(f.summaries, suite.Run(t, f.config(definitions)))
}

// prepare does what comes before the first scenario.
func (f *Features) prepare() (*gherkin.Definitions, error) {
	if !f.ready {
		return nil, errors.New("the flags were not read: TestMain has to call Main of these features")
	}
	definitions, err := f.definitions()
	if err != nil {
		return nil, err
	}
	f.bringUp.Do(f.open)
	if f.failure != nil {
		return nil, fmt.Errorf("the store %s cannot be brought up: %w", f.options.store, f.failure)
	}
	return definitions, nil
}

func (f *Features) open() {
	ctx, cancel := context.WithTimeout(context.Background(), openLimit)
	defer cancel()
	f.ground, f.failure = open(ctx, harness.Options{
		System:  f.project.System,
		Store:   f.options.store,
		Way:     provision.Way(f.options.provision),
		Log:     slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Virtual: f.options.virtual(),
		Faults:  f.options.faults,
		Seed:    f.options.seed,
		Record:  f.options.messages != "",
	})
}

// config says how the scenarios run.
func (f *Features) config(definitions *gherkin.Definitions) suite.Config {
	config := suite.Config{
		Name:        f.options.store,
		Features:    f.project.Features,
		Definitions: definitions,
		Tags:        f.options.tagged,
		Only:        f.options.places(),
		Retries:     f.options.retries,
		RetryTags:   f.options.retryTagged,
		FlakyBudget: f.options.flakyBudget,
		Reverse:     f.options.reverse,
		Shuffle:     flag.Lookup("test.shuffle").Value.String() != "off",
		Seed:        f.options.seed,
		Timeout:     f.options.timeout(f.project.Timeout),
		Unsupported: f.options.unsupported,
		Around:      f.ground.around(),
		Reporters:   f.reporters(),
		Repeat: func(scenario *suite.Scenario, _ string) string {
			return f.options.repeat(f.project.Folder, scenario.Location())
		},
	}
	config.World = func(ctx context.Context, scenario *suite.Scenario) (suite.World, error) {
		world, leave, err := f.ground.world(ctx, harness.Scenario{
			Key:        keyOf(scenario),
			OwnReactor: slices.Contains(scenario.Tags, OwnReactor),
		})
		if err != nil {
			return suite.World{}, err
		}
		return suite.World{
			Bind: func(sc *godog.ScenarioContext) error {
				world.Follow(sc)
				return definitions.Bind(sc, func(r *gherkin.Registrar) { f.project.Define(r, world) })
			},
			Close: leave,
		}, nil
	}
	return config
}

// keyOf names a scenario, or a row of one, by its titles.
func keyOf(s *suite.Scenario) string {
	key := s.Feature.URI + " | " + s.Rule + " | " + s.Name
	if s.Row > 0 {
		key += fmt.Sprintf(" | %d", s.Row)
	}
	return key
}
