package steps

import (
	"context"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
)

// Definitions compiles the steps. The error names each mistake with its place.
func Definitions() (*gherkin.Definitions, error) {
	return gherkin.Compile(func(r *gherkin.Registrar) { Register(r, nil) })
}

// Bind gives the steps to one scenario, which works in the given world. A
// scenario that leaves something unchecked that it provoked fails in the end.
func Bind(sc *godog.ScenarioContext, definitions *gherkin.Definitions, world World) error {
	var atEnd func(context.Context) error
	err := definitions.Bind(sc, func(r *gherkin.Registrar) { atEnd = Register(r, world) })
	sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
		if err == nil {
			err = atEnd(ctx)
		}
		return ctx, err
	})
	return err
}
