package gherkin

import (
	"fmt"
	"go/token"
	"reflect"
	"slices"
	"strings"

	expressions "github.com/cucumber/cucumber-expressions/go/v18"
	messages "github.com/cucumber/messages/go/v34"
)

// Match is a definition that matches a step's text.
type Match struct {
	Step StepInfo
	Args []Arg
}

// Arg is the part of a step's text that a parameter took.
type Arg struct {
	Parameter string // its name, "" in a regular expression
	Group
}

// Group is what a capture group took of a step's text.
type Group struct {
	Text       string
	Start, End int     // in bytes; both -1 for a group that took no part
	Inner      []Group // the groups directly within it
}

// Match returns the definitions that match the text, without calling any: none
// means that the step is undefined, and more than one that it is ambiguous.
func (d *Definitions) Match(text string) []Match {
	var found []Match
	for _, def := range d.steps {
		if def.broken {
			continue
		}
		index := def.pattern.FindStringSubmatchIndex(text)
		if index == nil {
			continue
		}
		match := Match{Step: def.info()}
		for _, arg := range def.args {
			match.Args = append(match.Args, Arg{Parameter: arg.name, Group: arg.group.matched(text, index)})
		}
		found = append(found, match)
	}
	return found
}

// Suggest writes the registration that an undefined step lacks, such as
//
//	r.Then("the reader {string} pays {money}", func(ctx context.Context, string1 string, money library.Money) error {
//		return gherkin.Pending("not written yet")
//	})
//
// It is meant for the package that has registered the first step, whose own types
// go by their bare names. argument is the step's table, doc string or both, or nil.
func (d *Definitions) Suggest(keyword Keyword, text string, argument *messages.PickleStepArgument) string {
	expression, parameters := d.generate(text)
	params := []string{"ctx context.Context"}
	taken := map[string]int{}
	for _, p := range parameters {
		name, goType := p.Name(), p.Type()
		if ours := d.types.byName[name]; ours != nil {
			goType = typeIn(d.home(), ours.typ)
		}
		if !token.IsIdentifier(name) {
			name = "arg"
		}
		if goType == "float32" {
			goType = "float64"
		}
		taken[name]++
		if n := taken[name]; n > 1 || name == goType {
			name = fmt.Sprintf("%s%d", name, n)
		}
		params = append(params, name+" "+goType)
	}
	if argument != nil {
		extras := []string{}
		if argument.DataTable != nil {
			extras = append(extras, "table gherkin.Table")
		}
		if argument.DocString != nil {
			extras = append(extras, "doc *godog.DocString")
		}
		if len(extras) == 2 && argument.DocString.ArgumentIndex < argument.DataTable.ArgumentIndex {
			slices.Reverse(extras)
		}
		params = append(params, extras...)
	}
	return fmt.Sprintf("r.%s(%s, func(%s) error {\n\treturn gherkin.Pending(\"not written yet\")\n})",
		keyword, literal(expression), strings.Join(params, ", "))
}

// home is the package that has registered the first step, "" if there is none.
func (d *Definitions) home() string {
	if len(d.steps) == 0 {
		return ""
	}
	return d.steps[0].from
}

// typeIn is how a type is written in a package. One that is not exported can only be
// used in its own.
func typeIn(pkg string, t reflect.Type) string {
	switch {
	case t.Name() != "" && (t.PkgPath() == pkg || !token.IsExported(t.Name())):
		return t.Name()
	case t.Name() != "":
		return t.String()
	case t.Kind() == reflect.Slice:
		return "[]" + typeIn(pkg, t.Elem())
	case t.Kind() == reflect.Pointer:
		return "*" + typeIn(pkg, t.Elem())
	case t.Kind() == reflect.Map:
		return "map[" + typeIn(pkg, t.Key()) + "]" + typeIn(pkg, t.Elem())
	default:
		return t.String()
	}
}

// generate falls back to the text itself if the library cannot cope with it.
func (d *Definitions) generate(text string) (expression string, parameters []*expressions.ParameterType) {
	defer func() {
		if recover() != nil {
			expression, parameters = text, nil
		}
	}()
	generated := expressions.NewCucumberExpressionGenerator(d.registry).GenerateExpressions(text)
	if len(generated) == 0 {
		return text, nil
	}
	// Of several equal choices, one with parameter types of ours says more.
	best := slices.MaxFunc(generated, func(a, b *expressions.GeneratedExpression) int { return d.ours(a) - d.ours(b) })
	return d.preferInt(text, best.Source(), best.ParameterTypes())
}

// preferInt puts {int} for {float} wherever the expression still matches. The
// library offers both, but the lists of parameters that it returns share
// memory, so that the last offer overwrites the others.
func (d *Definitions) preferInt(text, expression string, parameters []*expressions.ParameterType) (string, []*expressions.ParameterType) {
	const float, whole = "{float}", "{int}"
	parameters = slices.Clone(parameters)
	from := 0
	for i, p := range parameters {
		if p.Name() != "float" {
			continue
		}
		at := strings.Index(expression[from:], float)
		if at < 0 {
			break
		}
		at += from
		from = at + len(float)
		candidate := expression[:at] + whole + expression[at+len(float):]
		if re, err := compileCucumber(candidate, d.registry); err == nil && re.MatchString(text) {
			expression, from = candidate, at+len(whole)
			parameters[i] = d.registry.LookupByTypeName("int")
		}
	}
	return expression, parameters
}

func (d *Definitions) ours(g *expressions.GeneratedExpression) int {
	count := 0
	for _, p := range g.ParameterTypes() {
		if _, ok := d.types.byName[p.Name()]; ok {
			count++
		}
	}
	return count
}

func literal(text string) string {
	if strings.ContainsAny(text, "\"\\") && !strings.Contains(text, "`") {
		return "`" + text + "`"
	}
	return fmt.Sprintf("%q", text)
}
