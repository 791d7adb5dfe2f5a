package suite

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/internal/plural"
)

// Summary is what became of a run. Scenarios that -run left out are not in it.
type Summary struct {
	Name     string
	Passed   int // at the first attempt
	Flaky    int // passed, but not at the first attempt; in none of the other counts
	Failed   int // with the undefined, pending, ambiguous and empty ones
	Skipped  int
	Selected int // by tags and places
	Started  time.Time
	Duration time.Duration // by the clock on the wall
	Seed     uint64        // of the order, or 0 if it was not shuffled
	Results  []Result      // the last attempt at each, in the order of the files
	Hooks    []Hook        // those of the run that ran
	Err      error         // what is wrong with the run as a whole, or nil
}

// Success tells whether go test calls the run a success. It does if some are
// flaky, as long as [Config].FlakyBudget allows.
func (s Summary) Success() bool {
	for _, hook := range s.Hooks {
		if hook.Status != Passed {
			return false
		}
	}
	return s.Failed == 0 && s.Err == nil
}

// Total is the number of scenarios that ran or were skipped.
func (s Summary) Total() int { return s.Passed + s.Flaky + s.Failed + s.Skipped }

func (s *Summary) add(r Result) {
	switch {
	case r.Flaky():
		s.Flaky++
	case r.Status == Passed:
		s.Passed++
	case r.Status == Skipped:
		s.Skipped++
	default:
		s.Failed++
	}
	s.Results = append(s.Results, r)
}

// WriteText writes the counts with the time by the clock on the wall, then what
// failed, what is flaky, and each reason for skipping with its number of
// scenarios.
func (s Summary) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %d passed, %d failed, %d skipped", s.Name, plural.Of(s.Total(), "scenario"), s.Passed, s.Failed, s.Skipped)
	if s.Flaky > 0 {
		fmt.Fprintf(&b, ", %d flaky", s.Flaky)
	}
	fmt.Fprintf(&b, " (%s)\n", s.Duration.Round(time.Millisecond))
	if s.Seed != 0 {
		fmt.Fprintf(&b, "  shuffled  with the seed %d\n", s.Seed)
	}
	skips := map[string]int{}
	var reasons []string
	for _, hook := range s.Hooks {
		if hook.Status != Passed {
			fmt.Fprintf(&b, "  %-9s %s\n", hook.Status, hook.reason())
		}
	}
	if s.Err != nil {
		fmt.Fprintf(&b, "  %-9s %v\n", Failed, s.Err)
	}
	for _, r := range s.Results {
		switch {
		case r.Status == Skipped:
			if skips[r.Reason]++; skips[r.Reason] == 1 {
				reasons = append(reasons, r.Reason)
			}
		case r.Status != Passed || r.Flaky():
			fmt.Fprintf(&b, "  %-9s %s  %s: %s\n", r.Verdict(), r.Location(), r.Scenario.Name, r.Reason)
		}
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(&b, "  %-9s %d: %s\n", "skipped", skips[reason], reason)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteSlowest writes the n scenarios whose last attempt took longest, longest
// first, with their times. Scenarios run side by side, so the times may add up
// to more than the run's.
func (s Summary) WriteSlowest(w io.Writer, n int) error {
	slowest := slices.SortedStableFunc(slices.Values(s.Results), func(a, b Result) int { return cmp.Compare(b.Duration, a.Duration) })
	slowest = slowest[:max(0, min(n, len(slowest)))]
	if len(slowest) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  the slowest %d of %d:\n", len(slowest), s.Total())
	for _, r := range slowest {
		fmt.Fprintf(&b, "  %9s %s  %s\n", r.Duration.Round(100*time.Microsecond), r.Scenario.Location(), r.Scenario.Name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
