package groupcheckout_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
)

// stored is an event as it is in testdata/golden, byte by byte what the .NET
// program writes, and as PostgreSQL's jsonb gives it back.
type stored struct {
	name  string
	event groupcheckout.Event
	jsonb string
}

func everyEvent() []stored {
	at := domain.MomentOf(time.Date(2026, 11, 23, 11, 35, 27, 687_685_000, time.UTC))
	anna := domain.StayID{0x0f, 0x8f, 0xad, 0x5b, 0xd9, 0xcb, 0x46, 0x9f, 0xa1, 0x65, 0x70, 0x86, 0x77, 0x28, 0x95, 0x0e}
	bert := domain.StayID{0x21, 0xf7, 0xf8, 0xde, 0x80, 0x51, 0x5b, 0x89, 0x86, 0x80, 0x01, 0x95, 0xef, 0x79, 0x8b, 0x6a}
	return []stored{
		{
			"StaysSelected",
			groupcheckout.StaysSelected{At: at, Stays: []domain.StayID{anna, bert}},
			`{"at": "2026-11-23T11:35:27.687685+00:00", "stays": ["0f8fad5b-d9cb-469f-a165-70867728950e", "21f7f8de-8051-5b89-8680-0195ef798b6a"]}`,
		},
		{
			"StaysMerged",
			groupcheckout.StaysMerged{Residuals: []groupcheckout.Residual{{Stay: anna, Residual: money("58.50")}}},
			`{"residuals": [{"stay": "0f8fad5b-d9cb-469f-a165-70867728950e", "residual": 58.50}]}`,
		},
		{
			"MergesFailed",
			groupcheckout.MergesFailed{Stays: []domain.StayID{bert}},
			`{"stays": ["21f7f8de-8051-5b89-8680-0195ef798b6a"]}`,
		},
		{
			"Paid",
			groupcheckout.Paid{
				Amount: money("58.50"), At: at,
				PaymentID: domain.PaymentID{0x16, 0xfd, 0x27, 0x06, 0x8b, 0xaf, 0x43, 0x3b, 0x82, 0xeb, 0x8c, 0x7f, 0xad, 0xa8, 0x47, 0xda},
			},
			`{"at": "2026-11-23T11:35:27.687685+00:00", "amount": 58.50, "paymentId": "16fd2706-8baf-433b-82eb-8c7fada847da"}`,
		},
		{
			"Confirmed",
			groupcheckout.Confirmed{At: at},
			`{"at": "2026-11-23T11:35:27.687685+00:00"}`,
		},
	}
}

func TestBodiesAreThoseOfDotNET(t *testing.T) {
	t.Parallel()
	codec := groupcheckout.Codec()
	for _, test := range everyEvent() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			golden := golden(t, test.name)
			name, body, err := codec.Encode(test.event)
			if err != nil || name != test.name || string(body) != string(golden) {
				t.Errorf("encode: error %v\ngot  %s %s\nwant %s %s", err, name, body, test.name, golden)
			}
			checkDecode(t, test.name, string(golden), test.event)
			checkDecode(t, test.name, test.jsonb, test.event)
		})
	}
}

func TestAPropertyThatIsNotKnownIsIgnored(t *testing.T) {
	t.Parallel()
	for _, test := range everyEvent() {
		body := `{"At": null, "room": {"at": 7}, ` + strings.TrimPrefix(string(golden(t, test.name)), "{")
		checkDecode(t, test.name, body, test.event)
	}
}

func TestAnIDMayBeInUpperCase(t *testing.T) {
	t.Parallel()
	for _, test := range everyEvent() {
		properties := properties(t, test.name)
		for name, value := range properties {
			switch name {
			case "paymentId", "stays":
				properties[name] = json.RawMessage(strings.ToUpper(string(value)))
			}
		}
		checkDecode(t, test.name, marshal(t, properties), test.event)
	}
}

func TestAnUnknownTypeIsSkipped(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "confirmed", "CheckedIn", "Charged"} {
		if event, ok, err := groupcheckout.Codec().Decode(name, []byte("{}")); event != nil || ok || err != nil {
			t.Errorf("%q: got %v, known %t, error %v; want nothing", name, event, ok, err)
		}
	}
}

// TestEachPropertyIsRequired damages each property of each event.
func TestEachPropertyIsRequired(t *testing.T) {
	t.Parallel()
	const remove = ""
	anything := []string{remove, `null`, `true`, `{}`, `[]`, `""`, `"x"`}
	amounts := slices.Concat(anything, []string{`"100.50"`, strings.Repeat("9", 40), `0.` + strings.Repeat("1", 29), `1e400`, `1e-400`})
	moments := slices.Concat(anything, []string{`7`, `"2026-11-23"`, `"2026-11-23T11:35:27"`, `"2026-11-23t11:35:27z"`, `"2026-02-30T00:00:00Z"`, `"9999-12-31T23:59:59-01:00"`})
	ids := slices.Concat(anything, []string{`7`, `"16fd27068baf433b82eb8c7fada847da"`, `"{16fd2706-8baf-433b-82eb-8c7fada847da}"`, `"16fd2706-8baf-433b-82eb-8c7fada847d"`})
	// Each item of a list is damaged as well, ahead of and behind a good one.
	const good = `"0f8fad5b-d9cb-469f-a165-70867728950e"`
	stays := []string{remove, `null`, `true`, `{}`, good}
	for _, id := range ids[1:] {
		stays = append(stays, "["+id+"]", "["+good+","+id+"]", "["+id+","+good+"]")
	}
	residuals := []string{remove, `null`, `true`, `{}`, good, `[null]`, `[[]]`, `[7]`, `[{}]`, `[{"stay":` + good + `}]`, `[{"residual":1}]`}
	for _, id := range ids[1:] {
		residuals = append(residuals, `[{"stay":`+id+`,"residual":1}]`)
	}
	for _, amount := range amounts[1:] {
		residuals = append(residuals, `[{"stay":`+good+`,"residual":1},{"stay":`+good+`,"residual":`+amount+`}]`)
	}
	damage := map[string][]string{
		"amount": amounts, "at": moments, "paymentId": ids, "stays": stays, "residuals": residuals,
	}
	for _, test := range everyEvent() {
		for name := range properties(t, test.name) {
			if len(damage[name]) == 0 {
				t.Errorf("%s of %s is not tested", name, test.name)
			}
			for _, value := range damage[name] {
				damaged := properties(t, test.name)
				if value == remove {
					// Names are case-sensitive: this one is another.
					damaged[strings.ToUpper(name)] = damaged[name]
					delete(damaged, name)
				} else {
					damaged[name] = json.RawMessage(value)
				}
				checkRefused(t, test.name, marshal(t, damaged))
			}
		}
	}
}

func TestABodyThatIsNoObjectIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range everyEvent() {
		golden := string(golden(t, test.name))
		for _, body := range []string{"", " ", "null", "[]", "[" + golden + "]", "7", golden[1:], golden + golden, golden[:len(golden)-1]} {
			checkRefused(t, test.name, body)
		}
	}
	checkRefused(t, "Paid", `{"amount":twelve,"at":"2026-11-23T11:35:27Z","paymentId":"16fd2706-8baf-433b-82eb-8c7fada847da"}`)
}

// FuzzDecode reads bodies at random: whatever is accepted can be stored again,
// and has one form.
func FuzzDecode(f *testing.F) {
	for _, test := range everyEvent() {
		f.Add(test.name, golden(f, test.name))
		f.Add(test.name, []byte(test.jsonb))
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		codec := groupcheckout.Codec()
		event, ok, err := codec.Decode(name, body)
		if err != nil || !ok {
			return
		}
		again, canonical, err := codec.Encode(event)
		if err != nil || again != name {
			t.Fatalf("%s %s was accepted, and encoded as %s with error %v", name, body, again, err)
		}
		checkDecode(t, name, string(canonical), event)
		if _, twice, err := codec.Encode(event); err != nil || string(twice) != string(canonical) {
			t.Errorf("%s became %s, then %s and error %v", body, canonical, twice, err)
		}
	})
}

func checkDecode(t *testing.T, name, body string, want groupcheckout.Event) {
	t.Helper()
	got, ok, err := groupcheckout.Codec().Decode(name, []byte(body))
	if err != nil || !ok {
		t.Errorf("decode %s %s: known %t, error %v", name, body, ok, err)
		return
	}
	sameText := cmp.Comparer(func(a, b domain.Money) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, got, sameText); diff != "" {
		t.Errorf("decode %s %s (-want +got):\n%s", name, body, diff)
	}
}

func checkRefused(t *testing.T, name, body string) {
	t.Helper()
	if event, ok, err := groupcheckout.Codec().Decode(name, []byte(body)); err == nil || event != nil || !ok {
		t.Errorf("decode %s %s: got %v, known %t and error %v, want an error", name, body, event, ok, err)
	}
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "golden", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// properties are those of a golden body.
func properties(t *testing.T, name string) map[string]json.RawMessage {
	t.Helper()
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(golden(t, name), &properties); err != nil {
		t.Fatal(err)
	}
	return properties
}

func marshal(t *testing.T, properties map[string]json.RawMessage) string {
	t.Helper()
	body, err := json.Marshal(properties)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func money(text string) domain.Money {
	m, err := domain.ParseMoney(text)
	if err != nil {
		panic(err) // a mistake in a test's text
	}
	return m
}
