package gherkin

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	expressions "github.com/cucumber/cucumber-expressions/go/v18"
)

// converter makes a value of the texts of a group.
type converter func(texts []string) (reflect.Value, error)

// parameter is a registered parameter type.
type parameter struct {
	name    string
	pattern string
	typ     reflect.Type
	parse   converter
	at      Location

	whole *regexp.Regexp // ^(pattern)$, for a table's cell
	group capture
}

func (p *parameter) info() ParameterInfo {
	return ParameterInfo{Name: p.name, Pattern: p.pattern, Type: p.typ, Location: p.at}
}

// types knows how text becomes a value. It is immutable once compiled.
type types struct {
	parameters []*parameter // in the order of registration
	byName     map[string]*parameter
	byType     map[reflect.Type][]*parameter
}

func compileParameters(list []*parameter, registry *expressions.ParameterTypeRegistry, report func(Location, error)) *types {
	t := &types{byName: map[string]*parameter{}, byType: map[reflect.Type][]*parameter{}}
	for _, p := range list {
		if first, twice := t.byName[p.name]; twice {
			report(p.at, fmt.Errorf("the parameter type {%s} is already defined at %s", p.name, first.at))
			continue
		}
		// Known even if it is wrong: its uses should not be reported as well.
		t.parameters = append(t.parameters, p)
		t.byName[p.name] = p
		t.byType[p.typ] = append(t.byType[p.typ], p)
		if err := p.compile(registry); err != nil {
			report(p.at, fmt.Errorf("the parameter type {%s}: %w", p.name, err))
		}
	}
	return t
}

func (p *parameter) compile(registry *expressions.ParameterTypeRegistry) error {
	re, err := regexp.Compile(p.pattern)
	// A stand-in keeps one bad pattern from making every use an error.
	define := func(re *regexp.Regexp) error {
		made, err := expressions.NewParameterType(p.name, []*regexp.Regexp{re}, p.typ.String(), nil, true, false, false)
		if err != nil {
			return err
		}
		return registry.DefineParameterType(made)
	}
	var problems []error
	switch {
	case p.name == "":
		return errors.New("it needs a name")
	case err != nil:
		problems = append(problems, fmt.Errorf("its pattern is not a regular expression: %w", err))
		re = regexp.MustCompile(`.*`)
	case re.MatchString(""): // the library's generator of expressions would never end
		problems = append(problems, fmt.Errorf("its pattern %q matches the empty text", p.pattern))
	}
	if p.parse == nil {
		problems = append(problems, errors.New("its parse function is nil"))
	}
	if err := define(re); err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	p.whole = regexp.MustCompile("^(" + p.pattern + ")$")
	groups, err := captures(p.whole.String())
	if err != nil {
		return err
	}
	p.group = groups[0]
	return nil
}

// forArgument finds how the parameter {name} becomes a value of type t. The
// name is "" for a group of a regular expression. The error continues the
// words "argument 1".
func (t *types) forArgument(name string, typ reflect.Type) (converter, error) {
	if p, ours := t.byName[name]; ours && name != "" {
		if !p.typ.AssignableTo(typ) {
			return nil, fmt.Errorf("is %s, but {%s} gives %s", typ, name, p.typ)
		}
		return p.parse, nil
	}
	switch name {
	case "int", "byte", "short", "long", "biginteger":
		if k := typ.Kind(); k < reflect.Int || k > reflect.Uint64 {
			return nil, fmt.Errorf("is %s, but {%s} gives a whole number", typ, name)
		}
		return t.fromText(typ), nil
	case "float", "double", "bigdecimal":
		if k := typ.Kind(); k != reflect.Float32 && k != reflect.Float64 {
			return nil, fmt.Errorf("is %s, but {%s} gives a float32 or float64", typ, name)
		}
		return t.fromText(typ), nil
	}
	if !t.readable(typ) {
		return nil, fmt.Errorf("is %s, which no parameter type gives and text cannot be turned into", typ)
	}
	if name == "string" {
		read := t.fromText(typ)
		return func(texts []string) (reflect.Value, error) { return read([]string{unquote(texts)}) }, nil
	}
	return t.fromText(typ), nil
}

// unquote joins the two groups of {string}, of which one is empty, and takes
// the backslash from before a quotation mark.
func unquote(texts []string) string {
	return strings.NewReplacer(`\"`, `"`, `\'`, `'`).Replace(strings.Join(texts, ""))
}

func (t *types) fromText(typ reflect.Type) converter {
	return func(texts []string) (reflect.Value, error) { return t.read(typ, texts[0]) }
}

// readable tells whether read can make a value of the type.
func (t *types) readable(typ reflect.Type) bool {
	if len(t.byType[typ]) > 0 || reflect.PointerTo(typ).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	switch k := typ.Kind(); k {
	case reflect.Pointer:
		return t.readable(typ.Elem())
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64:
		return true
	default:
		return k >= reflect.Int && k <= reflect.Uint64
	}
}

// read makes a value of text: by a parameter type for exactly that Go type, by
// its UnmarshalText, or by its kind.
func (t *types) read(typ reflect.Type, text string) (reflect.Value, error) {
	if ours := t.byType[typ]; len(ours) > 0 {
		return readParameter(ours, text)
	}
	value := reflect.New(typ)
	if u, ok := value.Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return reflect.Value{}, fmt.Errorf("%q is not a %s: %w", text, typ, err)
		}
		return value.Elem(), nil
	}
	set := value.Elem()
	var err error
	switch kind := typ.Kind(); kind {
	case reflect.Pointer:
		inner, err := t.read(typ.Elem(), text)
		if err != nil {
			return reflect.Value{}, err
		}
		set.Set(reflect.New(typ.Elem()))
		set.Elem().Set(inner)
		return set, nil
	case reflect.String:
		set.SetString(text)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		set.SetBool(b)
	case reflect.Float32, reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(text, typ.Bits())
		set.SetFloat(f)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		var n int64
		if is[time.Duration](typ) {
			var d time.Duration
			d, err = time.ParseDuration(text)
			n = int64(d)
		} else {
			n, err = strconv.ParseInt(text, 10, typ.Bits())
		}
		set.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(text, 10, typ.Bits())
		set.SetUint(n)
	default:
		return reflect.Value{}, fmt.Errorf("text cannot be turned into a %s: register a parameter type for it", typ)
	}
	if err != nil {
		if errors.Is(err, strconv.ErrRange) {
			return reflect.Value{}, fmt.Errorf("%s is out of the range of %s", text, typ)
		}
		return reflect.Value{}, fmt.Errorf("%q is not a %s", text, typ)
	}
	return set, nil
}

func readParameter(choices []*parameter, text string) (reflect.Value, error) {
	names := make([]string, len(choices))
	for i, p := range choices {
		if index := p.whole.FindStringSubmatchIndex(text); index != nil {
			value, err := p.parse(p.group.texts(text, index))
			if err != nil {
				return reflect.Value{}, fmt.Errorf("%q is not a {%s}: %w", text, p.name, err)
			}
			return value, nil
		}
		names[i] = fmt.Sprintf("{%s}, which is like %s", p.name, p.pattern)
	}
	return reflect.Value{}, fmt.Errorf("%q is not a %s", text, strings.Join(names, ", nor a "))
}
