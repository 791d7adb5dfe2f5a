package gherkin

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	expressions "github.com/cucumber/tag-expressions/go/v6"
)

// ParseTags reads a standard tag expression, such as "@slow and not (@a or @b)".
// The empty one matches everything. A parenthesis, a backslash and a blank in a tag
// have a backslash before them, as [TagExpression] writes it.
//
// It is stricter than the library, to which any word is a tag: "not slow" would
// match everything, and "@a,@b" or "@a && @b" nothing at all.
func ParseTags(expression string) (matches func(tags []string) bool, err error) {
	defer func() {
		if recover() != nil { // the library takes an operand that is not there
			err = fmt.Errorf("the tag expression %q is incomplete: a tag is missing", expression)
		}
	}()
	words, whole := tagWords(expression)
	if !whole {
		return nil, fmt.Errorf("the tag expression %q ends in a backslash", expression)
	}
	for _, word := range words {
		switch name, tag := strings.CutPrefix(word, "@"); {
		case word == "and" || word == "or" || word == "not":
		case !tag:
			return nil, fmt.Errorf("the tag expression %q has the word %q: there are tags, which start with @, and, or, not, and parentheses", expression, word)
		case name == "":
			return nil, fmt.Errorf("the tag expression %q has an @ without a name", expression)
		case strings.Contains(name, "@"):
			return nil, fmt.Errorf("the tag expression %q has %q, and no tag has a second @: write and, or, not between tags, with blanks around them", expression, word)
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

// TagExpression is the expression that selects just a tag, such as @case\(1\) for
// @case(1).
func TagExpression(tag string) string {
	var b strings.Builder
	for _, r := range tag {
		if endsTag(r) || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// tagWords lists the words of an expression, without the backslashes in them. It is
// not whole if it ends in one.
func tagWords(expression string) (words []string, whole bool) {
	var word strings.Builder
	escaped := false
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
		}
		word.Reset()
	}
	for _, r := range expression {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case endsTag(r):
			end()
		default:
			word.WriteRune(r)
		}
	}
	end()
	return words, !escaped
}

func endsTag(r rune) bool { return r == '(' || r == ')' || unicode.IsSpace(r) }
