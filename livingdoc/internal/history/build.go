package history

import (
	"fmt"
	"strings"
	"time"
)

// State is how a scenario ended on a store.
type State string

// The states. The zero State means that the build did not have the scenario on
// that store.
const (
	Absent  State = ""
	Passed  State = "passed"
	Failed  State = "failed"
	Flaky   State = "flaky" // failed, and passed when it was tried again
	Skipped State = "skipped"
	NotRun  State = "not run" // selected for no run of that store
)

// ran reports whether a scenario in this state has a duration.
func (s State) ran() bool { return s == Passed || s == Failed || s == Flaky }

// good reports whether the scenario held in the end.
func (s State) good() bool { return s == Passed || s == Flaky }

// letters has a letter for each state; letter 0 stands for Absent.
const letters = "-pfksn"

func states() []State { return []State{Absent, Passed, Failed, Flaky, Skipped, NotRun} }

// code returns the index of a state among states(), and false if it is none.
func (s State) code() (byte, bool) {
	for i, known := range states() {
		if s == known {
			return byte(i), true
		}
	}
	return 0, false
}

// Build is what one build says of its scenarios.
type Build struct {
	Commit    string    // in full
	When      time.Time // when its runs began
	Stores    []Store
	Scenarios []Scenario
}

// Store is a store that a build ran on.
type Store struct {
	Name string `json:"name"`
	How  string `json:"how,omitempty"` // how it was brought up
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
	State State
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
			if _, ok := result.State.code(); !ok {
				return fmt.Errorf("scenario %q has the state %q on %s; the states are those of package history", key, result.State, store)
			}
		}
	}
	return nil
}

// valid returns a text as JSON can hold it.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
