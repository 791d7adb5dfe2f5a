package groupcheckout

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
)

// BenchmarkFold records the stays of one group in portions of 100. What a stay costs
// should not depend on how many there are.
func BenchmarkFold(b *testing.B) {
	for _, stays := range []int{1_000, 50_000} {
		ids := make([]domain.StayID, stays)
		for i := range ids {
			ids[i] = domain.StayID(uuid.New())
		}
		b.Run(fmt.Sprintf("%d stays", stays), func(b *testing.B) {
			for b.Loop() {
				state := Fold(State{}, []Event{StaysSelected{Stays: ids}})
				for from := 0; from < len(ids); from += 100 {
					var merged StaysMerged
					for _, id := range ids[from : from+100] {
						merged.Residuals = append(merged.Residuals, Residual{id, domain.MoneyOf(10)})
					}
					state = Fold(state, []Event{merged})
					if _, pending := Next(state).(MergeStays); pending != (from+100 < len(ids)) {
						b.Fatal("the number of pending stays is wrong")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*stays), "ns/stay")
		})
	}
}
