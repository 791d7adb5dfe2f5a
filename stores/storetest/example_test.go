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
		store, checkpoints := memory.New(), memory.NewCheckpoints()
		storetest.Run(t, storetest.Fixture{
			Store: store,
			Source: func(batchSize int, categories ...string) (feed.Source, error) {
				return store.Source(memory.SourceConfig{Categories: categories, BatchSize: batchSize})
			},
			Checkpoints: func() (feed.Checkpoints, error) { return checkpoints, nil },
		})
	}
}
