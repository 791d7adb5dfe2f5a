package storetest_test

import (
	"testing"

	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/storetest"
)

// A store passes the suite in a test of its own package. No flag leaves a test
// out.
func ExampleRun() {
	_ = func(t *testing.T) { //nolint:thelper // it is TestConformance
		storetest.Run(t, func(testing.TB) storetest.Fixture {
			store, checkpoints := memory.New(), memory.NewCheckpoints()
			return storetest.Fixture{
				Store: store,
				Source: func(t testing.TB, batchSize int, categories ...string) feed.Source {
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
}
