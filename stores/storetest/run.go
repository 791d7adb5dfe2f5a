package storetest

import (
	"context"
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// patience is how long a test waits for what is to come true eventually, such
// as an event that becomes visible in a feed, before it fails.
const patience = 2 * time.Minute

// Fixture is a store under test. All parts work on the same data.
type Fixture struct {
	Store es.Store
	// Source opens a feed of some categories. A batch size is a wish: how many
	// events a read should return at most.
	Source func(batchSize int, categories ...string) (feed.Source, error)
	// Checkpoints opens the checkpoints anew at each call, over the same data.
	Checkpoints func() (feed.Checkpoints, error)
}

func (f Fixture) source(t testing.TB, batchSize int, categories ...string) feed.Source {
	t.Helper()
	source, err := f.Source(batchSize, categories...)
	check.Must(t, err)
	return source
}

func (f Fixture) checkpoints(t testing.TB) feed.Checkpoints {
	t.Helper()
	checkpoints, err := f.Checkpoints()
	check.Must(t, err)
	return checkpoints
}

// Run tests a store. It returns when all tests are done.
func Run(t *testing.T, fixture Fixture) {
	t.Helper()
	for _, topic := range topics() {
		t.Run(topic.name, func(t *testing.T) {
			for _, leaf := range topic.leaves {
				t.Run(leaf.sentence, func(t *testing.T) {
					t.Parallel()
					leaf.check(t, fixture)
				})
			}
		})
	}
}

// topic is a file of this package.
type topic struct {
	name   string
	leaves []leaf
}

// leaf is one test: the sentence that it proves, and the proof.
type leaf struct {
	sentence string
	check    func(t testing.TB, f Fixture)
}

func topics() []topic {
	return []topic{
		{"appends", appends()},
		{"cancellation", cancellation()},
		{"conflicts", conflicts()},
		{"reads", reads()},
		{"many", many()},
		{"snapshots", snapshots()},
		{"names", names()},
		{"bodies", bodies()},
		{"refusals", refusals()},
		{"ownership", ownership()},
		{"feed", feeds()},
		{"tail", tail()},
		{"checkpoints", checkpoints()},
		{"slots", slots()},
		{"model", model()},
	}
}

// patient returns a context that ends when the test's patience does.
func patient(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
