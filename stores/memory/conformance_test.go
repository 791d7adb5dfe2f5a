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
	storetest.Run(t, func(testing.TB) storetest.Fixture {
		store := memory.New()
		checkpoints := memory.NewCheckpoints()
		return storetest.Fixture{
			Store: store,
			Source: func(t testing.TB, batchSize int, categories ...string) feed.Source {
				t.Helper()
				source, err := store.Source(memory.SourceConfig{Categories: categories, BatchSize: batchSize})
				if err != nil {
					t.Fatal(err)
				}
				return source
			},
			Checkpoints: func(testing.TB) feed.Checkpoints { return checkpoints },
		}
	})
}
