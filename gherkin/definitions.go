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
)

// Definitions is a compiled set of steps, hooks and parameter types. It is
// immutable; all of its methods may be called concurrently.
type Definitions struct {
	draft
	types    *types
	registry *expressions.ParameterTypeRegistry
}

// StepInfo describes a definition.
type StepInfo struct {
	Keyword    Keyword
	Expression string
	Regular    bool // the expression is a regular one
	Location   Location
	Index      int // its place among all steps that were registered, from 1
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

// draft is what the first call of define collects, wrong ones too.
type draft struct {
	steps      []*definition
	parameters []*parameter
	hooks      []*hook
	order      []any // all of them, as they came
}

// Compile calls define once, without a scenario, and compiles what it
// registers. No step function is called. The error joins one for each mistake
// and names the file and line of its registration.
//
// With an error the definitions are still good for reports: they have what is
// sound, and what is sound but registered twice is ambiguous. They are nil only
// if define is nil or panics.
func Compile(define func(*Registrar)) (*Definitions, error) {
	defs := &Definitions{registry: expressions.NewParameterTypeRegistry()}
	if err := call(define, &Registrar{draft: &defs.draft}); err != nil {
		return nil, err
	}
	var errs []error
	report := func(at Location, err error) { errs = append(errs, fmt.Errorf("%s: %w", at, err)) }
	defs.types = compileParameters(defs.parameters, defs.registry, report)
	seen := make(map[string]Location, len(defs.steps))
	for i, step := range defs.steps {
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
	for _, h := range defs.hooks {
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
	for _, count := range []struct {
		what      string
		got, want int
	}{{"steps", len(r.fns), len(d.steps)}, {"hooks", len(r.hooks), len(d.hooks)}} {
		if count.got != count.want {
			return fmt.Errorf("define registered %d %s, but %d when the definitions were compiled: it must register the same %[2]s each time",
				count.got, count.what, count.want)
		}
	}
	d.bindHooks(sc, r.hooks)

	// godog hands on what the groups took, and a table or doc string, only as far
	// as the function asks for them, and says nothing otherwise. The hook sees the
	// whole step in any case. A scenario runs its steps one after another, so one
	// variable will do.
	var running *godog.Step
	sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
		running = step
		return ctx, nil
	})
	for i, def := range d.steps {
		if def.broken {
			continue
		}
		fn := r.fns[i]
		sc.Step(def.pattern, func(ctx context.Context) (context.Context, error) {
			return def.call(ctx, d.types, fn, running)
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
	for _, registered := range d.order {
		switch made := registered.(type) {
		case *parameter:
			if d.types.byName[made.name] == made {
				info := made.info()
				list = append(list, Registration{Parameter: &info})
			}
		case *definition:
			if !made.broken {
				info := made.info()
				list = append(list, Registration{Step: &info})
			}
		case *hook:
			info := made.info
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
