package suite

import (
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
)

func TestTheSlowestComeFirst(t *testing.T) {
	t.Parallel()
	s := Summary{Name: "memory", Duration: 1200 * time.Millisecond}
	took := []time.Duration{5 * time.Millisecond, 900 * time.Millisecond, 30 * time.Millisecond, 30 * time.Millisecond}
	for i, scenario := range load(t, "Feature: F\nScenario: a\n* x\nScenario: b\n* x\nScenario: c\n* x\nScenario: d\n* x\n") {
		s.add(Result{Scenario: scenario, Status: Passed, Attempt: 1, Duration: took[i]})
	}
	var text strings.Builder
	for _, n := range []int{-1, 0, 3, 9} {
		check.Must(t, s.WriteSlowest(&text, n))
	}
	want := `  the slowest 3 of 4:
      900ms f.feature:4  b
       30ms f.feature:6  c
       30ms f.feature:8  d
  the slowest 4 of 4:
      900ms f.feature:4  b
       30ms f.feature:6  c
       30ms f.feature:8  d
        5ms f.feature:2  a
`
	check.Same(t, "the result", want, text.String())
	text.Reset()
	if err := s.WriteText(&text); err != nil || text.String() != "memory: 4 scenarios: 4 passed, 0 failed, 0 skipped (1.2s)\n" {
		t.Errorf("got %q and error %v, want the wall clock in it", text.String(), err)
	}
}

func TestEveryVerdictIsCountedOnce(t *testing.T) {
	t.Parallel()
	var s Summary
	for _, r := range []Result{
		{Status: Passed, Attempt: 1},
		{Status: Passed, Attempt: 2},
		{Status: Skipped, Attempt: 1},
		{Status: Failed, Attempt: 2},
		{Status: Undefined, Attempt: 1},
		{Status: Pending},
		{Status: Ambiguous},
		{},
	} {
		s.add(r)
	}
	if s.Passed != 1 || s.Flaky != 1 || s.Skipped != 1 || s.Failed != 5 || s.Total() != 8 {
		t.Errorf("got %d passed, %d flaky, %d skipped, %d failed of %d, want 1, 1, 1, 5 of 8", s.Passed, s.Flaky, s.Skipped, s.Failed, s.Total())
	}
}
