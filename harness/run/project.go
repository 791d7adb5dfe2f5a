package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// The tags that say what a scenario needs.
const (
	OwnReactor  = "@own-reactor"  // a reactor of its own, which it may stop
	VirtualTime = "@virtual-time" // time that passes without being waited for
)

// Beyond is the tag of a scenario with a rule that the program which this one goes back
// to did not have. A run of another reactor counts those apart.
const Beyond = "@beyond-the-original"

// Project is what is run. Features, System and Define are required.
type Project struct {
	// Features holds the .feature files, in any folders. Folder is where the
	// package of the tests is, from the root of the module, for reports and for
	// the commands that repeat a failure.
	Features fs.FS
	Folder   string
	// Stores are the real stores that -store may name, besides memory, such as those
	// of packages harness/messagedb and harness/dynamodb.
	Stores []harness.Store
	// System is what the scenarios specify.
	System harness.System
	// Define registers the steps of one scenario, which work in the given world.
	// It is also called once without a scenario, and then the world is nil: it
	// may keep the world and must not use it.
	Define func(r *gherkin.Registrar, world *harness.World)
	// Bind gives the steps to one scenario, for those who want to do more to it
	// than that. By default it binds what Define registers.
	Bind func(sc *godog.ScenarioContext, definitions *gherkin.Definitions, world *harness.World) error
	// Timeout is the time limit of a scenario, [suite.DefaultTimeout] unless
	// given. In virtual time there is practically none.
	Timeout time.Duration
}

func (p Project) check() error {
	var errs []error
	if p.Features == nil {
		errs = append(errs, errors.New("Project.Features is required: the file system with the .feature files, such as os.DirFS(\".\")"))
	}
	if p.Define == nil {
		errs = append(errs, errors.New("Project.Define is required: the function that registers the steps"))
	}
	return errors.Join(errs...) // harness.Open sees to the system
}

// definitions compiles the steps.
func (p Project) definitions() (*gherkin.Definitions, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return gherkin.Compile(func(r *gherkin.Registrar) { p.Define(r, nil) })
}

// world makes the world of a scenario somewhere.
func (p Project) world(ctx context.Context, on maker, definitions *gherkin.Definitions, scenario *suite.Scenario) (suite.World, error) {
	world, leave, err := on.world(ctx, harness.Scenario{
		Key:        keyOf(scenario),
		Title:      fmt.Sprintf("%q (%s)", scenario.Name, path.Join(p.Folder, scenario.Location())),
		OwnReactor: slices.Contains(scenario.Tags, OwnReactor),
	})
	if err != nil {
		return suite.World{}, err
	}
	return suite.World{
		Bind: func(sc *godog.ScenarioContext) error {
			world.Follow(sc)
			if p.Bind != nil {
				return p.Bind(sc, definitions, world)
			}
			return definitions.Bind(sc, func(r *gherkin.Registrar) { p.Define(r, world) })
		},
		Close: leave,
	}, nil
}

// sharesReactor tells whether a scenario has none of its own.
func sharesReactor(s *suite.Scenario) bool { return !slices.Contains(s.Tags, OwnReactor) }

// keyOf names a scenario, or a row of one, by its titles.
func keyOf(s *suite.Scenario) string {
	key := s.Feature.URI + " | " + s.Rule + " | " + s.Name
	if s.Row > 0 {
		key += fmt.Sprintf(" | %d", s.Row)
	}
	return key
}

// Starter makes [harness.System].Start of a function that starts a reactor of
// some type, such as the [*reactor.Running] of reactor.Start.
func Starter[R harness.Reactor](start func(context.Context, *stores.Backend, reactor.Config) (R, error)) func(context.Context, *stores.Backend, reactor.Config) (harness.Reactor, error) {
	return func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
		started, err := start(ctx, backend, config)
		if err != nil {
			return nil, err // and not a nil R, which is no nil Reactor
		}
		return started, nil
	}
}
