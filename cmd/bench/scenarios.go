package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/features"
	"example.com/groupcheckout/harness"
	tags "example.com/groupcheckout/harness/run"
	"example.com/groupcheckout/steps"
	system "example.com/groupcheckout/steps/hotel"
)

// scenarios is row 6a: godog runs the scenarios of the hotel on memory, with their reactor,
// history and audit. The floor is godog running them with steps that do nothing.
func scenarios() figure {
	return figure{
		row: "6a", name: "scenarios on memory ÷ with empty steps", unit: "scenarios/s", target: atLeast(0.5),
		prepare: func(context.Context, *ground) (*pair, error) {
			return &pair{subject: realSteps, floor: emptySteps}, nil
		},
	}
}

// play has godog run the scenarios and returns how many there were in a second.
func play(scenario func(*godog.ScenarioContext), end func() error) (float64, error) {
	var count atomic.Int64
	var text strings.Builder
	began := time.Now()
	status := godog.TestSuite{
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			count.Add(1)
			scenario(sc)
		},
		Options: &godog.Options{
			Format: "progress", Output: &text, NoColors: true, Strict: true,
			FS: features.FS, Paths: []string{"."}, Tags: "~" + tags.VirtualTime, Concurrency: runtime.GOMAXPROCS(0),
		},
	}.Run()
	err := end()
	took := time.Since(began)
	if status != 0 {
		err = errors.Join(fmt.Errorf("godog ended with status %d: %s", status, text.String()), err)
	}
	return perSecond(int(count.Load()), took), err
}

func emptySteps(context.Context) (float64, error) {
	return play(func(sc *godog.ScenarioContext) {
		sc.Step(`[^:]$`, func(context.Context) error { return nil })
		sc.Step(`:$`, func(context.Context, *godog.Table) error { return nil })
	}, func() error { return nil })
}

func realSteps(ctx context.Context) (float64, error) {
	definitions, err := steps.Definitions()
	if err != nil {
		return 0, err
	}
	opened, err := harness.Open(ctx, harness.Options{System: system.System()})
	if err != nil {
		return 0, err
	}
	return play(func(sc *godog.ScenarioContext) {
		world := &scenarioWorld{}
		sc.Before(func(ctx context.Context, scenario *godog.Scenario) (context.Context, error) {
			own := slices.ContainsFunc(scenario.Tags, func(tag *messages.PickleTag) bool { return tag.Name == tags.OwnReactor })
			var err error
			world.World, err = opened.World(ctx, harness.Scenario{Key: scenario.Id, Title: scenario.Name, OwnReactor: own})
			return ctx, err
		})
		sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
			if world.World != nil {
				err = errors.Join(err, world.Close(context.WithoutCancel(ctx)))
			}
			return ctx, err
		})
		if err := steps.Bind(sc, definitions, world); err != nil {
			panic(err)
		}
	}, func() error { return errors.Join(opened.Audit(ctx), opened.Close(ctx)) })
}

// scenarioWorld is a world that is known when the first step runs.
type scenarioWorld struct{ *harness.World }

// Recording implements steps.World: no evidence is kept.
func (*scenarioWorld) Recording() bool { return false }
