package gherkin

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"

	expressions "github.com/cucumber/cucumber-expressions/go/v18"
	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// Definitions is a compiled set of steps and parameter types. It is immutable
// but for the counts of uses; all of its methods may be called concurrently.
type Definitions struct {
	steps    []*definition
	types    *types
	registry *expressions.ParameterTypeRegistry
}

// StepInfo describes a definition.
type StepInfo struct {
	Keyword    Keyword
	Expression string
	Location   Location
	Uses       int64 // how often the function was called so far
}

// ParameterInfo describes a parameter type that was registered.
type ParameterInfo struct {
	Name     string
	Pattern  string
	Type     reflect.Type
	Location Location
}

// draft is what the first call of define collects.
type draft struct {
	steps      []*definition
	parameters []*parameter
}

// Compile calls define once, without a scenario, and compiles what it
// registers. No step function is called. The error joins one for each mistake
// and names the file and line of its registration.
func Compile(define func(*Registrar)) (*Definitions, error) {
	d := &draft{}
	if err := call(define, &Registrar{draft: d}); err != nil {
		return nil, err
	}
	var errs []error
	report := func(at Location, err error) { errs = append(errs, fmt.Errorf("%s: %w", at, err)) }

	defs := &Definitions{registry: expressions.NewParameterTypeRegistry()}
	defs.types = compileParameters(d.parameters, defs.registry, report)
	seen := make(map[string]Location, len(d.steps))
	for _, step := range d.steps {
		if first, twice := seen[step.expression]; twice {
			report(step.at, fmt.Errorf("%q is already defined at %s", step.expression, first))
			continue
		}
		seen[step.expression] = step.at
		if err := step.compile(defs.types, defs.registry); err != nil {
			report(step.at, err)
		}
		defs.steps = append(defs.steps, step)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return defs, nil
}

// Bind calls define for one scenario and gives the functions that it registers
// to godog. It fails if define does not register what it did in [Compile].
func (d *Definitions) Bind(sc *godog.ScenarioContext, define func(*Registrar)) error {
	r := &Registrar{binding: d, fns: make([]reflect.Value, 0, len(d.steps))}
	if err := call(define, r); err != nil {
		return err
	}
	if len(r.errs) > 0 {
		return errors.Join(r.errs...)
	}
	if len(r.fns) != len(d.steps) {
		return fmt.Errorf("define registered %d steps, but %d when the definitions were compiled: it must register the same steps each time",
			len(r.fns), len(d.steps))
	}

	// godog hands a step's table or doc string only to a function that asks for
	// one, and says nothing otherwise. The hook sees it in any case. A scenario
	// runs its steps one after another, so one variable will do.
	var argument *messages.PickleStepArgument
	sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
		argument = step.Argument
		return ctx, nil
	})
	for i, def := range d.steps {
		fn := r.fns[i]
		sc.Step(def.outer, func(ctx context.Context, text string) (context.Context, error) {
			return def.call(ctx, d.types, fn, text, argument)
		})
	}
	return nil
}

// Steps lists the definitions in the order of their registration.
func (d *Definitions) Steps() []StepInfo {
	list := make([]StepInfo, len(d.steps))
	for i, def := range d.steps {
		list[i] = def.info()
	}
	return list
}

// Parameters lists the registered parameter types, without the built-in ones.
func (d *Definitions) Parameters() []ParameterInfo {
	list := make([]ParameterInfo, len(d.types.parameters))
	for i, p := range d.types.parameters {
		list[i] = ParameterInfo{Name: p.name, Pattern: p.pattern, Type: p.typ, Location: p.at}
	}
	return list
}

// call guards against a define function that takes a method of a nil world.
func call(define func(*Registrar), r *Registrar) (err error) {
	if define == nil {
		return errors.New("the define function is nil")
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the define function panicked: %v; it must not use the world, only refer to methods of a value that is not nil\n%s",
				p, debug.Stack())
		}
	}()
	define(r)
	return nil
}
