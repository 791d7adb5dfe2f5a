package storetest

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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

func TestDiffJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		got, want string
		equal     bool
	}{
		{"", "", true},
		{`{"a":1,"b":[2,3]}`, ` {"b": [2, 3], "a": 1}`, true},
		{`"\u00e4\/"`, `"ä/"`, true},
		{`100.50`, `100.5`, false},
		{`100.50`, `100.50`, true},
		{`1234567890123456789012345678`, `1234567890123456789012345679`, false},
		{`1e2`, `100`, false},
		{"", "null", false},
		{"null", "", false},
		{"{}", "", false},
		{"{", "{}", false},
		{"{} {}", "{}", false},
		{`"1"`, `1`, false},
		{`[1,2]`, `[2,1]`, false},
		{`{"a":null}`, `{}`, false},
	} {
		diff := diffJSON([]byte(test.got), []byte(test.want))
		if (diff == "") != test.equal {
			t.Errorf("diff of %q and %q: got %q, want equal %t", test.got, test.want, diff, test.equal)
		}
	}
}

// outcomeOf runs a test of the suite, tells whether it failed, and what it
// said. It runs in a bubble of its own, in which a wait for something that will
// never come ends at once.
func outcomeOf(t *testing.T, leaf leaf, open func() Fixture) (failed bool, log string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// The clock of a bubble starts at a whole second, which no store's
		// clock does.
		<-time.After(123456 * time.Microsecond)
		r := &recorder{TB: t}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			leaf.check(r, open())
		}()
		<-ended
		failed, log = r.Failed(), r.log.String()
	})
	return failed, log
}

// recorder is a testing.TB that keeps a failure to itself. What it does not
// override (a context, cleanup) it leaves to the test that it runs in.
type recorder struct {
	testing.TB

	mu     sync.Mutex
	failed bool
	log    strings.Builder
}

func (r *recorder) Helper() {}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) Fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

func (r *recorder) Log(args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(&r.log, args...)
}

func (r *recorder) Logf(format string, args ...any) { r.Log(fmt.Sprintf(format, args...)) }

func (r *recorder) Error(args ...any) {
	r.Log(args...)
	r.Fail()
}

func (r *recorder) Errorf(format string, args ...any) { r.Error(fmt.Sprintf(format, args...)) }

func (r *recorder) Fatal(args ...any) {
	r.Log(args...)
	r.FailNow()
}

func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }
