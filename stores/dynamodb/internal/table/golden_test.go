package table

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/groupcheckout/internal/check"
)

const (
	sampleStays  = `{"at":"2026-11-23T11:35:27.687685+00:00","stays":["0f8fad5b-d9cb-469f-a165-70867728950e","21f7f8de-8051-5b89-8680-0195ef798b6a"]}`
	sampleMerged = `{"residuals":[{"stay":"0f8fad5b-d9cb-469f-a165-70867728950e","residual":58.50}]}`
	sampleFailed = `{"stays":["21f7f8de-8051-5b89-8680-0195ef798b6a"]}`
	sampleT      = `{"S":"2026-11-23T11:35:27.6876850+00:00"}`
)

// What Equinox writes for the sample appends, item by item and attribute by
// attribute. A group's first append:
const goldenFirst = `{
 "p":{"S":"$stream"}, "i":{"N":"2147483647"}, "b":{"N":"0"}, "n":{"N":"1"}, "a":{"N":"1"}, "etag":{"S":"etag-1"},
 "c":{"L":[{"S":"StaysSelected"}]},
 "e":{"L":[{"M":{"t":` + sampleT + `,"d":{"B":"$stays"}}}]}}`

// Two events more in the same tip:
const goldenSecond = `{
 "p":{"S":"$stream"}, "i":{"N":"2147483647"}, "b":{"N":"0"}, "n":{"N":"3"}, "a":{"N":"2"}, "etag":{"S":"etag-2"},
 "c":{"L":[{"S":"StaysSelected"},{"S":"StaysMerged"},{"S":"MergesFailed"}]},
 "e":{"L":[{"M":{"t":` + sampleT + `,"d":{"B":"$stays"}}},{"M":{"t":` + sampleT + `,"d":{"B":"$merged"}}},{"M":{"t":` + sampleT + `,"d":{"B":"$failed"}}}]}}`

// The same two, where a tip holds two events at most:
const goldenCalf = `{
 "p":{"S":"$stream"}, "i":{"N":"0"}, "n":{"N":"1"},
 "c":{"L":[{"S":"StaysSelected"}]},
 "e":{"L":[{"M":{"t":` + sampleT + `,"d":{"B":"$stays"}}}]}}`

const goldenCalved = `{
 "p":{"S":"$stream"}, "i":{"N":"2147483647"}, "b":{"N":"182"}, "n":{"N":"3"}, "a":{"N":"2"}, "etag":{"S":"etag-2"},
 "c":{"L":[{"S":"StaysMerged"},{"S":"MergesFailed"}]},
 "e":{"L":[{"M":{"t":` + sampleT + `,"d":{"B":"$merged"}}},{"M":{"t":` + sampleT + `,"d":{"B":"$failed"}}}]}}`

func TestGoldenItems(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		maxEvents int
		want      []string
	}{
		"without a limit":     {0, []string{goldenSecond}},
		"two events in a tip": {2, []string{goldenCalf, goldenCalved}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := newStream(t)
			tab, _ := newTable(t, Config{MaxEvents: test.maxEvents, NewETag: counter("etag-")})
			tip := mustAppend(t, tab, NoTip(stream), Write{Events: []Event{event("StaysSelected", sampleStays)}})
			checkItems(t, items(t, stream), stream.String(), goldenFirst)
			if got, want := tip.bytes, 182; got != want {
				t.Errorf("estimate of the first event: got %d, want %d", got, want)
			}

			mustAppend(t, tab, tip, Write{Events: []Event{event("StaysMerged", sampleMerged), event("MergesFailed", sampleFailed)}})
			checkItems(t, items(t, stream), stream.String(), test.want...)
		})
	}
}

// counter returns a function that returns a text with the next number.
func counter(prefix string) func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("%s%d", prefix, n)
	}
}

func checkItems(t *testing.T, got []item, stream string, want ...string) {
	t.Helper()
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	fill := strings.NewReplacer("$stream", stream, "$stays", encode(sampleStays), "$merged", encode(sampleMerged), "$failed", encode(sampleFailed))
	var gotItems, wantItems []any
	for _, it := range got {
		gotItems = append(gotItems, dynamoJSON(&types.AttributeValueMemberM{Value: it}).(map[string]any)["M"])
	}
	for _, golden := range want {
		var it any
		check.Must(t, json.Unmarshal([]byte(fill.Replace(golden)), &it))
		wantItems = append(wantItems, it)
	}
	check.Same(t, "items", wantItems, gotItems)
}

// dynamoJSON is a value as DynamoDB's own JSON writes it.
func dynamoJSON(value types.AttributeValue) any {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": value.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": value.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(value.Value)}
	case *types.AttributeValueMemberL:
		list := []any{}
		for _, element := range value.Value {
			list = append(list, dynamoJSON(element))
		}
		return map[string]any{"L": list}
	case *types.AttributeValueMemberM:
		object := map[string]any{}
		for name, member := range value.Value {
			object[name] = dynamoJSON(member)
		}
		return map[string]any{"M": object}
	}
	return fmt.Sprintf("unexpected %T", value)
}
