package livingdoc

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/livingdoc/internal/glossary"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// frontPage is what the front page and the one for print show.
type frontPage struct {
	Lead     string // Markdown: the first paragraph
	Picture  template.HTML
	Rest     string // Markdown: what follows
	Chapters []*chapter
	Topics   bool // whether the grid has topics rather than rules, since there are too many
	Rules    int
	Examples int
	Hold     int // rules that do
	Trouble  []trouble
	Stores   []string  // that it was checked on
	Faults   []string  // what was wrong with runs as a whole
	Bare     []*rule   // rules without examples, which nothing was checked of
	Partly   bool      // whether some examples were not carried out on some stores
	Changes  []change  // since the build before
	Build    int       // its number
	When     time.Time // when the last run started
	Commits  []run.Commit
	Seen     []run.Verdict   // the verdicts that there are, from the best on
	Terms    []glossary.Term // for print
	Begin    []beginning     // the chapters at the top, for those who begin to read
}

// beginning is a chapter with how many rules it has, with those below it.
type beginning struct {
	*chapter

	Count int
}

// Worse are the verdicts that are told before everything else, in that order.
func (frontPage) Worse() []run.Verdict { return []run.Verdict{run.Failed, run.Flaky} }

// Pictured is what happened in an example, for print: in its first row, on the first
// store that has something to say of it.
func (f frontPage) Pictured(e *example) template.HTML {
	options := limits()
	options.MaxEvents = onPaper
	for _, row := range e.Scenario.Rows[:min(1, len(e.Scenario.Rows))] {
		for _, result := range row.Results {
			if shown := drawn(result.Events, moments(e.Scenario, row, result), true, options); shown != "" {
				return shown
			}
		}
	}
	return ""
}

// trouble is what a reader has to be told before anything else: an example that
// did not simply pass.
type trouble struct {
	Verdict  run.Verdict
	Examples []*example // to which the same happened
	Where    []where
}

// where is a store, or several, with one reason.
type where struct {
	Stores []string
	Reason string
}

// front makes the front page.
func (r *renderer) front() error {
	data, err := r.frontPage()
	if err != nil {
		return err
	}
	shown := page{Kind: "front", Title: r.site.Title, Data: data, Dev: true}
	if len(data.Chapters) > 0 {
		shown.After = data.Chapters[0].link()
	}
	if err := r.put(r.tree.root.Address, shown); err != nil {
		return err
	}
	return r.put(printAddress, page{Kind: "print", Title: r.site.Title, Data: data})
}

func (r *renderer) frontPage() (frontPage, error) {
	picture, markdown, err := r.prose.picture(r.tree.root.Prose, ".")
	if err != nil {
		return frontPage{}, err
	}
	made := frontPage{Picture: picture, Chapters: r.tree.chapters()}
	for _, c := range r.tree.root.Chapters {
		made.Begin = append(made.Begin, beginning{chapter: c, Count: c.count()})
	}
	made.Lead, made.Rest = opening(withoutTable(markdown))
	made.Changes = r.changes
	made.Terms = r.words.terms
	made.Build = r.past.number
	made.Faults = wrong(r.tree.stores)
	for _, s := range r.tree.stores {
		made.Stores = append(made.Stores, s.Name)
	}
	seen := map[run.Verdict]bool{}
	for _, rule := range r.tree.rules() {
		made.Rules++
		if rule.State.Holds() {
			made.Hold++
		}
		if len(rule.Examples) == 0 {
			made.Bare = append(made.Bare, rule)
			seen[run.NotRun] = true
		}
		for _, e := range rule.Examples {
			made.Examples += len(e.Scenario.Rows)
			made.Trouble = append(made.Trouble, troubles(e)...)
			for _, c := range e.Cells {
				seen[c.Verdict] = true
			}
		}
	}
	made.Topics = made.Rules > manyRules
	made.Trouble = sorted(made.Trouble)
	for _, v := range run.Verdicts() {
		if seen[v] {
			made.Seen = append(made.Seen, v)
		}
	}
	made.Partly = seen[run.Skipped] || seen[run.NotRun]
	made.When = r.tree.when()
	for _, s := range r.tree.stores {
		known := slices.ContainsFunc(made.Commits, func(c run.Commit) bool { return c.Revision == s.Commit.Revision })
		if !known && s.Commit.Revision != "" {
			made.Commits = append(made.Commits, s.Commit)
		}
	}
	return made, nil
}

// troubles says of an example which verdicts but passed it has, and where.
func troubles(e *example) []trouble {
	var made []trouble
	for _, v := range run.Verdicts() {
		if v == run.Passed {
			continue
		}
		one := trouble{Verdict: v, Examples: []*example{e}}
		for _, c := range e.Cells {
			if c.Verdict != v {
				continue
			}
			reason := strings.Join(c.Reasons, "; ")
			i := slices.IndexFunc(one.Where, func(w where) bool { return w.Reason == reason })
			if i < 0 {
				i = len(one.Where)
				one.Where = append(one.Where, where{Reason: reason})
			}
			one.Where[i].Stores = append(one.Where[i].Stores, c.Store)
		}
		if len(one.Where) > 0 {
			made = append(made, one)
		}
	}
	return made
}

// sorted puts the worst first, and else keeps the order of reading. What is the
// same of several examples is said once.
func sorted(list []trouble) []trouble {
	var made []trouble
	for _, v := range []run.Verdict{run.Failed, run.Flaky, run.Skipped, run.NotRun} {
		for _, one := range list {
			if one.Verdict != v {
				continue
			}
			k := slices.IndexFunc(made, func(t trouble) bool { return t.Verdict == v && same(t.Where, one.Where) })
			if k < 0 {
				made = append(made, one)
			} else {
				made[k].Examples = append(made[k].Examples, one.Examples...)
			}
		}
	}
	return made
}

// Holds tells whether every rule was checked, and holds.
func (f frontPage) Holds() bool {
	return len(f.Faults)+len(f.Bare)+len(f.Of(run.Failed))+len(f.Of(run.Flaky)) == 0 && f.Hold == f.Rules && f.Examples > 0
}

// Of is the trouble of one verdict.
func (f frontPage) Of(v run.Verdict) []trouble {
	var made []trouble
	for _, one := range f.Trouble {
		if one.Verdict == v {
			made = append(made, one)
		}
	}
	return made
}

// Unchecked is what was not among what was checked.
func (f frontPage) Unchecked() []trouble { return f.Of(run.NotRun) }

// Judged is the verdict in a line.
type judged struct{ Class, Strong, Rest string }

// Verdict says how many rules hold, and how that is known. Where a run failed as a
// whole it does not, as if that were proof.
func (f frontPage) Verdict() judged {
	known := []string{fmt.Sprintf("checked on %s", numbered(len(f.Stores), "store", "stores"))}
	if !f.When.IsZero() {
		known = append(known, f.When.UTC().Format("2 January 2006"))
	}
	known = append(known, fmt.Sprintf("build %d", f.Build))
	how := plural(f.Examples, "example", "examples") + ", " + strings.Join(known, ", ") + "."
	made := judged{Class: class(run.NotRun), Rest: " " + how}
	switch {
	case f.Examples == 0:
		return judged{Class: class(run.NotRun), Strong: "There are no examples, so nothing was checked."}
	case len(f.Faults) > 0:
		made.Strong = "What was checked:"
	case f.Holds() && f.Rules == 1:
		made.Class, made.Strong = class(run.Passed), "The rule holds:"
	case f.Holds():
		made.Class, made.Strong = class(run.Passed), fmt.Sprintf("All %d rules hold:", f.Rules)
	case f.Hold == 1:
		made.Strong = fmt.Sprintf("1 of %s holds:", plural(f.Rules, "rule", "rules"))
	default:
		made.Strong = fmt.Sprintf("%d of %s hold:", f.Hold, plural(f.Rules, "rule", "rules"))
	}
	return made
}

// numbered is a number of things, with small numbers in words.
func numbered(n int, one, many string) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n == 1 {
		return "one " + one
	}
	if n < len(words) {
		return words[n] + " " + many
	}
	return plural(n, one, many)
}

// Broken says how many examples have a verdict.
func (f frontPage) Broken(v run.Verdict) string {
	n := 0
	for _, one := range f.Of(v) {
		n += len(one.Examples)
	}
	switch v {
	case run.Failed:
		return plural(n, "example fails", "examples fail")
	case run.Flaky:
		return plural(n, "example is flaky", "examples are flaky")
	case run.Skipped:
		return plural(n, "example is left out by design on some stores", "examples are left out by design on some stores")
	case run.NotRun:
		return plural(n, "example was not checked on some stores", "examples were not checked on some stores")
	case run.Passed:
	}
	return ""
}
