package gueststay

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es/aggregatetest"
)

// bodies are byte by byte what the .NET program writes.
func bodies() aggregatetest.Bodies[Event] {
	anything := []string{`null`, `true`, `{}`, `[]`, `""`, `"x"`}
	amounts := slices.Concat(anything, []string{`"100.50"`, strings.Repeat("9", 40), `0.` + strings.Repeat("1", 29), `1e400`, `1e-400`})
	moments := slices.Concat(anything, []string{`7`, `"2026-11-23"`, `"2026-11-23T11:35:27"`, `"2026-11-23t11:35:27z"`, `"2026-02-30T00:00:00Z"`, `"9999-12-31T23:59:59-01:00"`})
	ids := slices.Concat(anything, []string{`7`, `"16fd27068baf433b82eb8c7fada847da"`, `"{16fd2706-8baf-433b-82eb-8c7fada847da}"`, `"16fd2706-8baf-433b-82eb-8c7fada847d"`})
	return aggregatetest.Bodies[Event]{
		Codec:   Codec(),
		Events:  everyEvent(),
		Unknown: []string{"", "checkedIn", "Confirmed", "StaysSelected"},
		AnyCase: []string{"chargeId", "paymentId", "groupId"},
		Refused: map[string][]string{
			"amount": amounts, "residualBalance": amounts, "at": moments, "chargeId": ids, "paymentId": ids, "groupId": ids,
		},
		Equal: sameText(),
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	bodies().Test(t)
}

func FuzzDecode(f *testing.F) { bodies().Fuzz(f) }

func everyEvent() []aggregatetest.Stored[Event] {
	day := time.Date(2026, 11, 23, 11, 35, 27, 0, time.UTC)
	at := domain.MomentOf(day.Add(687_685 * time.Microsecond))
	return []aggregatetest.Stored[Event]{
		{
			Type:  "CheckedIn",
			Event: CheckedIn{At: at},
			JSONB: `{"at": "2026-11-23T11:35:27.687685+00:00"}`,
		},
		{
			Type: "Charged",
			Event: Charged{
				Amount: money("100.50"), At: at,
				ChargeID: domain.ChargeID{0x7c, 0x9e, 0x66, 0x79, 0x74, 0x25, 0x40, 0xde, 0x94, 0x4b, 0xe0, 0x7f, 0xc1, 0xf9, 0x0a, 0xe7},
			},
			JSONB: `{"at": "2026-11-23T11:35:27.687685+00:00", "amount": 100.50, "chargeId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}`,
		},
		{
			Type: "Paid",
			Event: Paid{
				Amount: money("42"), At: domain.MomentOf(day),
				PaymentID: domain.PaymentID{0x16, 0xfd, 0x27, 0x06, 0x8b, 0xaf, 0x43, 0x3b, 0x82, 0xeb, 0x8c, 0x7f, 0xad, 0xa8, 0x47, 0xda},
			},
			JSONB: `{"at": "2026-11-23T11:35:27+00:00", "amount": 42, "paymentId": "16fd2706-8baf-433b-82eb-8c7fada847da"}`,
		},
		{
			Type:  "CheckedOut",
			Event: CheckedOut{At: domain.MomentOf(day.Add(687_685_100))},
			JSONB: `{"at": "2026-11-23T11:35:27.6876851+00:00"}`,
		},
		{
			Type: "TransferredToGroup",
			Event: TransferredToGroup{
				At:              at,
				GroupID:         domain.GroupID{0x5b, 0x1f, 0x7e, 0x0c, 0x9f, 0x3a, 0x4d, 0x52, 0x8a, 0x7b, 0x0c, 0x1d, 0x2e, 0x3f, 0x4a, 0x5b},
				ResidualBalance: money("58.50"),
			},
			JSONB: `{"at": "2026-11-23T11:35:27.687685+00:00", "groupId": "5b1f7e0c-9f3a-4d52-8a7b-0c1d2e3f4a5b", "residualBalance": 58.50}`,
		},
		{
			Type:  "TransferRefused",
			Event: TransferRefused{At: at, GroupID: domain.GroupID{0x5b, 0x1f, 0x7e, 0x0c, 0x9f, 0x3a, 0x4d, 0x52, 0x8a, 0x7b, 0x0c, 0x1d, 0x2e, 0x3f, 0x4a, 0x5b}},
			JSONB: `{"at": "2026-11-23T11:35:27.687685+00:00", "groupId": "5b1f7e0c-9f3a-4d52-8a7b-0c1d2e3f4a5b"}`,
		},
	}
}
