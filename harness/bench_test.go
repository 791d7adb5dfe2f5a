package harness_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
)

// BenchmarkScenario is a whole group checkout of six stays on memory, with the
// reactor: check in, charge, select, wait for the merges, pay, confirm.
func BenchmarkScenario(b *testing.B) {
	h := open(b)
	for b.Loop() {
		w := world(b, h, false)
		group := domain.GroupID(uuid.New())
		if err := w.groups.Select(b.Context(), group, stays(b, w, 6), at()); err != nil {
			b.Fatal(err)
		}
		if err := w.Eventually(b.Context(), merged(w, group, 6)); err != nil {
			b.Fatal(err)
		}
		if err := w.groups.Pay(b.Context(), group, domain.PaymentID(uuid.New()), domain.MoneyOf(60), at()); err != nil {
			b.Fatal(err)
		}
		if err := w.groups.Confirm(b.Context(), group, at()); err != nil {
			b.Fatal(fmt.Errorf("confirm: %w", err))
		}
	}
}
