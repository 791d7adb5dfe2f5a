package gherkin

import (
	"fmt"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
)

// Keyword is the word that a definition was registered with.
type Keyword string

// The keywords. AnyKeyword is that of [Registrar.Step].
const (
	Given      Keyword = "Given"
	When       Keyword = "When"
	Then       Keyword = "Then"
	AnyKeyword Keyword = "Step"
)

// Location is a place in Go source.
type Location struct {
	File string // as the compiler recorded it
	Line int
}

// String gives the file with its folder, which is enough to find it and is the
// same on every machine.
func (l Location) String() string {
	file := filepath.ToSlash(l.File)
	return fmt.Sprintf("%s:%d", path.Join(path.Base(path.Dir(file)), path.Base(file)), l.Line)
}

// Registrar takes the registrations of a define function. It is good for that
// one call and must not be kept. Its methods report nothing: whatever is wrong
// is returned by [Compile] or [Definitions.Bind].
type Registrar struct {
	draft   *draft       // set while compiling
	binding *Definitions // set while binding
	fns     []reflect.Value
	hooks   []hookFunc
	errs    []error
}

// Given registers a step that brings about a state.
//
// The expression is a Cucumber Expression, or a regular expression if it starts
// with ^; then it must end with $, and each of its outer capture groups is an
// argument.
//
// The function is func(ctx context.Context, args…) error, or without ctx, or
// with the results (context.Context, error). There is one argument for each
// parameter, and one more, last, if the step has a table (a [Table]) or a doc
// string (*godog.DocString); a step with both has both, in either order. The
// built-in parameters give numbers ({int}, {float} and their like, to any Go number of that kind
// that can hold the value) and text ({string}, {word}, {}, to any type that
// [Rows] could fill a field of). A parameter type of ours gives exactly the Go
// type of its parse function.
func (r *Registrar) Given(expression string, fn any) { r.add(Given, expression, fn) }

// When registers a step that does something; otherwise it is [Registrar.Given].
func (r *Registrar) When(expression string, fn any) { r.add(When, expression, fn) }

// Then registers a step that checks something; otherwise it is [Registrar.Given].
func (r *Registrar) Then(expression string, fn any) { r.add(Then, expression, fn) }

// Step registers a step that reads well after any keyword; otherwise it is
// [Registrar.Given].
func (r *Registrar) Step(expression string, fn any) { r.add(AnyKeyword, expression, fn) }

func (r *Registrar) add(keyword Keyword, expression string, fn any) {
	if r.binding != nil {
		r.bind(expression, fn)
		return
	}
	made := &definition{
		keyword: keyword, expression: expression, at: caller(3), from: callerPackage(3), fn: reflect.TypeOf(fn),
	}
	r.draft.steps, r.draft.order = append(r.draft.steps, made), append(r.draft.order, made)
}

// bind takes the function for the next definition. It runs for every step of
// every scenario, so it does no more than notice that the order has changed.
func (r *Registrar) bind(expression string, fn any) {
	next := len(r.fns)
	value := reflect.ValueOf(fn)
	r.fns = append(r.fns, value)
	if len(r.errs) > 0 || next >= len(r.binding.steps) {
		return // reported once, by Bind
	}
	def := r.binding.steps[next]
	switch {
	case def.expression != expression:
		r.errs = append(r.errs, fmt.Errorf(
			"registration %d is %q, but it was %q (%s) when the definitions were compiled: define must register the same steps each time",
			next+1, expression, def.expression, def.at))
	case !value.IsValid() || value.Type() != def.fn:
		r.errs = append(r.errs, fmt.Errorf("%s: %q has a function of type %T, but it was %s when the definitions were compiled",
			def.at, expression, fn, def.fn))
	case value.IsNil():
		r.errs = append(r.errs, fmt.Errorf("%s: the function of %q is nil", def.at, expression))
	}
}

// Parameter registers the parameter type {name}: text that the pattern matches
// becomes the T that parse returns.
//
// The pattern is a regular expression without anchors and flags. If it has
// capture groups then parse is given the texts of the outer ones, "" for one
// that took no part in the match; otherwise it is given the whole text. An
// error from parse fails the step, or the conversion of the table's cell.
//
// Several parameter types may give the same T. A table's cell is then read by
// the first registered one whose pattern matches it.
func Parameter[T any](r *Registrar, name, pattern string, parse func(groups []string) (T, error)) {
	if r.binding != nil {
		return
	}
	p := &parameter{name: name, pattern: pattern, typ: reflect.TypeFor[T](), at: caller(2)}
	if parse != nil {
		p.parse = func(groups []string) (reflect.Value, error) {
			value, err := parse(groups)
			return reflect.ValueOf(&value).Elem(), err
		}
	}
	r.draft.parameters, r.draft.order = append(r.draft.parameters, p), append(r.draft.order, p)
}

// callerPackage is the path of the package of a caller.
func callerPackage(skip int) string {
	pc, _, _, _ := runtime.Caller(skip)
	function := runtime.FuncForPC(pc).Name() // such as example.org/lending.(*desk).define
	folder, name := path.Split(function)
	name, _, _ = strings.Cut(name, ".")
	return folder + name
}

func caller(skip int) Location {
	_, file, line, _ := runtime.Caller(skip)
	return Location{File: file, Line: line}
}
