package groupcheckout

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es/aggregatetest"
)

// bodies are byte by byte what the .NET program writes.
func bodies() aggregatetest.Bodies[Event] {
	anything := []string{`null`, `true`, `{}`, `[]`, `""`, `"x"`}
	amounts := slices.Concat(anything, []string{`"100.50"`, strings.Repeat("9", 40), `0.` + strings.Repeat("1", 29), `1e400`, `1e-400`})
	moments := slices.Concat(anything, []string{`7`, `"2026-11-23"`, `"2026-11-23T11:35:27"`, `"2026-11-23t11:35:27z"`, `"2026-02-30T00:00:00Z"`, `"9999-12-31T23:59:59-01:00"`})
	ids := slices.Concat(anything, []string{`7`, `"16fd27068baf433b82eb8c7fada847da"`, `"{16fd2706-8baf-433b-82eb-8c7fada847da}"`, `"16fd2706-8baf-433b-82eb-8c7fada847d"`})
	// Each item of a list is damaged as well, ahead of and behind a good one.
	const good = `"0f8fad5b-d9cb-469f-a165-70867728950e"`
	stays := []string{`null`, `true`, `{}`, good}
	for _, id := range ids {
		stays = append(stays, "["+id+"]", "["+good+","+id+"]", "["+id+","+good+"]")
	}
	residuals := []string{`null`, `true`, `{}`, good, `[null]`, `[[]]`, `[7]`, `[{}]`, `[{"stay":` + good + `}]`, `[{"residual":1}]`}
	for _, id := range ids {
		residuals = append(residuals, `[{"stay":`+id+`,"residual":1}]`)
	}
	for _, amount := range amounts {
		residuals = append(residuals, `[{"stay":`+good+`,"residual":1},{"stay":`+good+`,"residual":`+amount+`}]`)
	}
	return aggregatetest.Bodies[Event]{
		Codec:   Codec(),
		Events:  everyEvent(),
		Unknown: []string{"", "confirmed", "CheckedIn", "Charged"},
		AnyCase: []string{"paymentId", "stays"},
		Refused: map[string][]string{"amount": amounts, "at": moments, "paymentId": ids, "stays": stays, "residuals": residuals},
		Equal:   sameText(),
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	bodies().Test(t)
}

func FuzzDecode(f *testing.F) { bodies().Fuzz(f) }

func everyEvent() []aggregatetest.Stored[Event] {
	at := domain.MomentOf(time.Date(2026, 11, 23, 11, 35, 27, 687_685_000, time.UTC))
	anna := domain.StayID{0x0f, 0x8f, 0xad, 0x5b, 0xd9, 0xcb, 0x46, 0x9f, 0xa1, 0x65, 0x70, 0x86, 0x77, 0x28, 0x95, 0x0e}
	bert := domain.StayID{0x21, 0xf7, 0xf8, 0xde, 0x80, 0x51, 0x5b, 0x89, 0x86, 0x80, 0x01, 0x95, 0xef, 0x79, 0x8b, 0x6a}
	return []aggregatetest.Stored[Event]{
		{
			Type:  "StaysSelected",
			Event: StaysSelected{At: at, Stays: []domain.StayID{anna, bert}},
			JSONB: `{"at": "2026-11-23T11:35:27.687685+00:00", "stays": ["0f8fad5b-d9cb-469f-a165-70867728950e", "21f7f8de-8051-5b89-8680-0195ef798b6a"]}`,
		},
		{
			Type:  "StaysMerged",
			Event: StaysMerged{Residuals: []Residual{{Stay: anna, Residual: money("58.50")}}},
			JSONB: `{"residuals": [{"stay": "0f8fad5b-d9cb-469f-a165-70867728950e", "residual": 58.50}]}`,
		},
		{
			Type:  "MergesFailed",
			Event: MergesFailed{Stays: []domain.StayID{bert}},
			JSONB: `{"stays": ["21f7f8de-8051-5b89-8680-0195ef798b6a"]}`,
		},
		{
			Type: "Paid",
			Event: Paid{
				Amount: money("58.50"), At: at,
				PaymentID: domain.PaymentID{0x16, 0xfd, 0x27, 0x06, 0x8b, 0xaf, 0x43, 0x3b, 0x82, 0xeb, 0x8c, 0x7f, 0xad, 0xa8, 0x47, 0xda},
			},
			JSONB: `{"at": "2026-11-23T11:35:27.687685+00:00", "amount": 58.50, "paymentId": "16fd2706-8baf-433b-82eb-8c7fada847da"}`,
		},
		{
			Type:  "Confirmed",
			Event: Confirmed{At: at},
			JSONB: `{"at": "2026-11-23T11:35:27.687685+00:00"}`,
		},
	}
}

// The reasons are this program's: the .NET programs neither write nor mind them.
func TestAFailureSaysWhy(t *testing.T) {
	t.Parallel()
	anna, bert := domain.StayID{15: 1}, domain.StayID{15: 2}
	event := MergesFailed{[]domain.StayID{anna, bert}, []Failure{
		{Stay: anna, WhyNot: domain.NotOnRecord}, {Stay: bert, WhyNot: domain.OtherGroup, Group: domain.GroupID{15: 3}},
	}}
	const want = `{"stays":["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002"],` +
		`"reasons":[{"stay":"00000000-0000-0000-0000-000000000001","whyNot":"notOnRecord"},` +
		`{"stay":"00000000-0000-0000-0000-000000000002","whyNot":"otherGroup","groupId":"00000000-0000-0000-0000-000000000003"}]}`
	kind, body, err := Codec().Encode(event)
	if err != nil || kind != "MergesFailed" || string(body) != want {
		t.Errorf("encode: error %v\ngot  %s %s\nwant MergesFailed %s", err, kind, body, want)
	}
	if got, known, err := Codec().Decode(kind, []byte(want)); !known || err != nil || !cmp.Equal(Event(event), got) {
		t.Errorf("decode: got %v, known %t and error %v, want %v", got, known, err, event)
	}
	for _, broken := range []string{`null`, `{}`, `[null]`, `[{"stay":"00000000-0000-0000-0000-000000000001"}]`, `[{"whyNot":"checkedOut"}]`, `[{"stay":"00000000-0000-0000-0000-000000000001","whyNot":"checkedOut","groupId":null}]`} {
		if got, _, err := Codec().Decode(kind, []byte(`{"stays":[],"reasons":`+broken+`}`)); err == nil {
			t.Errorf("%s: got %v, want an error", broken, got)
		}
	}
}
