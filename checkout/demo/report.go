package demo

import (
	"math"
	"slices"
	"time"

	"example.com/groupcheckout/domain"
)

// Report is what came of a run: the outcomes as the store has them afterwards,
// and how much work it was.
type Report struct {
	Groups          int
	Confirmed       int
	Merged          int                   // stays
	Failed          map[domain.WhyNot]int // selected stays that could not be merged
	Moved           domain.Money          // from stays to groups
	Paid            domain.Money          // for groups
	HandlerCalls    int
	HandlerFailures int             // calls that failed, and were repeated
	Reactions       []time.Duration // one for each group, ascending: from the clerk's last selection to the record of the last outcome
	EventsWritten   int
	Elapsed         time.Duration // of both phases
}

// FailedInAll is the number of selected stays that could not be merged.
func (r Report) FailedInAll() int {
	total := 0
	for _, n := range r.Failed {
		total += n
	}
	return total
}

// Reaction is the duration that the given share of the reactions, above 0 and
// up to 1, did not exceed. It is zero if there were none.
func (r Report) Reaction(share float64) time.Duration {
	if len(r.Reactions) == 0 {
		return 0
	}
	rank := int(math.Ceil(share*float64(len(r.Reactions)) - 1e-9)) // 0.95 of 20 is 19, though not to a computer
	return r.Reactions[min(max(rank, 1), len(r.Reactions))-1]
}

func (r *Report) setReactions(durations []time.Duration) {
	slices.Sort(durations)
	r.Reactions = durations
}
