package history

import (
	"time"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// Mark is what is worth saying of a scenario's last build.
type Mark string

// The marks.
const (
	Unmarked  Mark = ""
	IsNew     Mark = "new"       // no earlier build had it
	Fixed     Mark = "fixed"     // it failed when it last ran
	Regressed Mark = "regressed" // it held when it last ran
)

// calm is after how many builds in a row that simply passed a scenario is no
// longer called flaky.
const calm = 10

// Trend is what has become of a scenario on a store, up to the last build.
type Trend struct {
	State      run.Verdict // in the last build
	Mark       Mark
	FirstSeen  *Ref            // the first build that had it on the store; nil if none did
	FailsSince *Ref            // if it fails: the first build of those in a row in which it did
	FlakySince *Ref            // the first build of the time during which it has been flaky now and then; nil if it is not
	States     []run.Verdict   // in each build of the history, oldest first
	Durations  []time.Duration // of the builds in which it held, oldest first
}

// Trend returns what has become of a scenario on a store. Of one that no build
// had, all is zero but for States.
func (h *History) Trend(key, store string) Trend {
	trend := Trend{States: make([]run.Verdict, len(h.builds))}
	number, known := h.byKey[valid(key)]
	if !known {
		return trend
	}
	var before run.Verdict // when it last ran before the last build
	quiet := 0             // builds in a row that simply passed
	for i := range h.builds {
		build := &h.builds[i]
		state := build.state(store, number)
		trend.States[i] = state
		if state == Absent {
			continue
		}
		if trend.FirstSeen == nil {
			trend.FirstSeen = &build.Ref
		}
		if good(state) {
			trend.Durations = append(trend.Durations, time.Duration(build.results[store].took[number])*unit)
		}
		switch {
		case state == run.Failed && trend.FailsSince == nil:
			trend.FailsSince = &build.Ref
		case good(state):
			trend.FailsSince = nil
		}
		switch state {
		case run.Flaky:
			if trend.FlakySince == nil {
				trend.FlakySince = &build.Ref
			}
			quiet = 0
		case run.Passed:
			if quiet++; quiet >= calm {
				trend.FlakySince = nil
			}
		default:
		}
		if ran(state) && i < len(h.builds)-1 {
			before = state
		}
	}
	trend.conclude(h, store, before)
	return trend
}

// conclude says how the last build differs from those before.
func (t *Trend) conclude(h *History, store string, before run.Verdict) {
	last := len(h.builds) - 1
	t.State = t.States[last]
	if t.State != run.Failed {
		t.FailsSince = nil
	}
	switch {
	case t.State == Absent:
	case t.FirstSeen == &h.builds[last].Ref:
		// On a store's first build everything would be new.
		if h.knew(store, last) {
			t.Mark = IsNew
		}
	case t.State == run.Failed && good(before):
		t.Mark = Regressed
	case good(t.State) && before == run.Failed:
		t.Mark = Fixed
	}
}

// knew reports whether a build before this one ran on the store.
func (h *History) knew(store string, before int) bool {
	for _, build := range h.builds[:before] {
		if _, ok := build.results[store]; ok {
			return true
		}
	}
	return false
}
