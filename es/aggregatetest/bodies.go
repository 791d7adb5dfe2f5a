package aggregatetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// Bodies are the stored forms of an aggregate's events. For each event the file
// testdata/golden/<type>.json holds its body, byte by byte as it is written.
type Bodies[E any] struct {
	Codec   *es.Codec[E]
	Events  []Stored[E]         // one of each type
	Unknown []string            // types that are skipped
	AnyCase []string            // properties of which the texts mean the same in upper case
	Refused map[string][]string // by property, JSON that it must not hold; each is also refused if it is missing
	Equal   cmp.Options         // how events compare
}

// Stored is an event and another form of its body that is to be read as well,
// such as the one that PostgreSQL's jsonb gives back.
type Stored[E any] struct {
	Type  string
	Event E
	JSONB string
}

// Test proves that bodies are written and read as the golden files say, and that
// none is read which says less.
func (b Bodies[E]) Test(t *testing.T) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Stored[E], string){
		"written and read as it is stored": b.golden,
		"what is not known is ignored":     b.ignores,
		"texts in upper case":              b.anyCase,
		"each property is required":        b.requires,
		"no object":                        b.noObject,
	} {
		for _, stored := range b.Events {
			t.Run(name+"/"+stored.Type, func(t *testing.T) {
				t.Parallel()
				test(t, stored, read(t, stored.Type))
			})
		}
	}
	t.Run("unknown types are skipped", func(t *testing.T) {
		t.Parallel()
		for _, name := range b.Unknown {
			if event, ok, err := b.Codec.Decode(name, []byte("{}")); any(event) != nil || ok || err != nil {
				t.Errorf("%q: got %v, known %t, error %v; want nothing", name, event, ok, err)
			}
		}
	})
}

func (b Bodies[E]) golden(t *testing.T, stored Stored[E], golden string) {
	t.Helper()
	name, body, err := b.Codec.Encode(stored.Event)
	if err != nil || name != stored.Type || string(body) != golden {
		t.Errorf("encode: error %v\ngot  %s %s\nwant %s %s", err, name, body, stored.Type, golden)
	}
	b.accepts(t, stored.Type, golden, stored.Event)
	b.accepts(t, stored.Type, stored.JSONB, stored.Event)
}

func (b Bodies[E]) ignores(t *testing.T, stored Stored[E], golden string) {
	t.Helper()
	more := `{"notKnown": {"at": 7}, `
	for _, name := range slices.Sorted(maps.Keys(parse(t, golden))) {
		more += `"` + strings.ToUpper(name) + `": null, ` // names are case-sensitive
	}
	b.accepts(t, stored.Type, more+strings.TrimPrefix(golden, "{"), stored.Event)
}

func (b Bodies[E]) anyCase(t *testing.T, stored Stored[E], golden string) {
	t.Helper()
	properties := parse(t, golden)
	for name, value := range properties {
		if slices.Contains(b.AnyCase, name) {
			properties[name] = json.RawMessage(strings.ToUpper(string(value)))
		}
	}
	b.accepts(t, stored.Type, marshal(t, properties), stored.Event)
}

// requires damages each property.
func (b Bodies[E]) requires(t *testing.T, stored Stored[E], golden string) {
	t.Helper()
	for name := range parse(t, golden) {
		if len(b.Refused[name]) == 0 {
			t.Errorf("%s is not tested", name)
		}
		damaged := parse(t, golden)
		damaged[strings.ToUpper(name)] = damaged[name]
		delete(damaged, name)
		b.refuses(t, stored.Type, marshal(t, damaged))
		for _, value := range b.Refused[name] {
			damaged := parse(t, golden)
			damaged[name] = json.RawMessage(value)
			b.refuses(t, stored.Type, marshal(t, damaged))
		}
	}
}

func (b Bodies[E]) noObject(t *testing.T, stored Stored[E], golden string) {
	t.Helper()
	notJSON := strings.Replace(golden, ":", ":twelve,", 1)
	for _, body := range []string{"", " ", "null", "[]", "[" + golden + "]", "7", golden[1:], golden + golden, golden[:len(golden)-1], notJSON} {
		b.refuses(t, stored.Type, body)
	}
}

// Fuzz reads bodies at random: whatever is accepted can be stored again, and has
// one form.
func (b Bodies[E]) Fuzz(f *testing.F) {
	f.Helper()
	for _, stored := range b.Events {
		f.Add(stored.Type, []byte(read(f, stored.Type)))
		f.Add(stored.Type, []byte(stored.JSONB))
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		event, ok, err := b.Codec.Decode(name, body)
		if err != nil || !ok {
			return
		}
		again, canonical, err := b.Codec.Encode(event)
		if err != nil || again != name {
			t.Fatalf("%s %s was accepted, and encoded as %s with error %v", name, body, again, err)
		}
		b.accepts(t, name, string(canonical), event)
		if _, twice, err := b.Codec.Encode(event); err != nil || string(twice) != string(canonical) {
			t.Errorf("%s became %s, then %s and error %v", body, canonical, twice, err)
		}
	})
}

func (b Bodies[E]) accepts(t *testing.T, name, body string, want E) {
	t.Helper()
	got, ok, err := b.Codec.Decode(name, []byte(body))
	if err != nil || !ok {
		t.Errorf("decode %s %s: known %t, error %v", name, body, ok, err)
		return
	}
	check.Same(t, fmt.Sprintf("decode %s %s", name, body), want, got, b.Equal)
}

func (b Bodies[E]) refuses(t *testing.T, name, body string) {
	t.Helper()
	if event, ok, err := b.Codec.Decode(name, []byte(body)); err == nil || any(event) != nil || !ok {
		t.Errorf("decode %s %s: got %v, known %t and error %v, want an error", name, body, event, ok, err)
	}
}

// read is the golden body of a type.
func read(t testing.TB, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "golden", name+".json"))
	check.Must(t, err)
	return string(body)
}

func parse(t *testing.T, body string) map[string]json.RawMessage {
	t.Helper()
	var properties map[string]json.RawMessage
	check.Must(t, json.Unmarshal([]byte(body), &properties))
	return properties
}

func marshal(t *testing.T, properties map[string]json.RawMessage) string {
	t.Helper()
	body, err := json.Marshal(properties)
	check.Must(t, err)
	return string(body)
}
