package gherkin

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	expressions "github.com/cucumber/cucumber-expressions/go/v18"
	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// is tells whether a type is T.
func is[T any](t reflect.Type) bool { return t == reflect.TypeFor[T]() }

// definition is one registered step.
type definition struct {
	keyword    Keyword
	expression string
	at         Location
	from       string // the package that has registered it
	fn         reflect.Type
	index      int
	broken     bool // it does not compile; only its place counts

	pattern *regexp.Regexp // with the groups of the arguments
	args    []argument
	extras  []reflect.Type // of the last arguments, if they are a table and a doc string, or one of them

	takesContext, returnsContext bool
}

// argument is an argument that comes from the step's text.
type argument struct {
	name    string // of the parameter, "" in a regular expression
	group   capture
	convert converter
}

func (d *definition) info() StepInfo {
	return StepInfo{Keyword: d.keyword, Expression: d.expression, Regular: d.regular(), Location: d.at, Index: d.index}
}

func (d *definition) regular() bool { return strings.HasPrefix(d.expression, "^") }

func (d *definition) compile(types *types, registry *expressions.ParameterTypeRegistry) error {
	if strings.TrimSpace(d.expression) == "" {
		return errors.New("the expression is empty")
	}
	names, err := d.compileExpression(registry)
	if err != nil {
		return err
	}
	return d.compileFunction(names, types)
}

// compileExpression returns a parameter name for each group, "" where the
// expression is a regular one.
func (d *definition) compileExpression(registry *expressions.ParameterTypeRegistry) ([]string, error) {
	var names []string
	var err error
	if d.regular() {
		if d.pattern, err = regexp.Compile(d.expression); err != nil {
			return nil, fmt.Errorf("%q is not a regular expression: %w", d.expression, err)
		}
		if !anchored(d.expression) {
			return nil, fmt.Errorf("%q: a regular expression must start with ^ and end with $, around the whole of it", d.expression)
		}
	} else {
		if d.pattern, err = compileCucumber(d.expression, registry); err != nil {
			return nil, err
		}
		names = parameterNames(d.expression)
	}

	groups, err := captures(d.pattern.String())
	if err != nil {
		return nil, err
	}
	if names == nil {
		names = make([]string, len(groups))
	}
	if len(names) != len(groups) {
		return nil, fmt.Errorf("%q has %d parameters, but %d groups were found in its pattern %s", d.expression, len(names), len(groups), d.pattern)
	}
	for i, group := range groups {
		d.args = append(d.args, argument{name: names[i], group: group})
	}
	return names, nil
}

// compileFunction compares the function with the arguments of the expression.
func (d *definition) compileFunction(names []string, types *types) error {
	if d.fn == nil || d.fn.Kind() != reflect.Func {
		return fmt.Errorf("%q needs a function, but was given %v", d.expression, d.fn)
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("the function of %q, %s, %w", d.expression, d.fn, fmt.Errorf(format, args...))
	}
	if d.fn.IsVariadic() {
		return wrong("is variadic, which a step cannot be")
	}
	switch {
	case d.fn.NumOut() == 1 && is[error](d.fn.Out(0)):
	case d.fn.NumOut() == 2 && is[context.Context](d.fn.Out(0)) && is[error](d.fn.Out(1)):
		d.returnsContext = true
	default:
		return wrong("must return error, or (context.Context, error)")
	}

	ins := make([]reflect.Type, d.fn.NumIn())
	for i := range ins {
		ins[i] = d.fn.In(i)
	}
	if len(ins) > 0 && is[context.Context](ins[0]) {
		d.takesContext = true
		ins = ins[1:]
	}
	for n := len(ins); n > 0 && isExtra(ins[n-1]); n = len(ins) {
		if slices.Contains(d.extras, ins[n-1]) {
			return wrong("takes %s twice, and a step has one at the most", ins[n-1])
		}
		d.extras = slices.Insert(d.extras, 0, ins[n-1])
		ins = ins[:n-1]
	}
	if len(ins) != len(names) {
		return wrong("takes %d values from the text, but the expression gives %d%s", len(ins), len(names), list(names))
	}
	for i, in := range ins {
		convert, err := types.forArgument(names[i], in)
		if err != nil {
			return wrong("does not fit: argument %d %w", i+1, err)
		}
		d.args[i].convert = convert
	}
	return nil
}

func isExtra(t reflect.Type) bool {
	return is[Table](t) || is[*godog.DocString](t)
}

func list(names []string) string {
	if len(names) == 0 || names[0] == "" {
		return ""
	}
	return ": {" + strings.Join(names, "}, {") + "}"
}

// call runs the function for a step whose text the expression matches.
func (d *definition) call(ctx context.Context, types *types, fn reflect.Value, step *godog.Step) (context.Context, error) {
	in := make([]reflect.Value, 0, d.fn.NumIn())
	if d.takesContext {
		in = append(in, reflect.ValueOf(ctx))
	}
	index := d.pattern.FindStringSubmatchIndex(step.Text)
	if index == nil {
		return ctx, fmt.Errorf("%q does not match %q, although godog chose it", d.expression, step.Text)
	}
	for i, arg := range d.args {
		value, err := arg.convert(arg.group.texts(step.Text, index))
		if err != nil {
			if arg.name != "" {
				return ctx, fmt.Errorf("{%s}, argument %d of the step: %w", arg.name, i+1, err)
			}
			return ctx, fmt.Errorf("argument %d of the step: %w", i+1, err)
		}
		in = append(in, value)
	}
	extras, err := d.extraArguments(types, step.Argument)
	if err != nil {
		return ctx, err
	}
	in = append(in, extras...)

	out := fn.Call(in)
	err, _ = out[len(out)-1].Interface().(error)
	if !d.returnsContext {
		return ctx, err
	}
	if next, ok := out[0].Interface().(context.Context); ok {
		return next, err
	}
	return ctx, errors.Join(err, fmt.Errorf("the function of %q (%s) returned a nil context", d.expression, d.at))
}

// extraArguments are the step's table and doc string, in the order of the function.
func (d *definition) extraArguments(types *types, given *messages.PickleStepArgument) ([]reflect.Value, error) {
	var table *messages.PickleTable
	var doc *messages.PickleDocString
	if given != nil {
		table, doc = given.DataTable, given.DocString
	}
	takesDoc := slices.Contains(d.extras, reflect.TypeFor[*godog.DocString]())
	takesTable := slices.Contains(d.extras, reflect.TypeFor[Table]())
	wrong := func(format string) ([]reflect.Value, error) {
		return nil, fmt.Errorf(format, fmt.Sprintf("the function of %q (%s)", d.expression, d.at))
	}
	switch {
	case doc != nil && !takesDoc:
		return wrong("the step has a doc string, which %s does not take")
	case table != nil && !takesTable:
		return wrong("the step has a table, which %s does not take")
	case doc == nil && takesDoc:
		return wrong("%s takes a doc string, which the step does not have")
	case table == nil && takesTable:
		return wrong("%s takes a table, which the step does not have")
	}
	values := make([]reflect.Value, len(d.extras))
	for i, extra := range d.extras {
		if is[Table](extra) {
			values[i] = reflect.ValueOf(newTable(table, types))
		} else {
			values[i] = reflect.ValueOf(doc)
		}
	}
	return values, nil
}
