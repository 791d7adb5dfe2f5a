package gherkin

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	expressions "github.com/cucumber/cucumber-expressions/go/v18"
)

// compileCucumber uses the official library for the syntax, and for its errors,
// which point at the place with a caret. The library panics on some patterns.
func compileCucumber(expression string, registry *expressions.ParameterTypeRegistry) (re *regexp.Regexp, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%q cannot be compiled: %v", expression, p)
		}
	}()
	compiled, err := expressions.NewCucumberExpression(expression, registry)
	if err != nil {
		// Its message has several lines; the expression and the caret line up
		// only if they are indented alike.
		return nil, errors.New(strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n    "))
	}
	return compiled.Regexp(), nil
}

// parameterNames lists the {names} of a well-formed Cucumber Expression.
func parameterNames(expression string) []string {
	names := []string{}
	start := -1
	for i := 0; i < len(expression); i++ {
		switch expression[i] {
		case '\\':
			i++
		case '{':
			start = i + 1
		case '}':
			if start >= 0 {
				names = append(names, expression[start:i])
			}
			start = -1
		}
	}
	return names
}

// capture is a capture group with the groups directly within it. The number is
// that of the regexp package.
type capture struct {
	index int
	inner []capture
}

// captures finds the groups that are not within another from the syntax tree,
// where classes and escapes cannot be mistaken for parentheses.
func captures(pattern string) ([]capture, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return capturesIn(tree), nil
}

func capturesIn(re *syntax.Regexp) []capture {
	var found []capture
	for _, sub := range re.Sub {
		found = append(found, capturesIn(sub)...)
	}
	if re.Op == syntax.OpCapture {
		return []capture{{index: re.Cap, inner: found}}
	}
	return found
}

// part returns the group's text, "" if it took no part in the match.
func (c capture) part(text string, index []int) string {
	if index[2*c.index] < 0 {
		return ""
	}
	return text[index[2*c.index]:index[2*c.index+1]]
}

// texts returns the texts of the inner groups, or of the group itself if it has none.
func (c capture) texts(text string, index []int) []string {
	if len(c.inner) == 0 {
		return []string{c.part(text, index)}
	}
	texts := make([]string, len(c.inner))
	for i, group := range c.inner {
		texts[i] = group.part(text, index)
	}
	return texts
}

// matched returns the group with its place in the text.
func (c capture) matched(text string, index []int) Group {
	g := Group{Text: c.part(text, index), Start: index[2*c.index], End: index[2*c.index+1]}
	for _, inner := range c.inner {
		g.Inner = append(g.Inner, inner.matched(text, index))
	}
	return g
}

// anchored tells whether a pattern starts with ^ and ends with $, around the
// whole of it: in ^a|b$ they belong to its parts.
func anchored(pattern string) bool {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || tree.Op != syntax.OpConcat {
		return false
	}
	return strings.HasPrefix(pattern, "^") && tree.Sub[0].Op == syntax.OpBeginText &&
		strings.HasSuffix(pattern, "$") && tree.Sub[len(tree.Sub)-1].Op == syntax.OpEndText
}
