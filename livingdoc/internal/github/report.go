package github

import (
	"example.com/groupcheckout/livingdoc/internal/run"
)

// Report is how the scenarios of a build went, as the caller has it.
type Report struct {
	Title    string // of the summary, such as "Checking out a group"
	Stores   []Store
	Features []Feature
}

// Store is a store that the scenarios ran on.
type Store struct {
	Name string
	How  string // how it was brought up; may be empty
}

// Feature is a feature with its rules.
type Feature struct {
	Title string
	Path  string // of its file, from the root of the repository
	Rules []Rule
}

// Rule is a rule with its scenarios; without a title it stands for those that
// have none.
type Rule struct {
	Title     string
	Scenarios []Scenario
}

// Scenario is a scenario or one row of an outline.
type Scenario struct {
	Title   string   // with what tells a row from the others
	Line    int      // in the feature's file, from 1; 0 if unknown
	Results []Result // one for each store of the report, in their order; what is missing did not run
}

// Result is how a scenario went on a store.
type Result struct {
	State  run.Verdict
	Detail string // why it failed, was flaky or was skipped; may have many lines
}

// on returns how a scenario went on the store with an index.
func (s Scenario) on(store int) Result {
	if store < len(s.Results) && s.Results[store].State != "" {
		return s.Results[store]
	}
	return Result{State: run.NotRun}
}

// counts is how many scenarios ended in each state.
type counts map[run.Verdict]int

func (c counts) total() int {
	n := 0
	for _, count := range c {
		n += count
	}
	return n
}

// each calls a function with every scenario of a report, in order.
func (r Report) each(do func(Feature, Rule, Scenario)) {
	for _, feature := range r.Features {
		for _, rule := range feature.Rules {
			for _, scenario := range rule.Scenarios {
				do(feature, rule, scenario)
			}
		}
	}
}
