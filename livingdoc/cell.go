package livingdoc

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// store is a column of the grids.
type store struct {
	run.Info // in which Store is its name in the runs

	Name     string   // for readers
	Verdicts []tally  // of its rows
	Reports  []string // the addresses of Cucumber's own reports
}

// tally counts rows of a verdict.
type tally struct {
	Verdict run.Verdict
	Count   int
}

func storesOf(config Config, joined *run.Joined) []store {
	made := make([]store, len(joined.Runs))
	for i, info := range joined.Runs {
		made[i] = store{Info: info, Name: cmp.Or(config.Stores[info.Store], info.Title, info.Store)}
		made[i].Commit.Revision = cmp.Or(info.Commit.Revision, config.Commit)
		counts := map[run.Verdict]int{}
		for _, f := range joined.Features {
			for _, r := range f.Rules {
				for _, row := range r.Rows() {
					counts[row.Results[i].Verdict]++
				}
			}
		}
		for _, v := range run.Verdicts() {
			if counts[v] > 0 {
				made[i].Verdicts = append(made[i].Verdicts, tally{Verdict: v, Count: counts[v]})
			}
		}
	}
	return made
}

// places are what of the way a store was brought up tells developers where it is.
var places = regexp.MustCompile(`(?: (?:from|in|at))? /[^ ,;]*|,? (?:on )?port \d+`)

// Plainly is how a store was brought up, for those who do not look for it.
func (s store) Plainly() string { return places.ReplaceAllString(s.How, "") }

// cell is what became of a rule, an example or a row on a store.
type cell struct {
	Store   string
	Verdict run.Verdict
	Count   int // rows with that verdict
	Of      int // rows
	Reasons []string
	Doubted bool // whether it passed in a run that failed as a whole
}

// cells are those of rows, one for each store.
func (t *tree) cells(rows []*run.Row) []cell {
	made := make([]cell, len(t.stores))
	for i := range t.stores {
		made[i] = t.cell(i, rows)
	}
	return made
}

func (t *tree) cell(store int, rows []*run.Row) cell {
	made := cell{Store: t.stores[store].Name, Verdict: run.NotRun, Of: len(rows)}
	if len(rows) > 0 {
		made.Verdict = run.Passed
	}
	for _, row := range rows {
		made.Verdict = made.Verdict.Worse(row.Results[store].Verdict)
	}
	for _, row := range rows {
		result := row.Results[store]
		if result.Verdict != made.Verdict {
			continue
		}
		made.Count++
		reason := result.Reason
		if made.Verdict == run.Failed || made.Verdict == run.Flaky {
			reason = headline(result.Failure)
		}
		if reason != "" && !slices.Contains(made.Reasons, reason) {
			made.Reasons = append(made.Reasons, reason)
		}
	}
	made.Doubted = made.Verdict == run.Passed && len(t.stores[store].Faults) > 0
	return made
}

// Class is the name of the verdict in the style sheet.
func (c cell) Class() string {
	if c.Doubted { // it is not to look as if nothing were wrong
		return class(run.Flaky)
	}
	return class(c.Verdict)
}

func class(v run.Verdict) string { return strings.ReplaceAll(string(v), " ", "-") }

// Calm tells whether there is nothing to say besides that it passed.
func (c cell) Calm() bool { return c.Verdict == run.Passed && !c.Doubted }

// calm tells whether there is nothing to say of any.
func calm(cells []cell) bool {
	return !slices.ContainsFunc(cells, func(c cell) bool { return !c.Calm() })
}

// Share says how many rows it is about, if not all.
func (c cell) Share() string {
	if c.Count == c.Of {
		return ""
	}
	return fmt.Sprintf("%d of %d", c.Count, c.Of)
}

// state is what became of something on all stores together, for those who do not ask
// which of them there are.
type state struct {
	Verdict run.Verdict
	Doubted bool     // whether it passed in a run that failed as a whole
	Where   []string // the stores that it is about, if not all
}

// state is what became of rows: what failed or was flaky anywhere; else they hold if
// each was checked on a store.
func (t *tree) state(rows []*run.Row) state {
	made := state{Verdict: run.NotRun}
	if len(rows) > 0 {
		made.Verdict = run.Passed
	}
	for _, row := range rows {
		made.Verdict = made.Verdict.Worse(rowState(row))
	}
	for i, s := range t.stores {
		has := slices.ContainsFunc(rows, func(row *run.Row) bool { return row.Results[i].Verdict == made.Verdict })
		if has {
			made.Where = append(made.Where, s.Name)
			made.Doubted = made.Doubted || made.Verdict == run.Passed && len(s.Faults) > 0
		}
	}
	if len(made.Where) == len(t.stores) || made.Verdict == run.Passed {
		made.Where = nil
	}
	return made
}

// rowState is what is to be told of a row: what is left out on one store and passes on
// another is checked.
func rowState(row *run.Row) run.Verdict {
	has := func(v run.Verdict) bool {
		return slices.ContainsFunc(row.Results, func(r run.Result) bool { return r.Verdict == v })
	}
	for _, v := range []run.Verdict{run.Failed, run.Flaky, run.Passed, run.Skipped} {
		if has(v) {
			return v
		}
	}
	return run.NotRun
}

// Holds tells whether it was checked, and nothing speaks against it.
func (s state) Holds() bool { return s.Verdict == run.Passed && !s.Doubted }

// Class is the name of the state in the style sheet.
func (s state) Class() string { return cell{Verdict: s.Verdict, Doubted: s.Doubted}.Class() }

// chip is what became of something on the stores on which the same did.
type chip struct {
	cell

	Stores []string
}

// together joins the stores on which the same became of something, first those on which it failed or was
// flaky.
func together(cells []cell) []chip {
	rank := func(c chip) int { return slices.Index([]run.Verdict{run.Flaky, run.Failed}, c.Verdict) }
	var made []chip
	for _, c := range cells {
		k := slices.IndexFunc(made, func(m chip) bool { return m.Verdict == c.Verdict && m.Doubted == c.Doubted && m.Share() == c.Share() })
		if k < 0 {
			k = len(made)
			made = append(made, chip{cell: c})
		}
		made[k].Stores = append(made[k].Stores, c.Store)
	}
	slices.SortStableFunc(made, func(a, b chip) int { return rank(b) - rank(a) })
	return made
}
