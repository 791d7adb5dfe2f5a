package gueststay_test

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
	"example.com/groupcheckout/domain/gueststay"
)

// stored is an event as it is in testdata/golden, byte by byte what the .NET
// program writes, and as PostgreSQL's jsonb gives it back.
type stored struct {
	name  string
	event gueststay.Event
	jsonb string
}

func everyEvent() []stored {
	day := time.Date(2026, 11, 23, 11, 35, 27, 0, time.UTC)
	at := domain.MomentOf(day.Add(687_685 * time.Microsecond))
	return []stored{
		{
			"CheckedIn",
			gueststay.CheckedIn{At: at},
			`{"at": "2026-11-23T11:35:27.687685+00:00"}`,
		},
		{
			"Charged",
			gueststay.Charged{
				Amount: money("100.50"), At: at,
				ChargeID: domain.ChargeID{0x7c, 0x9e, 0x66, 0x79, 0x74, 0x25, 0x40, 0xde, 0x94, 0x4b, 0xe0, 0x7f, 0xc1, 0xf9, 0x0a, 0xe7},
			},
			`{"at": "2026-11-23T11:35:27.687685+00:00", "amount": 100.50, "chargeId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}`,
		},
		{
			"Paid",
			gueststay.Paid{
				Amount: money("42"), At: domain.MomentOf(day),
				PaymentID: domain.PaymentID{0x16, 0xfd, 0x27, 0x06, 0x8b, 0xaf, 0x43, 0x3b, 0x82, 0xeb, 0x8c, 0x7f, 0xad, 0xa8, 0x47, 0xda},
			},
			`{"at": "2026-11-23T11:35:27+00:00", "amount": 42, "paymentId": "16fd2706-8baf-433b-82eb-8c7fada847da"}`,
		},
		{
			"CheckedOut",
			gueststay.CheckedOut{At: domain.MomentOf(day.Add(687_685_100))},
			`{"at": "2026-11-23T11:35:27.6876851+00:00"}`,
		},
		{
			"TransferredToGroup",
			gueststay.TransferredToGroup{
				At:              at,
				GroupID:         domain.GroupID{0x5b, 0x1f, 0x7e, 0x0c, 0x9f, 0x3a, 0x4d, 0x52, 0x8a, 0x7b, 0x0c, 0x1d, 0x2e, 0x3f, 0x4a, 0x5b},
				ResidualBalance: money("58.50"),
			},
			`{"at": "2026-11-23T11:35:27.687685+00:00", "groupId": "5b1f7e0c-9f3a-4d52-8a7b-0c1d2e3f4a5b", "residualBalance": 58.50}`,
		},
	}
}

func TestBodiesAreThoseOfDotNET(t *testing.T) {
	t.Parallel()
	codec := gueststay.Codec()
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
			if strings.HasSuffix(name, "Id") {
				properties[name] = json.RawMessage(strings.ToUpper(string(value)))
			}
		}
		checkDecode(t, test.name, marshal(t, properties), test.event)
	}
}

func TestAnUnknownTypeIsSkipped(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "checkedIn", "Confirmed", "StaysSelected"} {
		if event, ok, err := gueststay.Codec().Decode(name, []byte("{}")); event != nil || ok || err != nil {
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
	damage := map[string][]string{
		"amount": amounts, "residualBalance": amounts, "at": moments, "chargeId": ids, "paymentId": ids, "groupId": ids,
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
		codec := gueststay.Codec()
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

func checkDecode(t *testing.T, name, body string, want gueststay.Event) {
	t.Helper()
	got, ok, err := gueststay.Codec().Decode(name, []byte(body))
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
	if event, ok, err := gueststay.Codec().Decode(name, []byte(body)); err == nil || event != nil || !ok {
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
