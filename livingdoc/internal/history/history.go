package history

import (
	"maps"
	"math"
	"slices"
	"time"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// History is what is known of earlier builds. Its methods may be called at the
// same time.
type History struct {
	// Damaged are the lines of the file that could not be read. The builds of all
	// others are there.
	Damaged []Damage

	builds []record
	names  []name // by number
	byKey  map[string]int
}

// Damage is a line that could not be read.
type Damage struct {
	Line int // from 1
	Why  string
}

// Ref names a build.
type Ref struct {
	Number int
	Commit string
	When   time.Time
	Stores []Store
	// Release is what the build was released as; "" if it was not.
	Release string
}

// FailedOn tells whether the run of a build on a store failed as a whole.
func (r Ref) FailedOn(store string) bool {
	return slices.ContainsFunc(r.Stores, func(s Store) bool { return s.Name == store && s.Failed != "" })
}

// name is a scenario's.
type name struct {
	key       string   // empty if the line that named it is lost
	addresses []string // all that it had, oldest first
	rules     []string // the same of its rule's page
}

// record is a build as it is kept in memory: states and durations by the
// scenarios' numbers.
type record struct {
	Ref

	results map[string]results // by store
}

type results struct {
	states []byte  // indices of verdicts
	took   []int32 // in tenths of a millisecond
}

// unit is what durations are counted in.
const unit = time.Millisecond / 10

// Builds returns all builds, oldest first.
func (h *History) Builds() []Ref {
	refs := make([]Ref, len(h.builds))
	for i, build := range h.builds {
		refs[i] = build.Ref
	}
	return refs
}

// line returns what the file says of a build, unless it is the last one once more.
func (h *History) line(build Build) (_ line, known bool, _ error) {
	if err := build.validate(); err != nil {
		return line{}, false, err
	}
	last := 0
	for _, earlier := range h.builds {
		last = max(last, earlier.Number)
	}
	if n := len(h.builds); n > 0 {
		if newest := h.builds[n-1]; newest.Commit == build.Commit && newest.When.Equal(build.When) && h.same(newest, build) {
			return line{}, true, nil
		}
	}
	return h.encode(last+1, build), false, nil
}

// same tells whether a build is of the same runs as one that is known: what became of
// its scenarios is the same, and how long they took.
func (h *History) same(known record, build Build) bool {
	if known.Release != build.Release || len(known.Stores) != len(build.Stores) {
		return false
	}
	for i, store := range build.Stores {
		if known.Stores[i].Name != store.Name || known.Stores[i].Failed != valid(store.Failed) {
			return false
		}
		for _, scenario := range build.Scenarios {
			number, named := h.byKey[valid(scenario.Key)]
			result := scenario.Results[store.Name]
			if !named || known.state(store.Name, number) != result.State {
				return false
			}
			took := int32(min(math.Round(milliseconds(result.Took)*10), math.MaxInt32))
			if ran(result.State) && known.results[store.Name].took[number] != took {
				return false
			}
		}
	}
	return true
}

// Released says which commits were released as what. The last build of a commit is its
// release; of several names it has the first in order, so v1.1 and not v1.1-rc. What a build said of itself
// stays, and the file of the history does not keep what was said here.
func (h *History) Released(commits map[string]string) {
	names := slices.Sorted(maps.Keys(commits))
	for _, name := range slices.Backward(names) {
		for i := range slices.Backward(h.builds) {
			if h.builds[i].Commit == commits[name] && commits[name] != "" {
				h.builds[i].Release = name
				break
			}
		}
	}
}

// Keys lists all scenarios that any build had.
func (h *History) Keys() []string {
	var made []string
	for _, name := range h.names {
		if name.key != "" {
			made = append(made, name.key)
		}
	}
	return made
}

// Health is how a scenario went in each build of the history, oldest first, on all
// stores together: what is to be told first.
func (h *History) Health(key string) []run.Verdict {
	made := make([]run.Verdict, len(h.builds))
	number, known := h.byKey[valid(key)]
	if !known {
		return made
	}
	for i, build := range h.builds {
		for store := range build.results {
			made[i] = Worse(made[i], build.state(store, number))
		}
	}
	return made
}

// Worse is which of two states is to be told first: what ran before what did not, and of
// what ran the worse.
func Worse(a, b run.Verdict) run.Verdict {
	rank := []run.Verdict{Absent, run.NotRun, run.Skipped, run.Passed, run.Flaky, run.Failed}
	if slices.Index(rank, b) > slices.Index(rank, a) {
		return b
	}
	return a
}

// state returns how a scenario went in a build.
func (b record) state(store string, number int) run.Verdict {
	codes := b.results[store].states
	if number >= len(codes) {
		return Absent
	}
	return verdicts()[codes[number]]
}

// has reports whether a build had the scenario on any store.
func (b record) has(number int) bool {
	for store := range b.results {
		if b.state(store, number) != Absent {
			return true
		}
	}
	return false
}
