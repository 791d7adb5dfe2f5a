package es

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// StreamName names a stream: a category and an id, written Category-id. The
// category ends at the first dash, so the id may hold dashes itself. It is
// comparable and may be the key of a map. The zero value names no stream.
//
// Names are made by the rules of FsCodec's StreamName, so that a .NET program
// finds the same streams under the same names. Reading is stricter: neither
// part may be empty.
type StreamName struct {
	raw  string
	dash int
}

// NameError says that a text is not the name of a stream, of a category or of
// an element of an id, and why.
type NameError struct {
	Kind   string // "stream name", "category" or "id element"
	Value  string
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%q is not a %s: %s", e.Value, e.Kind, e.Reason)
}

// NewStreamName joins a category and the elements of an id, which are
// separated by an underscore. It returns a [*NameError] for a category that
// [ValidateCategory] refuses, for no element at all, and for an element that
// is empty or holds an underscore.
func NewStreamName(category string, elements ...string) (StreamName, error) {
	if err := ValidateCategory(category); err != nil {
		return StreamName{}, err
	}
	if len(elements) == 0 {
		return StreamName{}, &NameError{"stream name", category + "-", "an id needs at least one element"}
	}
	for _, element := range elements {
		switch {
		case element == "":
			return StreamName{}, &NameError{"id element", element, "it is empty"}
		case strings.Contains(element, "_"):
			return StreamName{}, &NameError{"id element", element, "an underscore separates elements and cannot stand within one"}
		}
		if err := validateText("id element", element); err != nil {
			return StreamName{}, err
		}
	}
	return StreamName{raw: category + "-" + strings.Join(elements, "_"), dash: len(category)}, nil
}

// ParseStreamName reads a name as it is stored: text before the first dash,
// which must be there and not come first, and an id behind it that is not
// empty. It returns a [*NameError] otherwise.
func ParseStreamName(raw string) (StreamName, error) {
	dash := strings.IndexByte(raw, '-')
	switch {
	case dash < 0:
		return StreamName{}, &NameError{"stream name", raw, "a dash must separate the category from the id"}
	case dash == 0:
		return StreamName{}, &NameError{"stream name", raw, "the category before the dash is empty"}
	case dash == len(raw)-1:
		return StreamName{}, &NameError{"stream name", raw, "the id after the dash is empty"}
	}
	if err := validateText("stream name", raw); err != nil {
		return StreamName{}, err
	}
	return StreamName{raw: raw, dash: dash}, nil
}

// ValidateCategory returns a [*NameError] unless the text can name a category:
// it is not empty, holds no dash, is UTF-8 and has no NUL in it.
func ValidateCategory(category string) error {
	switch {
	case category == "":
		return &NameError{"category", category, "it is empty"}
	case strings.Contains(category, "-"):
		return &NameError{"category", category, "a dash ends a category and cannot stand within one"}
	}
	return validateText("category", category)
}

func validateText(kind, text string) error {
	switch {
	case !utf8.ValidString(text):
		return &NameError{kind, text, "it is not UTF-8"}
	case strings.ContainsRune(text, 0):
		return &NameError{kind, text, "it holds a NUL character"}
	}
	return nil
}

// Category is the text before the first dash.
func (s StreamName) Category() string { return s.raw[:s.dash] }

// ID is the text after the first dash.
func (s StreamName) ID() string {
	if s.raw == "" {
		return ""
	}
	return s.raw[s.dash+1:]
}

// String is the name as it is stored.
func (s StreamName) String() string { return s.raw }

// IsZero tells whether s names no stream.
func (s StreamName) IsZero() bool { return s.raw == "" }
