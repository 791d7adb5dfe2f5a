package es

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type shaped struct {
	Name  string   `json:"name"`
	Parts []part   `json:"parts"`
	Tags  []string `json:"tags"`
	Far   float64
	Note  string `json:"note,omitzero"`
	none  int    //nolint:unused // a field that is not written
}

type part struct {
	Name  string `json:"name"`
	Parts []part `json:"parts"` // a type within itself
}

// bodies makes JSON that fits the type by and large: with properties that are missing,
// null, there twice, unknown, in another order, escaped, or of another type.
func bodies(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		space := rapid.SampledFrom([]string{"", "", " ", "\n\t"})
		text := rapid.SampledFrom([]string{`""`, `"a"`, `"a\"}],{"`, `"\\"`, `"é"`})
		values := []*rapid.Generator[string]{text, rapid.SampledFrom([]string{"null", "1", "-1.5e3", "true", "[]", "{}", `[[1],{"a":[null,"]"]}]`})}
		if depth > 0 {
			values = append(values, bodies(depth-1), rapid.Map(rapid.SliceOfN(bodies(depth-1), 0, 3), func(all []string) string { return "[" + strings.Join(all, ", ") + "]" }))
		}
		whole := []string{`"name":"a"`, `"parts":[]`, `"tags":["x","y"]`, `"Far":1.5`, `"note":"n"`}
		var properties []string
		for _, p := range whole {
			if rapid.IntRange(0, 9).Draw(t, "there") > 0 {
				properties = append(properties, p)
			}
		}
		for range rapid.IntRange(0, 2).Draw(t, "more") {
			name := rapid.SampledFrom([]string{`"name"`, `"parts"`, `"tags"`, `"Far"`, `"note"`, `"n\u0061me"`, `"other"`}).Draw(t, "name")
			properties = append(properties, name+space.Draw(t, "space")+":"+space.Draw(t, "space")+rapid.OneOf(values...).Draw(t, "value"))
		}
		properties = rapid.Permutation(properties).Draw(t, "order")
		return space.Draw(t, "space") + "{" + strings.Join(properties, space.Draw(t, "space")+",") + "}" + space.Draw(t, "space")
	})
}

// What a scan calls complete, the thorough check does too.
func TestAScanIsNeverMoreLenientThanTheCheck(t *testing.T) {
	t.Parallel()
	asked := shapeOf(reflect.TypeFor[shaped](), map[reflect.Type]*shape{})
	sure, whole := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(bodies(3).Draw(t, "body"))
		var into shaped
		if unmarshal(body, &into) != nil {
			return // and it is not scanned
		}
		complete, err := asked.complete(body), checkComplete(reflect.TypeFor[shaped](), body, "")
		if complete && err != nil {
			t.Fatalf("%s: the scan calls it complete, and %v", body, err)
		}
		if err == nil {
			whole++
		}
		if complete {
			sure++
		}
	})
	if sure == 0 || whole == 0 {
		t.Errorf("of %d complete bodies the scan was sure of %d, so this test proves little", whole, sure)
	}
}

func TestAScanIsSureOfWhatWasWritten(t *testing.T) {
	t.Parallel()
	asked := shapeOf(reflect.TypeFor[shaped](), map[reflect.Type]*shape{})
	for _, body := range []string{
		`{"name":"a","parts":[{"name":"\"}","parts":[]},{"name":"b","parts":[{"name":"","parts":[]}]}],"tags":["x"],"Far":1.5}`,
		` { "Far" : 1 , "x" : [ { "y" : null } , "]" ] , "tags" : [ ] , "parts" : [ ] , "name" : "" } `, // as jsonb may give it
	} {
		if !asked.complete([]byte(body)) {
			t.Errorf("%s: the scan is not sure that it is complete", body)
		}
	}
}
