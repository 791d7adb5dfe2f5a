package es_test

import (
	stdjson "encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// parcel is an event with a field of every sort.
type parcel struct {
	Zone   string  `json:"zone"`
	Items  []item  `json:"items"`
	Weight float64 `json:"weight"`
	Note   string  `json:"note,omitzero"` // may be missing
	Plain  bool
	Secret string `json:"-"`
	hidden int
}

type item struct {
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

func (parcel) isEvent() {}

func parcelCodec() *es.Codec[event] {
	return es.NewCodec(es.On("Parcel", func(e parcel) event { return e }))
}

func TestABodyIsTheBareStruct(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		event parcel
		want  string
	}{
		{parcel{Weight: 1.5}, `{"zone":"","items":[],"weight":1.5,"Plain":false}`},
		{
			parcel{Zone: "<é>&'+", Items: []item{{Name: "a"}, {"b", []string{"c"}}}, Weight: 2, Note: "n", Plain: true, Secret: "s", hidden: 1},
			`{"zone":"<é>&'+","items":[{"name":"a","tags":[]},{"name":"b","tags":["c"]}],"weight":2,"note":"n","Plain":true}`,
		},
	} {
		name, body, err := parcelCodec().Encode(test.event)
		if err != nil || name != "Parcel" || string(body) != test.want {
			t.Errorf("got %s %s and error %v\nwant Parcel %s", name, body, err, test.want)
		}
	}
}

func TestWhatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		event event
		want  string
	}{
		{added{1}, "encode es_test.added: the codec has no case for it"},
		{nil, "encode <nil>: the codec has no case for it"},
		{parcel{Weight: math.NaN()}, "encode Parcel: "},
		{parcel{Zone: "\xff"}, "encode Parcel: "},
	} {
		name, body, err := parcelCodec().Encode(test.event)
		if _, ok := errors.AsType[*es.EncodeError](err); !ok || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%#v: got error %v, want an *EncodeError that starts with %q", test.event, err, test.want)
		}
		if name != "" || body != nil {
			t.Errorf("%#v: got %s %s beside the error", test.event, name, body)
		}
	}
}

func TestDecodeIsLenientWhereDotNETIs(t *testing.T) {
	t.Parallel()
	want := parcel{Zone: "z", Items: []item{{"a", []string{"b"}}}, Weight: 1.5, Plain: true}
	for name, body := range map[string]string{
		"as it was written":     `{"zone":"z","items":[{"name":"a","tags":["b"]}],"weight":1.5,"Plain":true}`,
		"spaces, another order": ` { "Plain": true, "items": [ { "tags": ["b"], "name": "a" } ], "zone": "z", "weight": 1.50 } `,
		"unknown properties":    `{"x":null,"zone":"z","items":[{"name":"a","y":{"zone":1},"tags":["b"]}],"Zone":7,"weight":1.5,"Plain":true}`,
		"escaped text":          `{"\u007aone":"\u007a","items":[{"name":"a","tags":["b"]}],"weight":15e-1,"Plain":true}`,
		"of two, the last counts": `{"zone":"y","items":[{"name":"q","tags":["q","q"]},{"name":"r","tags":[]}],` +
			`"zone":"z","items":[{"name":"p","name":"a","tags":["b"]}],"weight":1.5,"Plain":true}`,
		"of two, the null is first": `{"zone":null,"zone":"z","items":[{"name":"a","tags":["b"]}],"weight":1.5,"Plain":true}`,
	} {
		got, ok, err := parcelCodec().Decode("Parcel", []byte(body))
		if err != nil || !ok {
			t.Errorf("%s: got known %t and error %v", name, ok, err)
			continue
		}
		check.Same(t, name, event(want), got, cmp.AllowUnexported(parcel{}))
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ body, want string }{
		{``, "EOF"},
		{`null`, "the body is null"},
		{`true`, "boolean"},
		{`[]`, "array"},
		{`"zone"`, "string"},
		{`{`, "unexpected EOF"},
		{`{"zone":"z","items":[],"weight":1,"Plain":true}{}`, "after top-level value"},
		{`{"zone":"z","items":[,],"weight":1,"Plain":true}`, "invalid character"},
		{"{\"zone\":\"\xff\",\"items\":[],\"weight\":1,\"Plain\":true}", "UTF-8"},
		{`{}`, "the property /zone is missing"},
		{`{"Zone":"z","items":[],"weight":1,"Plain":true}`, "the property /zone is missing"},
		{`{"zone":null,"items":[],"weight":1,"Plain":true}`, "the property /zone is null"},
		{`{"zone":"z","zone":null,"items":[],"weight":1,"Plain":true}`, "the property /zone is null"},
		{`{"zone":"z","z\u006fne":null,"items":[],"weight":1,"Plain":true}`, "the property /zone is null"},
		{`{"zone":7,"items":[],"weight":1,"Plain":true}`, "/zone"},
		{`{"zone":"z","weight":1,"Plain":true}`, "the property /items is missing"},
		{`{"zone":"z","items":null,"weight":1,"Plain":true}`, "the property /items is null"},
		{`{"zone":"z","items":{},"weight":1,"Plain":true}`, "/items"},
		{`{"zone":"z","items":[null],"weight":1,"Plain":true}`, "the property /items/0 is null"},
		{`{"zone":"z","items":["a"],"weight":1,"Plain":true}`, "/items/0"},
		{`{"zone":"z","items":[{"name":"a","tags":[]},{"name":"a"}],"weight":1,"Plain":true}`, "the property /items/1/tags is missing"},
		{`{"zone":"z","items":[{"name":"a","tags":["b",null]}],"weight":1,"Plain":true}`, "the property /items/0/tags/1 is null"},
		{`{"zone":"z","items":[],"Plain":true}`, "the property /weight is missing"},
		{`{"zone":"z","items":[],"weight":"1","Plain":true}`, "/weight"},
		{`{"zone":"z","items":[],"weight":1,"note":null,"Plain":true}`, "the property /note is null"},
		{`{"zone":"z","items":[],"weight":1,"note":7,"Plain":true}`, "/note"},
		{`{"zone":"z","items":[],"weight":1,"plain":true}`, "the property /Plain is missing"},
	} {
		got, ok, err := parcelCodec().Decode("Parcel", []byte(test.body))
		if !ok || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got known %t and error %v, want one that says %q", test.body, ok, err, test.want)
		}
		if got != nil {
			t.Errorf("%s: got %v beside the error", test.body, got)
		}
	}
}

func TestAnUnknownTypeIsNotRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "parcel", "Parcels"} {
		got, ok, err := parcelCodec().Decode(name, []byte("not even JSON"))
		if got != nil || ok || err != nil {
			t.Errorf("%q: got %v, known %t, error %v; want nothing", name, got, ok, err)
		}
	}
}

func TestACodecHasOneCaseForEach(t *testing.T) {
	t.Parallel()
	identity := func(e added) event { return e }
	for want, cases := range map[string][]es.Case[event]{
		"es: two cases for the event type Added":      {es.On("Added", identity), es.On("Added", func(e reset) event { return e })},
		"es: two cases for the Go type es_test.added": {es.On("Added", identity), es.On("Increased", identity)},
	} {
		func() {
			defer func() { check.Equal(t, "panic", any(want), recover()) }()
			es.NewCodec(cases...)
		}()
	}
}

// BenchmarkDecode reads a body by a codec, and by encoding/json, which takes what the
// codec refuses.
func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"zone":"north","items":[{"name":"a","tags":["b","c"]},{"name":"d","tags":[]}],"weight":1.5,"Plain":true}`)
	codec := parcelCodec()
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := codec.Decode("Parcel", body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var p parcel
			check.Must(b, stdjson.Unmarshal(body, &p))
		}
	})
}
