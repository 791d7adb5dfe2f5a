// Package oneline takes what people put around a setting off again. Most of them
// come from a file, a secret of Kubernetes or echo, which end in a line break.
package oneline

import (
	"errors"
	"strings"
	"unicode"
)

// What else than a blank stands around a setting unseen: the mark that editors
// write at the beginning of a file, and a blank of no width.
const unseen = "\ufeff\u200b"

var (
	errLineBreak = errors.New("it has a line break inside, and a setting is one line: was more than one put into it? In the password of a URL a line break is written %0A")
	errControl   = errors.New("it has a control character inside: type it again, or look at it with cat -v")
)

// Of is a setting without the blanks and line breaks around it. One with a line
// break or another control character inside is an error, which does not repeat it.
func Of(text string) (string, error) {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(unseen, r) })
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r':
			return "", errLineBreak
		case r != '\t' && unicode.IsControl(r):
			return "", errControl
		}
	}
	return text, nil
}

// Connection is [Of] for a connection string, whose end may be a blank that means
// something: in libpq's form one behind a backslash belongs to the value.
func Connection(text string) (string, error) {
	trimmed, err := Of(text)
	if err != nil {
		return "", err
	}
	backslashes := len(trimmed) - len(strings.TrimRight(trimmed, `\`))
	if end := strings.LastIndex(text, trimmed) + len(trimmed); backslashes%2 == 1 && end < len(text) && text[end] == ' ' {
		trimmed += " "
	}
	return trimmed, nil
}
