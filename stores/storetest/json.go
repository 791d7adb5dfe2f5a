package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/google/go-cmp/cmp"
)

// diffJSON returns how two bodies differ as JSON, and nothing if they do not.
// White space, the order of names and the way that text is escaped make no
// difference. The digits of a number do: 1.5 and 1.50 differ. A body that is
// absent equals only another that is absent.
func diffJSON(got, want []byte) string {
	if len(got) == 0 && len(want) == 0 {
		return ""
	}
	gotValue, err := decodeJSON(got)
	if err != nil {
		return fmt.Sprintf("got %.200q, which is no JSON (%v); want %.200q", got, err, want)
	}
	wantValue, err := decodeJSON(want)
	if err != nil {
		return fmt.Sprintf("got %.200q, want %.200q", got, want)
	}
	return cmp.Diff(wantValue, gotValue)
}

// decodeJSON keeps each number as the text that it was written as.
func decodeJSON(body []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, fmt.Errorf("more than one value")
	}
	return value, nil
}
