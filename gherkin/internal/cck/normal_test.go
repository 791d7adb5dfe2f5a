package cck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// normal returns the lines of a file without what may differ.
func normal(t *testing.T, name string) []string {
	t.Helper()
	content, err := os.ReadFile(name)
	check.Must(t, err)
	n := normaliser{ids: map[string]string{}}
	var list []string
	for line := range bytes.Lines(content) {
		var envelope map[string]any
		if err := json.Unmarshal(line, &envelope); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		n.object(envelope)
		plain, err := json.Marshal(envelope) // sorted by key
		check.Must(t, err)
		list = append(list, string(plain))
	}
	return list
}

// normaliser names ids by the order in which they come up.
type normaliser struct{ ids map[string]string }

func (n *normaliser) object(o map[string]any) {
	if exception, ok := o["exception"].(map[string]any); ok {
		delete(exception, "type")
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		value := o[key]
		switch {
		case dropped(key):
			delete(o, key)
		case key == "uri":
			o[key] = path.Base(value.(string))
		case key == "id" || strings.HasSuffix(key, "Id"):
			o[key] = n.id(value.(string))
		case strings.HasSuffix(key, "Ids"):
			for i, id := range value.([]any) {
				value.([]any)[i] = n.id(id.(string))
			}
		default:
			n.value(value)
		}
	}
}

func (n *normaliser) value(value any) {
	switch v := value.(type) {
	case map[string]any:
		n.object(v)
	case []any:
		for _, inner := range v {
			n.value(inner)
		}
	}
}

func (n *normaliser) id(id string) string {
	if n.ids[id] == "" {
		n.ids[id] = fmt.Sprintf("id%d", len(n.ids)+1)
	}
	return n.ids[id]
}

// dropped tells keys whose values may differ: times, places, and what an
// implementation says of itself or in its own language.
func dropped(key string) bool {
	switch key {
	case "timestamp", "duration", "sourceReference", "stackTrace", "snippets", "meta":
		return true
	}
	return false
}

// difference lists the lines that only one of two files has, or tells that only
// their order differs.
func difference(want, got []string) string {
	count := map[string]int{}
	for _, line := range want {
		count[line]++
	}
	var text strings.Builder
	for _, line := range got {
		if count[line]--; count[line] < 0 {
			fmt.Fprintf(&text, "+ %s\n", line)
		}
	}
	for _, line := range want {
		if count[line] > 0 {
			count[line]--
			fmt.Fprintf(&text, "- %s\n", line)
		}
	}
	if text.Len() == 0 {
		return "the same lines, in another order\n"
	}
	return text.String()
}
