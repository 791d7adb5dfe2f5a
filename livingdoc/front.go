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
	Trouble  []trouble
	Faults   []string  // what was wrong with runs as a whole
	Bare     []*rule   // rules without examples, which nothing was checked of
	Partly   bool      // whether some examples were not carried out on some stores
	Changes  []change  // since the build before
	Build    int       // its number
	When     time.Time // when the first run started
	Commits  []run.Commit
	Seen     []run.Verdict   // the verdicts that there are, from the best on
	Terms    []glossary.Term // for print
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
	if err := r.put("index.html", page{Kind: "front", Title: r.site.Title, Data: data, Dev: true}); err != nil {
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
	made.Lead, made.Rest = opening(withoutTable(markdown))
	made.Changes = r.changes
	made.Terms = r.words.terms
	made.Build = r.past.number
	made.Faults = wrong(r.tree.stores)
	seen := map[run.Verdict]bool{}
	for _, rule := range r.tree.rules() {
		made.Rules++
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
	for _, s := range r.tree.stores {
		if made.When.IsZero() || s.Started.Before(made.When) {
			made.When = s.Started
		}
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

// Holds tells whether everything was checked, and holds.
func (f frontPage) Holds() bool {
	return len(f.Faults)+len(f.Trouble)+len(f.Bare) == 0 && f.Examples > 0
}

// Heading says how many examples did not simply pass, the worst first. Where a run
// failed as a whole it does not say that no example failed, as if that were enough.
func (f frontPage) Heading() string {
	failed := f.Broken(run.Failed)
	var parts []string
	switch {
	case failed > 0:
		parts = append(parts, plural(failed, "example", "examples")+" failed")
	case len(f.Faults) == 0 && f.Examples > 0:
		parts = append(parts, "No example failed")
	}
	for _, v := range []run.Verdict{run.Flaky, run.Skipped, run.NotRun} {
		n := f.Broken(v)
		switch {
		case n > 0 && len(parts) == 0:
			parts = append(parts, plural(n, "example", "examples")+" "+string(v))
		case n > 0:
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if n := len(f.Bare); n > 0 {
		parts = append(parts, plural(n, "rule", "rules")+" without an example")
	}
	if len(parts) == 0 {
		return "There are no examples, so nothing was checked"
	}
	return strings.Join(parts, ", ")
}

// Broken counts the examples of a verdict among the trouble.
func (f frontPage) Broken(v run.Verdict) int {
	n := 0
	for _, one := range f.Trouble {
		if one.Verdict == v {
			n += len(one.Examples)
		}
	}
	return n
}

// Worst says of the whole what is to be told first.
func (f frontPage) Worst() run.Verdict {
	made := run.Passed
	if len(f.Bare) > 0 || f.Examples == 0 {
		made = run.NotRun
	}
	for _, one := range f.Trouble {
		made = made.Worse(one.Verdict)
	}
	return made
}
