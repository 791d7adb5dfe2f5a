package livingdoc

import (
	"cmp"
	"html/template"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// historyPage is what the page of the history shows.
type historyPage struct {
	Builds  []buildView // newest first
	Earlier int         // how many more there are
	Changes []change
	Release *release // since which; nil if there is none
	Ailing  []ailing
	Shown   int // builds that the strips show
	Takes   []takes
	Alike   bool // whether all builds were on the same stores, and no run of theirs failed as a whole
}

type buildView struct {
	history.Ref

	Link   string // of its site; "" if that is gone, or is this one
	Commit run.Commit
	Now    bool
	Counts []tally // of its examples' rows
}

// on are the stores of a build, in one text.
func (b buildView) on() string {
	var names []string
	for _, s := range b.Stores {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

func (b buildView) failed() bool {
	return slices.ContainsFunc(b.Stores, func(s history.Store) bool { return s.Failed != "" })
}

// takes is how long the examples of a topic took in the builds, on each store.
type takes struct {
	Topic  *topic
	Sparks []takesOn
}

// takesOn is how long a topic took on a store, in the last build and in those
// before.
type takesOn struct {
	Last string
	Line template.HTML
}

// The most that the page of the history shows, of the last builds.
const (
	mostBuilds = 21
	mostSparks = 20
)

func (p past) page(t *tree, changes []change) historyPage {
	made := historyPage{Changes: changes, Release: p.sinceRelease(t)}
	remote := ""
	for _, s := range t.stores {
		remote = cmp.Or(remote, s.Commit.Remote)
	}
	builds := p.history.Builds()
	made.Earlier = max(len(builds)-mostBuilds, 0)
	made.Shown = min(len(builds), mostSparks)
	for _, r := range t.rules() {
		if h := shownHealth(p.ofRule(r)); h != nil && !h.Calm {
			made.Ailing = append(made.Ailing, ailing{rule: r, Health: h})
		}
	}
	counts := p.counts()
	for i, ref := range slices.Backward(builds) {
		if i < made.Earlier {
			break
		}
		view := buildView{Ref: ref, Now: ref.Number == p.number, Commit: run.Commit{Revision: ref.Commit, Remote: remote}, Counts: counts[i]}
		for _, site := range p.sites {
			if site.Number == ref.Number {
				view.Link = site.Link
			}
		}
		made.Builds = append(made.Builds, view)
	}
	made.Alike = !slices.ContainsFunc(made.Builds, func(b buildView) bool { return b.on() != made.Builds[0].on() || b.failed() })
	if len(made.Builds) < 2 {
		return made
	}
	for _, c := range t.chapters() {
		for _, topic := range c.Topics {
			one := takes{Topic: topic}
			for i := range t.stores {
				one.Sparks = append(one.Sparks, p.spark(topic, t.stores[i].Store))
			}
			made.Takes = append(made.Takes, one)
		}
	}
	return made
}

// counts are how many scenarios had which state in each build.
func (p past) counts() [][]tally {
	sums := make([]map[run.Verdict]int, len(p.history.Builds()))
	for i := range sums {
		sums[i] = map[run.Verdict]int{}
	}
	for _, key := range p.history.Keys() {
		for i, v := range p.history.Health(key) {
			sums[i][v]++
		}
	}
	made := make([][]tally, len(sums))
	for i := range sums {
		for _, v := range run.Verdicts() {
			if sums[i][v] > 0 {
				made[i] = append(made[i], tally{Verdict: v, Count: sums[i][v]})
			}
		}
	}
	return made
}

// spark says how long a topic took, and draws how long it did in the builds before.
func (p past) spark(t *topic, store string) takesOn {
	durations := p.durations(t, store)
	if len(durations) == 0 {
		return takesOn{}
	}
	return takesOn{Last: spell(durations[len(durations)-1]), Line: history.Spark(durations[max(0, len(durations)-mostSparks):])}
}

// durations are those of all rows of a topic together, in the builds in which none
// of them failed.
func (p past) durations(of *topic, store string) []time.Duration {
	builds := len(p.history.Builds())
	sums, held, failed := make([]time.Duration, builds), make([]bool, builds), make([]bool, builds)
	for _, r := range of.Rules {
		for _, e := range r.Examples {
			for _, row := range e.Scenario.Rows {
				trend := p.history.Trend(e.key(row), store)
				for i, state := range trend.States {
					switch state {
					case run.Passed, run.Flaky:
						held[i] = true
						sums[i] += trend.Durations[0]
						trend.Durations = trend.Durations[1:]
					case run.Failed:
						failed[i] = true
					default:
					}
				}
			}
		}
	}
	for i, build := range p.history.Builds() {
		failed[i] = failed[i] || build.FailedOn(store)
	}
	var made []time.Duration
	for i := range sums {
		if held[i] && !failed[i] {
			made = append(made, sums[i])
		}
	}
	return made
}
