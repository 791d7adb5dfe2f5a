package es

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrNotJSON is returned for a body that no store can keep.
var ErrNotJSON = errors.New("not JSON that every store can keep")

// checkJSON accepts nothing at all, or one JSON value in UTF-8 that PostgreSQL's
// jsonb takes as well: it refuses an escaped NUL and half a surrogate pair.
// Duplicate names are refused, since jsonb would silently drop one.
func checkJSON(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	value := jsontext.Value(body)
	if !value.IsValid() {
		return fmt.Errorf("%w: %.200q", ErrNotJSON, body)
	}
	if bytes.Contains(body, []byte(`\u0000`)) && holdsNUL(value) {
		return fmt.Errorf("%w: a text in it holds a NUL character", ErrNotJSON)
	}
	return nil
}

// holdsNUL tells an escaped NUL from an escaped backslash before u0000.
func holdsNUL(value jsontext.Value) bool {
	decoder := jsontext.NewDecoder(bytes.NewReader(value))
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return false
		}
		if token.Kind() == '"' && strings.ContainsRune(token.String(), 0) {
			return true
		}
	}
}
