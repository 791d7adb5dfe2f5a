package reactor

import (
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// TestOthersCountAsLongASilence has a process hold a slot for no longer than others, who
// read in the roster for how long, believe that it does.
func TestOthersCountAsLongASilence(t *testing.T) {
	t.Parallel()
	for _, lease := range []time.Duration{time.Millisecond, 2 * time.Millisecond, 12 * time.Millisecond, 1001 * time.Millisecond, 10 * time.Second, 1500 * time.Microsecond} {
		mine := newSeat("a", 1, silence(lease))
		check.Must(t, mine.see(feed.Roster{}, epoch()))
		check.Must(t, mine.see(mine.next(epoch(), nil), epoch()))
		other := newSeat("b", 1, silence(lease))
		other.ended = func(string) bool { return false }
		check.Must(t, other.see(mine.roster, epoch()))
		last := mine.until.Add(-time.Nanosecond)
		if len(mine.held(last)) != 1 || other.holder(0, last) != "a" {
			t.Errorf("lease of %v: at %v we hold %d slots, and for others %q holds it", lease, last.Sub(epoch()), len(mine.held(last)), other.holder(0, last))
		}
	}
}
