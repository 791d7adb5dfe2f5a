package gherkin

import (
	"errors"
	"fmt"
	"strings"

	expressions "github.com/cucumber/tag-expressions/go/v6"
)

// ParseTags reads a standard tag expression, such as "@slow and not (@a or @b)".
// The empty one matches everything.
//
// It is stricter than the library, to which any word is a tag: "not slow" would
// match everything, and "@a,@b" or "@a && @b" nothing at all.
func ParseTags(expression string) (matches func(tags []string) bool, err error) {
	defer func() {
		if recover() != nil { // the library takes an operand that is not there
			err = fmt.Errorf("the tag expression %q is incomplete: a tag is missing", expression)
		}
	}()
	if strings.HasSuffix(expression, `\`) {
		return nil, fmt.Errorf("the tag expression %q ends in a backslash", expression)
	}
	for _, word := range strings.FieldsFunc(expression, func(r rune) bool { return strings.ContainsRune("() \t\n", r) }) {
		switch {
		case word == "and" || word == "or" || word == "not":
		case !strings.HasPrefix(word, "@"):
			return nil, fmt.Errorf("the tag expression %q has the word %q: there are tags, which start with @, and, or, not, and parentheses", expression, word)
		case strings.ContainsAny(word, ",&|~"):
			return nil, fmt.Errorf("the tag expression %q has %q: write and, or, not between tags", expression, word)
		}
	}
	parsed, err := expressions.Parse(expression)
	if err != nil {
		return nil, err // it quotes the expression
	}
	if parsed == nil {
		return nil, errors.New("the tag expression is malformed: " + expression)
	}
	return parsed.Evaluate, nil
}
