package storetest

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// TestMain tells rapid not to record the failures that the sabotage causes, nor
// to look for the shortest way to each.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.nofailfile": "true", "rapid.shrinktime": "-1s"} {
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// intact is a store that passes.
func intact() Fixture {
	store, checkpoints := memory.New(), memory.NewCheckpoints()
	return Fixture{
		Store: store,
		Source: func(batchSize int, categories ...string) (feed.Source, error) {
			return store.Source(memory.SourceConfig{Categories: categories, BatchSize: batchSize})
		},
		Checkpoints: func() (feed.Checkpoints, error) { return checkpoints, nil },
	}
}

func TestIntactStorePasses(t *testing.T) {
	t.Parallel()
	Run(t, intact())
}

// TestIntactStorePassesWhenRecorded is the control for the sabotage: neither
// the recorder nor the bubble makes a test fail. It also covers stores whose
// feed does not notify.
func TestIntactStorePassesWhenRecorded(t *testing.T) {
	t.Parallel()
	for _, topic := range topics() {
		for _, leaf := range topic.leaves {
			t.Run(leaf.sentence, func(t *testing.T) {
				t.Parallel()
				if failed, log := outcomeOf(t, leaf, intact); failed {
					t.Errorf("the intact store failed:\n%s", log)
				}
				if failed, log := outcomeOf(t, leaf, withoutNotifier); failed {
					t.Errorf("the intact store without a notifier failed:\n%s", log)
				}
			})
		}
	}
}

func withoutNotifier() Fixture {
	return sourcing(func(source feed.Source) feed.Source { return struct{ feed.Source }{source} })()
}

// TestSabotageIsFound breaks the store in one way after another and expects
// every test that should see it to fail. Each test of the suite must see some
// sabotage, so that none can pass whatever the store does.
func TestSabotageIsFound(t *testing.T) {
	t.Parallel()
	untried := map[string]leaf{}
	all := map[string]leaf{}
	for _, topic := range topics() {
		for _, leaf := range topic.leaves {
			if _, twice := all[leaf.sentence]; twice {
				t.Errorf("two tests are called %q", leaf.sentence)
			}
			all[leaf.sentence] = leaf
			untried[leaf.sentence] = leaf
		}
	}
	for _, s := range sabotages() {
		for _, sentence := range s.found {
			leaf, known := all[sentence]
			if !known {
				t.Errorf("%s: no test is called %q", s.name, sentence)
				continue
			}
			delete(untried, sentence)
			t.Run(s.name+"/"+sentence, func(t *testing.T) {
				t.Parallel()
				if failed, _ := outcomeOf(t, leaf, s.store); !failed {
					t.Errorf("a store that %s passed, want a failure", s.name)
				}
			})
		}
	}
	for _, sentence := range slices.Sorted(maps.Keys(untried)) {
		t.Errorf("no sabotage shows that this test can fail: %s", sentence)
	}
}
