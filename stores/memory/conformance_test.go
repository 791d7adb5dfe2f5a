package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	store, checkpoints := memory.New(), memory.NewCheckpoints()
	storetest.Run(t, storetest.Fixture{
		Store: store,
		Source: func(batchSize int, categories ...string) (feed.Source, error) {
			return store.Source(memory.SourceConfig{Categories: categories, BatchSize: batchSize})
		},
		Checkpoints: func() (feed.Checkpoints, error) { return checkpoints, nil },
	})
}
