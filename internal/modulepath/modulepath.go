package modulepath

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"path"
	"strings"

	"golang.org/x/mod/module"
)

// Check returns an error, which says what the path should be, unless others could
// import a module of this path.
func Check(modulePath string) error {
	const form = "a module path is host/owner/name, such as git.example.org/depot/sorting"
	switch {
	case modulePath == "":
		return errors.New("no module path is given: " + form)
	case strings.ContainsAny(modulePath, " \t\n"):
		return fmt.Errorf("%q is no module path: it has a blank in it; %s", modulePath, form)
	case strings.Contains(modulePath, "://"):
		_, rest, _ := strings.Cut(modulePath, "://")
		return fmt.Errorf("%q is an address, not a module path: write %s", modulePath, strings.TrimSuffix(strings.Trim(rest, "/"), ".git"))
	case strings.HasSuffix(modulePath, "/"):
		return fmt.Errorf("%q is no module path: it ends with a slash; write %s", modulePath, strings.TrimRight(modulePath, "/"))
	}
	if first, _, _ := strings.Cut(modulePath, "/"); first != "" && !strings.Contains(first, ".") {
		return fmt.Errorf("%q is no module path that others could import: its first element, %q, is no host, since it has no dot; %s", modulePath, first, form)
	}
	if err := module.CheckPath(modulePath); err != nil {
		if invalid, ok := errors.AsType[*module.InvalidPathError](err); ok {
			err = invalid.Err // without the path again
		}
		return fmt.Errorf("%q is no module path: %w; %s", modulePath, err, form)
	}
	return nil
}

// Replace has a text name the path to wherever it names from, or a package below
// it. Longer words that hold it, such as from-docs or www.from, stay.
func Replace(text, from, to string) string {
	var replaced strings.Builder
	copied := 0
	for looked := 0; ; {
		begin := strings.Index(text[looked:], from)
		if begin < 0 {
			replaced.WriteString(text[copied:])
			return replaced.String()
		}
		begin += looked
		looked = begin + len(from)
		if alone(text, begin, looked) {
			replaced.WriteString(text[copied:begin] + to)
			copied = looked
		}
	}
}

// alone tells whether a path that stands at text[i:end] is no part of a longer
// word. A dot may end a sentence.
func alone(text string, i, end int) bool {
	if i > 0 && (inWord(text[i-1]) || text[i-1] == '.') {
		return false
	}
	if end < len(text) && text[end] == '.' {
		end++
	}
	return end >= len(text) || !inWord(text[end])
}

func inWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_-~", c) >= 0
}

// Tidy formats a file of Go that was changed by [Replace], which may have changed
// the order of its imports, or how far to the right its columns are. A file that
// was not formatted before is left as it is, and so is any other file.
func Tidy(name string, before, after []byte) []byte {
	if path.Ext(name) != ".go" {
		return after
	}
	if formatted, err := format.Source(before); err != nil || !bytes.Equal(formatted, before) {
		return after
	}
	if formatted, err := format.Source(after); err == nil {
		return formatted
	}
	return after
}
