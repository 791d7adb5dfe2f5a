package table

import (
	"context"
	"sync"
	"time"

	"example.com/groupcheckout/internal/pause"
)

// A table that is throttled is asked more seldom, whatever the number of callers:
// what they repeat shares a budget, of so many repetitions at once and so many a
// second. Who finds it empty waits for its turn.
const (
	budgetAtOnce    = 20
	budgetPerSecond = 10
)

// budget is that of one table.
type budget struct {
	mu   sync.Mutex
	next time.Time // when the budget would be full again
}

// wait waits for the turn of a repetition.
func (b *budget) wait(ctx context.Context) error {
	const each = time.Second / budgetPerSecond
	b.mu.Lock()
	now := time.Now()
	if b.next.Before(now) {
		b.next = now
	}
	b.next = b.next.Add(each)
	left := b.next.Sub(now) - budgetAtOnce*each
	b.mu.Unlock()
	if left <= 0 {
		return nil
	}
	return pause.For(ctx, left)
}
