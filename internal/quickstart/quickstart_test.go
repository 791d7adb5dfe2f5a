package quickstart

import (
	"math"
	"runtime/debug"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
)

// What was set before the start is set again after it, whatever that was.
func TestTheStartEnds(t *testing.T) {
	<-ended // of this program's own start
	for _, want := range []struct {
		percent int
		limit   int64
	}{{100, math.MaxInt64}, {-1, 32 << 20}, {50, 1 << 30}} {
		debug.SetGCPercent(want.percent)
		debug.SetMemoryLimit(want.limit)
		over := begin(time.Nanosecond)
		<-over
		check.Equal(t, "memory limit", want.limit, debug.SetMemoryLimit(-1))
		check.Equal(t, "percent", want.percent, debug.SetGCPercent(100))
	}
}

// A limit that somebody has set is not raised.
func TestTheStartKeepsALowerLimit(t *testing.T) {
	<-ended
	debug.SetMemoryLimit(32 << 20)
	begin(time.Hour)
	t.Cleanup(func() { debug.SetGCPercent(100) })
	check.Equal(t, "memory limit", 32<<20, debug.SetMemoryLimit(math.MaxInt64))
}
