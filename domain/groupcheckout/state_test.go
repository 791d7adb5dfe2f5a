package groupcheckout

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/es/aggregatetest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/memory"
)

func TestTheStateTellsWhatHappened(t *testing.T) {
	t.Parallel()
	s := Fold(State{}, []Event{
		selected(dora, anna), paid(cash, "100"), selected(cleo, bert),
		merged(residual(bert, "58.50"), residual(dora, "-1.5")), failed(anna),
	})
	check.Equal(t, "balance", "-43.00", s.Balance().String())
	for status, want := range map[Status][]domain.StayID{
		Unselected: nil, Pending: stays(cleo), Merged: stays(dora, bert), Failed: stays(anna), Status(7): nil,
	} {
		check.Same(t, fmt.Sprintf("%s stays", status), want, s.Stays(status))
		for _, stay := range want {
			check.Equal(t, stay.String(), status, s.Status(stay))
		}
	}
	if got := s.Status(domain.StayID{9}); got != Unselected {
		t.Errorf("a stay that was not selected: got %s", got)
	}
	for id, want := range map[byte]string{dora: "-1.5", bert: "58.50", anna: "0", cleo: "0", 9: "0"} {
		if got := s.Residual(domain.StayID{id}).String(); got != want {
			t.Errorf("stay %d: got the residual %s, want %s", id, got, want)
		}
	}
	for id, want := range map[byte]domain.WhyNot{anna: domain.CheckedOut, bert: "", 9: ""} {
		if f, told := s.Failure(domain.StayID{id}); f.WhyNot != want || told != (want != "") {
			t.Errorf("stay %d: got the failure %v and %t, want %q", id, f, told, want)
		}
	}
	if f, told := Fold(State{}, []Event{selected(anna), failedBefore(anna)}).Failure(domain.StayID{anna}); told {
		t.Errorf("got the failure %v of a record that does not say why", f)
	}
	if s.Confirmed() || !Fold(s, []Event{confirmed()}).Confirmed() {
		t.Error("Confirmed is wrong")
	}
}

func TestStatusesHaveNames(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]string{
		Unselected: "unselected", Pending: "pending", Merged: "merged", Failed: "failed", Status(7): "unknown",
	} {
		if got := status.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestFoldLeavesItsInputAlone folds two futures onto one state, as two callers
// with the same cached state do.
func TestFoldLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	past := []Event{selected(anna, bert, cleo), merged(residual(anna, "1")), paid(cash, "1")}
	shared := Fold(State{}, past)
	shared.selected = slices.Grow(shared.selected, 10) // room that an append could write to
	aggregate().Parts(t, shared, past,
		[]Event{selected(dora), failed(bert), paid(card, "2")},
		[]Event{selected(5, 6), merged(residual(bert, "4")), confirmed()},
	)
}

func TestListsOfStaysAreTheCallers(t *testing.T) {
	t.Parallel()
	s := Fold(State{}, []Event{selected(anna, bert)})
	list := s.Stays(Pending)
	list[0] = domain.StayID{9}
	check.Same(t, "pending", stays(anna, bert), s.Stays(Pending))
}

type command = aggregatetest.Command[State, Event]

// cents is a number of cents as an amount.
func cents(n int) domain.Money { return domain.MoneyOfCents(int64(n)) }

func someStays() *rapid.Generator[[]domain.StayID] {
	return rapid.SliceOfN(rapid.Map(rapid.ByteRange(1, 6), func(id byte) domain.StayID { return domain.StayID{id} }), 0, 5)
}

func someResiduals() *rapid.Generator[[]Residual] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Residual {
		id := rapid.ByteRange(1, 6).Draw(t, "stay")
		return Residual{domain.StayID{id}, cents(rapid.SampledFrom([]int{-5, 0, 5, 10}).Draw(t, "cents"))}
	}), 0, 5)
}

func someFailures() *rapid.Generator[[]Failure] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Failure {
		id := rapid.ByteRange(1, 6).Draw(t, "stay")
		why := rapid.SampledFrom([]domain.WhyNot{domain.CheckedOut, domain.OtherGroup, domain.NotOnRecord}).Draw(t, "why")
		return Failure{Stay: domain.StayID{id}, WhyNot: why}
	}), 0, 5)
}

func commands() *rapid.Generator[command] {
	return rapid.Custom(func(t *rapid.T) command {
		switch rapid.IntRange(0, 11).Draw(t, "command") {
		case 0, 1, 2:
			list := someStays().Draw(t, "stays")
			return command{Name: fmt.Sprintf("select %v", list), Decide: selectStays(list, noon())}
		case 3, 4, 5:
			outcomes := Outcomes{someResiduals().Draw(t, "merged"), someFailures().Draw(t, "failed")}
			return command{Name: fmt.Sprintf("record %v", outcomes), Decide: recordOutcomes(outcomes), Varies: true} // an outcome may become one of a pending stay
		case 6, 7:
			id := rapid.ByteRange(1, 5).Draw(t, "id")
			amount := rapid.SampledFrom([]int{-1, 0, 5, 10}).Draw(t, "cents")
			return command{Name: fmt.Sprintf("pay %d: %s", id, cents(amount)), Decide: pay(domain.PaymentID{id}, cents(amount), noon())}
		case 8, 9:
			id := rapid.ByteRange(1, 5).Draw(t, "id")
			amount := rapid.SampledFrom([]int{-1, 0, 5, 10}).Draw(t, "cents")
			return command{Name: fmt.Sprintf("pay out %d: %s", id, cents(amount)), Decide: payOut(domain.PaymentID{id}, cents(amount), noon())}
		default:
			return command{Name: "confirm", Decide: confirm(noon())}
		}
	})
}

func TestAnySequenceOfCommands(t *testing.T) {
	t.Parallel()
	over := func(history []Event) bool { return slices.Contains(history, confirmed()) }
	aggregate().Commands(t, commands(), over, checkBooks)
}

// checkBooks adds up a history by another way than Fold does: each stay was
// selected once, was merged and failed once at the most, failed before it was
// merged if it did both, and the balance is the residuals minus the payments.
func checkBooks(t rapid.TB, state State, history []Event) {
	t.Helper()
	rational := func(m domain.Money) *big.Rat {
		r, _ := new(big.Rat).SetString(m.String())
		return r
	}
	balance := new(big.Rat)
	var selected, merged, failed []domain.StayID
	for _, e := range history {
		switch e := e.(type) {
		case StaysSelected:
			selected = append(selected, e.Stays...)
		case StaysMerged:
			for _, r := range e.Residuals {
				merged = append(merged, r.Stay)
				balance.Add(balance, rational(r.Residual))
			}
		case MergesFailed:
			for _, stay := range e.Stays {
				if slices.Contains(merged, stay) {
					t.Errorf("after %v stay %s failed behind its merge", history, stay)
				}
			}
			failed = append(failed, e.Stays...)
		case Paid:
			balance.Sub(balance, rational(e.Amount))
		case Confirmed:
		}
	}
	if rational(state.Balance()).Cmp(balance) != 0 {
		t.Errorf("after %v the balance is %s, want %s", history, state.Balance(), balance.FloatString(2))
	}
	for name, list := range map[string][]domain.StayID{"selected": selected, "merged": merged, "failed": failed} {
		if len(unique(list)) != len(list) {
			t.Errorf("after %v stays were %s twice", history, name)
		}
	}
	settled := slices.Concat(merged, slices.DeleteFunc(failed, func(stay domain.StayID) bool { return slices.Contains(merged, stay) }))
	pending, done := state.Stays(Pending), slices.Concat(state.Stays(Merged), state.Stays(Failed))
	for name, lists := range map[string][2][]domain.StayID{
		"selected = pending + merged + failed": {selected, slices.Concat(pending, done)},
		"merged + failed = settled":            {settled, done},
	} {
		if diff := cmp.Diff(unique(lists[0]), unique(lists[1])); diff != "" || len(lists[0]) != len(lists[1]) {
			t.Errorf("after %v it does not hold that %s:\n%s", history, name, diff)
		}
	}
}

func unique(list []domain.StayID) map[domain.StayID]bool {
	set := map[domain.StayID]bool{}
	for _, stay := range list {
		set[stay] = true
	}
	return set
}

// anyEvents gives events in any order, also such as no decision would yield.
func anyEvents() *rapid.Generator[[]Event] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Event {
		return rapid.SampledFrom([]Event{
			StaysSelected{noon(), someStays().Draw(t, "selected")},
			StaysMerged{someResiduals().Draw(t, "merged")},
			MergesFailed{someStays().Draw(t, "failed"), someFailures().Draw(t, "reasons")},
			paid(rapid.ByteRange(1, 5).Draw(t, "id"), cents(rapid.IntRange(-1000, 1000).Draw(t, "cents")).String()),
			confirmed(),
		}).Draw(t, "event")
	}), 0, 12)
}

func TestItMakesNoDifferenceHowEventsAreFolded(t *testing.T) {
	t.Parallel()
	aggregate().Folds(t, anyEvents())
}

func TestASnapshotAndWhatFollowsAreTheWhole(t *testing.T) {
	t.Parallel()
	aggregate().Snapshots(t, Snapshots(), anyEvents())
}

// The stored form: .NET reads it as a record with these properties.
func TestTheStoredFormOfASnapshot(t *testing.T) {
	t.Parallel()
	state := Fold(State{}, []Event{
		selected(bert, anna, cleo), merged(residual(anna, "58.50")), failed(bert), paid(cash, "8"), confirmed(),
	})
	const want = `{"selected":"AgAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAADAAAAAAAAAAAAAAAAAAAA",` +
		`"merged":"AQAAAAAAAAAAAAAAAAAAAA==","residuals":[58.50],"failed":"AgAAAAAAAAAAAAAAAAAAAA==",` +
		`"reasons":[{"stay":"02000000-0000-0000-0000-000000000000","whyNot":"checkedOut"}],"payments":"AQAAAAAAAAAAAAAAAAAAAA==","balance":50.50,"confirmed":true}`
	data, err := Snapshots().Encode(state)
	if diff := cmp.Diff(want, string(data)); diff != "" || err != nil {
		t.Errorf("error %v, snapshot (-want +got):\n%s", err, diff)
	}
}

// Of a group whose events are of many stays each, a snapshot would be as long as the events.
func TestASnapshotIsTakenWhereItSparesReading(t *testing.T) {
	t.Parallel()
	for portion, want := range map[int]int64{
		1:  9, // all but the first, which would hold 20 stays for 2 events
		50: 0,
	} {
		counts := &es.Counts{}
		service := NewService(memory.New(), es.Options{SnapshotEvery: 2, Counts: counts})
		group, stays := domain.GroupID(uuid.New()), make([]domain.StayID, 20*portion)
		for i := range stays {
			stays[i] = domain.StayID(uuid.New())
		}
		if err := service.Select(t.Context(), group, stays, noon()); err != nil {
			t.Fatal(err)
		}
		for portion := range slices.Chunk(stays, portion) {
			var outcomes Outcomes
			for _, stay := range portion {
				outcomes.Merged = append(outcomes.Merged, Residual{Stay: stay})
			}
			if _, _, err := service.Record(t.Context(), group, outcomes); err != nil {
				t.Fatal(err)
			}
		}
		if got := counts.Now().Snapshots; got != want {
			t.Errorf("%d stays in each of 20 records: got %d snapshots, want %d", portion, got, want)
		}
	}
}

func TestASnapshotThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	const anna, none = `"AQAAAAAAAAAAAAAAAAAAAA=="`, `""`
	of := func(selected, failed string) string {
		return `{"selected":` + selected + `,"merged":"","residuals":[],"failed":` + failed + `,"reasons":[],"payments":"","balance":0,"confirmed":false}`
	}
	check.OKf(t, check.Error(Snapshots().Decode([]byte(of(anna, anna)))), "a sound one")
	for name, data := range map[string]string{
		"an outcome of a stay that is not selected": of(none, anna),
		"a stay that is selected twice":             of(`"AQAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAA="`, none),
		"a merged stay without a residual":          strings.Replace(of(anna, none), `"merged":""`, `"merged":`+anna, 1),
		"nothing":                                   `{}`,
	} {
		check.Failsf(t, check.Error(Snapshots().Decode([]byte(data))), "%s", name)
	}
}

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
