package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// Absent is the verdict on what a build did not have on a store.
const Absent run.Verdict = ""

// ran reports whether a scenario with this verdict has a duration.
func ran(v run.Verdict) bool { return v == run.Failed || good(v) }

// good reports whether the scenario held in the end.
func good(v run.Verdict) bool { return v == run.Passed || v == run.Flaky }

// letters has a letter for each verdict; letter 0 stands for Absent.
const letters = "-pfksn"

// verdicts are those of the letters.
func verdicts() []run.Verdict {
	return []run.Verdict{Absent, run.Passed, run.Failed, run.Flaky, run.Skipped, run.NotRun}
}

// Build is what one build says of its scenarios.
type Build struct {
	Commit    string    // in full
	When      time.Time // when the last of its runs began
	Release   string    // what it is released as; "" if it is not
	Stores    []Store
	Scenarios []Scenario
}

// Store is a store that a build ran on.
type Store struct {
	Name string `json:"name"`
	How  string `json:"how,omitempty"` // how it was brought up
	// Failed is what was wrong with the run on it as a whole, though its scenarios may
	// have passed; "" if nothing.
	Failed string `json:"failed,omitempty"`
}

// Scenario is how one scenario, or one row of an outline, went.
type Scenario struct {
	Key     string            // names it in every build, such as its file, rule, title and row
	Address string            // of its page in this build's site; several scenarios may share one
	Rule    string            // the address of its rule's page; those of a build all have one, or none has
	Results map[string]Result // by the name of the store
}

// Result is how a scenario went on a store.
type Result struct {
	State run.Verdict
	Took  time.Duration // kept to two digits or so; 0 where it did not run
}

// validate returns an error that names what cannot be kept.
func (b Build) validate() error {
	stores := make(map[string]bool, len(b.Stores))
	for _, store := range b.Stores {
		if store.Name == "" || stores[store.Name] {
			return fmt.Errorf("the build of commit %q names the store %q twice, or without a name", b.Commit, store.Name)
		}
		stores[store.Name] = true
	}
	keys := make(map[string]bool, len(b.Scenarios))
	for _, scenario := range b.Scenarios {
		if (scenario.Rule == "") != (b.Scenarios[0].Rule == "") {
			return fmt.Errorf("the build of commit %q has an address of a rule's page for some scenarios and none for others, such as %q or %q", b.Commit, b.Scenarios[0].Key, scenario.Key)
		}
		key := valid(scenario.Key)
		if key == "" || keys[key] {
			return fmt.Errorf("the build of commit %q has two scenarios with the key %q, or one without a key", b.Commit, key)
		}
		keys[key] = true
		for store, result := range scenario.Results {
			if !stores[store] {
				return fmt.Errorf("scenario %q has a result on the store %q, which the build does not list", key, store)
			}
			if !slices.Contains(verdicts(), result.State) {
				return fmt.Errorf("scenario %q has the verdict %q on %s; the verdicts are those of package run", key, result.State, store)
			}
		}
	}
	return nil
}

// valid returns a text as JSON can hold it.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
