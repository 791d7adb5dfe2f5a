package gherkin

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"

	expressions "github.com/cucumber/cucumber-expressions/go/v18"
	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// Definitions is a compiled set of steps and parameter types. It is immutable
// but for the counts of uses; all of its methods may be called concurrently.
type Definitions struct {
	steps    []*definition
	hooks    []*hook
	order    []entry
	given    []*parameter // all that were registered, wrong ones too
	types    *types
	registry *expressions.ParameterTypeRegistry
}

// StepInfo describes a definition.
type StepInfo struct {
	Keyword    Keyword
	Expression string
	Regular    bool // the expression is a regular one
	Location   Location
	Index      int   // its place among all steps that were registered, from 1
	Uses       int64 // how often the function was called so far
}

// ParameterInfo describes a parameter type that was registered.
type ParameterInfo struct {
	Name     string
	Pattern  string
	Type     reflect.Type
	Location Location
}

// Registration is one call to a registrar: exactly one field is set.
type Registration struct {
	Parameter *ParameterInfo
	Step      *StepInfo
	Hook      *HookInfo
}

// entry says what was registered, by its place among its like, from 1.
type entry struct{ parameter, step, hook int }

// draft is what the first call of define collects.
type draft struct {
	steps      []*definition
	parameters []*parameter
	hooks      []*hook
	order      []entry
}

// Compile calls define once, without a scenario, and compiles what it
// registers. No step function is called. The error joins one for each mistake
// and names the file and line of its registration.
//
// With an error the definitions are still good for reports: they have what is
// sound, and what is sound but registered twice is ambiguous. They are nil only
// if define is nil or panics.
func Compile(define func(*Registrar)) (*Definitions, error) {
	d := &draft{}
	if err := call(define, &Registrar{draft: d}); err != nil {
		return nil, err
	}
	var errs []error
	report := func(at Location, err error) { errs = append(errs, fmt.Errorf("%s: %w", at, err)) }

	defs := &Definitions{
		steps: d.steps, hooks: d.hooks, order: d.order, given: d.parameters,
		registry: expressions.NewParameterTypeRegistry(),
	}
	defs.types = compileParameters(d.parameters, defs.registry, report)
	seen := make(map[string]Location, len(d.steps))
	for i, step := range d.steps {
		step.index = i + 1
		err := step.compile(defs.types, defs.registry)
		step.broken = err != nil
		if first, twice := seen[step.expression]; twice {
			err = fmt.Errorf("%q is already defined at %s", step.expression, first)
		} else {
			seen[step.expression] = step.at
		}
		if err != nil {
			report(step.at, err)
		}
	}
	for _, h := range d.hooks {
		if err := h.compile(); err != nil {
			report(h.info.Location, err)
			h.matches = func([]string) bool { return false }
		}
	}
	return defs, errors.Join(errs...)
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
	if len(r.hooks) != len(d.hooks) {
		return fmt.Errorf("define registered %d hooks, but %d when the definitions were compiled: it must register the same hooks each time",
			len(r.hooks), len(d.hooks))
	}
	d.bindHooks(sc, r.hooks)

	// godog hands a step's table or doc string only to a function that asks for
	// one, and says nothing otherwise. The hook sees it in any case. A scenario
	// runs its steps one after another, so one variable will do.
	var argument *messages.PickleStepArgument
	sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
		argument = step.Argument
		return ctx, nil
	})
	for i, def := range d.steps {
		if def.broken {
			continue
		}
		fn := r.fns[i]
		sc.Step(def.outer, func(ctx context.Context, text string) (context.Context, error) {
			return def.call(ctx, d.types, fn, text, argument)
		})
	}
	return nil
}

// bindHooks gives godog one hook of each kind, which runs all of ours: godog
// would run the others after one that fails, and the last ones last.
func (d *Definitions) bindHooks(sc *godog.ScenarioContext, fns []hookFunc) {
	if len(fns) == 0 {
		return
	}
	sc.Before(func(ctx context.Context, s *godog.Scenario) (context.Context, error) {
		return ctx, d.runBefore(ctx, tagNames(s.Tags), fns)
	})
	sc.After(func(ctx context.Context, s *godog.Scenario, failure error) (context.Context, error) {
		return ctx, d.runAfter(ctx, tagNames(s.Tags), fns, failure)
	})
}

// Steps lists the definitions in the order of their registration.
func (d *Definitions) Steps() []StepInfo {
	list := make([]StepInfo, 0, len(d.steps))
	for _, def := range d.steps {
		if !def.broken {
			list = append(list, def.info())
		}
	}
	return list
}

// HooksFor lists the hooks that run for a scenario with these tags, in the order
// in which they run: those before it, then those after it.
func (d *Definitions) HooksFor(tags []string) []HookInfo {
	var before, after []HookInfo
	for _, h := range d.hooks {
		switch {
		case !h.matches(tags):
		case h.info.Type == BeforeScenario:
			before = append(before, h.info)
		default:
			after = append(after, h.info)
		}
	}
	slices.Reverse(after)
	return append(before, after...)
}

// Registrations lists what was registered and is sound, in that order.
func (d *Definitions) Registrations() []Registration {
	var list []Registration
	for _, e := range d.order {
		switch {
		case e.parameter > 0:
			if p := d.given[e.parameter-1]; d.types.byName[p.name] == p {
				info := p.info()
				list = append(list, Registration{Parameter: &info})
			}
		case e.step > 0:
			if def := d.steps[e.step-1]; !def.broken {
				info := def.info()
				list = append(list, Registration{Step: &info})
			}
		default:
			info := d.hooks[e.hook-1].info
			list = append(list, Registration{Hook: &info})
		}
	}
	return list
}

// UndefinedParameter is a parameter in an expression that nothing defines.
type UndefinedParameter struct{ Name, Expression string }

// UndefinedParameters lists what [Compile] complained of, in the order of registration.
func (d *Definitions) UndefinedParameters() []UndefinedParameter {
	var list []UndefinedParameter
	for _, def := range d.steps {
		if !def.broken || def.regular() {
			continue
		}
		for _, name := range parameterNames(def.expression) {
			if d.registry.LookupByTypeName(name) == nil {
				list = append(list, UndefinedParameter{Name: name, Expression: def.expression})
			}
		}
	}
	return list
}

// Parameters lists the registered parameter types, without the built-in ones.
func (d *Definitions) Parameters() []ParameterInfo {
	list := make([]ParameterInfo, len(d.types.parameters))
	for i, p := range d.types.parameters {
		list[i] = p.info()
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
