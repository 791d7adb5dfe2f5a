package steps

import (
	"context"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/gherkin"
)

// Register registers every step for one scenario, on its own desk in the given
// world. The world may be nil if no step is going to run.
//
// Call atEnd when the scenario is over, with the error that it failed with, if it did,
// which it returns. For one that has passed it returns an error if the scenario
// provoked an outcome that no step checked. If the world records, it leaves the
// accounts of the scenario's groups in the report.
func Register(r *gherkin.Registrar, w World) (atEnd func(ctx context.Context, failure error) error) {
	d := newDesk(w)
	parameters(r)
	stayStates(r, d)
	stayCommands(r, d)
	stayAttempts(r, d)
	stayChecks(r, d)
	groupCommands(r, d)
	groupAttempts(r, d)
	groupChecks(r, d)
	recordChecks(r, d)
	refusals(r, d)
	competition(r, d)
	competitionChecks(r, d)
	tours(r, d)
	reactorStates(r, d)
	reactorChecks(r, d)
	passage(r, d)
	foreignEvents(r, d)
	return d.end
}

func parameters(r *gherkin.Registrar) {
	gherkin.Parameter[domain.Money](r, "money", `-?\d[\d,]*(?:\.\d+)?`, parseMoney)
	gherkin.Parameter[stay](r, "stay", onePattern, parseStay)
	gherkin.Parameter[stay](r, "guest", cellPattern, parseStay)
	gherkin.Parameter[[]stay](r, "stays", manyPattern, parseStays)
	gherkin.Parameter[group](r, "group", `the group(?: "([^"]+)")?`, parseGroup)
	gherkin.Parameter[domain.Moment](r, "time", `\d\d:\d\d`, parseTime)
	gherkin.Parameter[time.Duration](r, "duration", `\d+ (?:second|minute|hour|day|week)s?(?:(?:, | and )\d+ (?:second|minute|hour|day|week)s?)*`, parseDuration)
	gherkin.Parameter[count](r, "count", `\d[\d,]*`, parseCount)
	gherkin.Parameter[groupcheckout.Status](r, "outcome", `merged|not merged`, parseOutcome)
	gherkin.Parameter[reason](r, "reason", reasonPattern, parseReason)
}

// Definitions compiles the steps. The error names each mistake with its place.
func Definitions() (*gherkin.Definitions, error) {
	return gherkin.Compile(func(r *gherkin.Registrar) { Register(r, nil) })
}

// Bind gives the steps to one scenario, which works in the given world. A
// scenario that leaves something unchecked that it provoked fails in the end.
func Bind(sc *godog.ScenarioContext, definitions *gherkin.Definitions, world World) error {
	var atEnd func(context.Context, error) error
	err := definitions.Bind(sc, func(r *gherkin.Registrar) { atEnd = Register(r, world) })
	sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
		err = atEnd(ctx, err)
		return ctx, err
	})
	return err
}
