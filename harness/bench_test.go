package harness_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
)

// BenchmarkScenario is a whole group checkout of six stays on memory, with the
// reactor: check in, charge, select, wait for the merges, pay, confirm.
func BenchmarkScenario(b *testing.B) {
	h := open(b)
	for b.Loop() {
		w := world(b, h, false)
		group := domain.GroupID(uuid.New())
		check.Must(b, w.groups.Select(b.Context(), group, stays(b, w, 6), at()))
		check.Must(b, w.Eventually(b.Context(), merged(w, group, 6)))
		check.Must(b, w.groups.Pay(b.Context(), group, domain.PaymentID(uuid.New()), domain.MoneyOf(60), at()))
		if err := w.groups.Confirm(b.Context(), group, at()); err != nil {
			b.Fatal(fmt.Errorf("confirm: %w", err))
		}
	}
}
