package features_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cucumber/godog"

	"groupcheckout/features"
	"groupcheckout/harness"
	"groupcheckout/harness/faults"
	"groupcheckout/harness/gherkin"
	"groupcheckout/harness/gherkin/suite"
	"groupcheckout/harness/provision"
	"groupcheckout/steps"
	"groupcheckout/steps/hotel"
)

// ground is where scenarios take place.
type ground interface {
	// world makes the world of a scenario; leave is called when that is over.
	world(ctx context.Context, scenario harness.Scenario) (world *harness.World, leave func(context.Context) error, err error)
	// around, if not nil, is called around each scenario, as suite.Config says.
	around() func(t *testing.T, scenario func(t *testing.T))
	how() string   // the store was brought up, in words
	retries() int  // of checks
	injected() int // faults
	audit(ctx context.Context) error
	close() error
}

// open brings up the ground that the flags ask for.
func open(ctx context.Context, o options) (ground, error) {
	wanted := harness.Options{
		System:  hotel.System(),
		Store:   o.store,
		Way:     provision.Way(o.way),
		Log:     slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Virtual: o.virtual(),
		Faults:  o.faults,
		Seed:    o.seed,
		Record:  o.messages != "",
	}
	if wanted.Virtual {
		return &bubbles{options: wanted}, nil
	}
	h, err := harness.Open(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return common{h}, nil
}

// common ground is one store with one reactor, which all scenarios share.
type common struct{ harness *harness.Harness }

func (c common) world(ctx context.Context, scenario harness.Scenario) (*harness.World, func(context.Context) error, error) {
	world, err := c.harness.World(ctx, scenario)
	if err != nil {
		return nil, nil, err
	}
	return world, world.Close, nil
}

func (common) around() func(*testing.T, func(*testing.T)) { return nil }
func (c common) how() string                              { return c.harness.How() }
func (c common) retries() int                             { return c.harness.Retries() }
func (c common) injected() int                            { return len(c.harness.Injected()) }
func (c common) audit(ctx context.Context) error          { return c.harness.Audit(ctx) }
func (c common) close() error                             { return c.harness.Close(context.Background()) }

// bubbles give each scenario a store and a reactor of its own, in a bubble in
// which time is virtual. Each is audited and taken down with its scenario.
type bubbles struct {
	options harness.Options
	faults  atomic.Int64            // injected
	left    func([]faults.Injected) // is told of the faults when a scenario is over; may be nil
}

func (b *bubbles) world(ctx context.Context, scenario harness.Scenario) (*harness.World, func(context.Context) error, error) {
	h, err := harness.Open(ctx, b.options)
	if err != nil {
		return nil, nil, err
	}
	world, err := h.World(ctx, scenario)
	if err != nil {
		return nil, nil, errors.Join(err, h.Close(ctx))
	}
	return world, func(ctx context.Context) error {
		err := errors.Join(world.Close(ctx), h.Audit(ctx), h.Close(ctx))
		injected := h.Injected()
		b.faults.Add(int64(len(injected)))
		if b.left != nil {
			b.left(injected)
		}
		return err
	}, nil
}

func (b *bubbles) injected() int                            { return int(b.faults.Load()) }
func (*bubbles) around() func(*testing.T, func(*testing.T)) { return synctest.Test }
func (*bubbles) how() string                                { return "in this process, in virtual time" }
func (*bubbles) retries() int                               { return 0 }
func (*bubbles) audit(context.Context) error                { return nil }
func (*bubbles) close() error                               { return nil }

// virtualLimit is how long a scenario may take where time costs nothing: longer
// than any that one lets pass.
const virtualLimit = 10 * 365 * 24 * time.Hour

// configure says how scenarios run on a ground.
func configure(g ground, definitions *gherkin.Definitions) suite.Config {
	config := suite.Config{
		Features:    features.FS,
		Definitions: definitions,
		Timeout:     scenarioLimit,
		Unsupported: unsupported,
		Around:      g.around(),
		Repeat:      func(scenario *suite.Scenario, _ string) string { return shared.options.repeat(scenario) },
		World: func(ctx context.Context, scenario *suite.Scenario) (suite.World, error) {
			return worldOn(ctx, g, definitions, scenario)
		},
	}
	switch {
	case shared.options.limit > 0:
		config.Timeout = shared.options.limit
	case shared.options.virtual():
		config.Timeout = virtualLimit
	}
	return config
}

// worldOn makes the world of a scenario on a ground.
func worldOn(ctx context.Context, g ground, definitions *gherkin.Definitions, scenario *suite.Scenario) (suite.World, error) {
	world, leave, err := g.world(ctx, harness.Scenario{
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
		Close: leave,
	}, nil
}

// inVirtualTime is the tag of scenarios in which days pass.
const inVirtualTime = "@virtual-time"

// unsupported says which scenarios cannot be run here. It reads tags such as
// @skip-on-messagedb:needs-an-exact-wait.
func unsupported(tags []string) (reason string, skip bool) {
	if slices.Contains(tags, inVirtualTime) && !shared.options.virtual() {
		return "days pass in it: it runs in virtual time only", true
	}
	for _, tag := range tags {
		if reason, found := strings.CutPrefix(tag, "@skip-on-"+shared.options.store+":"); found {
			return strings.ReplaceAll(reason, "-", " "), true
		}
	}
	return "", false
}
