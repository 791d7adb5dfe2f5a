package livingdoc

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// historyAddress is that of the page of the history.
const historyAddress = "history.html"

// past is what is known of earlier builds, and this build among them.
type past struct {
	history *history.History
	number  int               // of this build
	text    []byte            // of the history's file, with this build
	files   map[string][]byte // of the sites of earlier builds
	sites   []history.Site
}

// newPast takes over what the site before knows, and adds this build.
func newPast(config Config, t *tree) (past, error) {
	carried, err := history.Carry(os.DirFS(config.Previous), config.Keep)
	if err != nil {
		return past{}, fmt.Errorf("take over the history of the last site: %w", err)
	}
	text := carried.History
	if config.History != "" {
		if text, err = os.ReadFile(config.History); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return past{}, fmt.Errorf("read the history: %w", err)
		}
	}
	made := past{files: carried.Files}
	if made.text, made.history, err = history.Extend(text, t.build()); err != nil {
		return past{}, fmt.Errorf("add this build to the history: %w", err)
	}
	if config.Log != nil {
		from := cmp.Or(config.History, filepath.Join(config.Previous, history.File))
		for _, damage := range made.history.Damaged {
			config.Log.Warn("A line of the history could not be read, so that build is left out of it.", "file", from, "line", damage.Line, "why", damage.Why)
		}
	}
	made.history.Released(config.Releases)
	if unbuilt := made.unbuilt(config.Releases); len(unbuilt) > 0 && config.Log != nil {
		config.Log.Warn("Releases of commits that were never built are passed over.", "releases", strings.Join(unbuilt, ", "))
	}
	builds := made.history.Builds()
	made.number = builds[len(builds)-1].Number
	// Made again of the same runs, a site does not become the site of an earlier
	// build beside itself.
	own := path.Join(history.BuildsFolder, strconv.Itoa(made.number)) + "/"
	for name := range made.files {
		if strings.HasPrefix(name, own) {
			delete(made.files, name)
		}
	}
	for _, site := range carried.Sites {
		if site.Number != made.number {
			made.sites = append(made.sites, site)
		}
	}
	return made, nil
}

// unbuilt are the releases whose commits no build was of.
func (p past) unbuilt(releases map[string]string) []string {
	var made []string
	for _, name := range slices.Sorted(maps.Keys(releases)) {
		if !slices.ContainsFunc(p.history.Builds(), func(b history.Ref) bool { return b.Commit == releases[name] }) {
			made = append(made, name)
		}
	}
	return made
}

// build is what the history keeps of the runs.
func (t *tree) build() history.Build {
	made := history.Build{Release: t.config.Release, When: t.when()}
	for _, s := range t.stores {
		made.Stores = append(made.Stores, history.Store{Name: s.Store, How: s.How, Failed: strings.Join(firsts(s.Wrong()), " ")})
		made.Commit = cmp.Or(made.Commit, s.Commit.Revision)
	}
	seen := map[string]bool{}
	for _, r := range t.rules() {
		for _, e := range r.Examples {
			for _, row := range e.Scenario.Rows {
				key := e.key(row)
				if seen[key] {
					continue // titles that stand twice, which the linter of features forbids
				}
				seen[key] = true
				one := history.Scenario{Key: key, Address: e.Address, Rule: r.Address, Results: map[string]history.Result{}}
				for i, result := range row.Results {
					one.Results[t.stores[i].Store] = history.Result{State: result.Verdict, Took: result.Duration}
				}
				made.Scenarios = append(made.Scenarios, one)
			}
		}
	}
	return made
}

// when is the time of this build: when the last run started. The first may belong to an
// earlier build, of which only the others were run again.
func (t *tree) when() time.Time {
	var last time.Time
	for _, s := range t.stores {
		if s.Started.After(last) {
			last = s.Started
		}
	}
	return last
}

// key names a row in every build.
func (e *example) key(row *run.Row) string {
	title := e.Rule.Title
	if title == e.Rule.Topic.Title {
		title = ""
	}
	key := strings.Join([]string{e.Rule.Topic.Path, title, e.Scenario.Title}, " | ")
	if e.Scenario.Outline() {
		key += fmt.Sprintf(" | %d", row.Number)
	}
	return key
}

// change is what is worth saying of an example since the build before.
type change struct {
	Word    string // such as "regressed"
	Example *example
	Stores  []string
	Since   string // "" if it is this build
}

// note finds what has changed, and marks rules and examples with it.
func (p past) note(t *tree) []change {
	var made []change
	if len(p.history.Builds()) < 2 {
		return nil // there is nothing that it could have changed from
	}
	for _, r := range t.rules() {
		for _, e := range r.Examples {
			for i := range t.stores {
				for _, one := range p.changes(t, e, i) {
					mark(&e.Marks, one.Word)
					mark(&r.Marks, one.Word)
					k := slices.IndexFunc(made, func(c change) bool { return c.Example == e && c.Word == one.Word && c.Since == one.Since })
					if k < 0 {
						made = append(made, one)
					} else if !slices.Contains(made[k].Stores, one.Stores[0]) {
						made[k].Stores = append(made[k].Stores, one.Stores[0])
					}
				}
			}
		}
	}
	order := []string{"regressed", "failing", "flaky", "fixed", "new"}
	slices.SortStableFunc(made, func(a, b change) int { return slices.Index(order, a.Word) - slices.Index(order, b.Word) })
	return made
}

func mark(marks *[]string, word string) {
	if !slices.Contains(*marks, word) {
		*marks = append(*marks, word)
	}
}

// changes are those of an example on a store.
func (p past) changes(t *tree, e *example, store int) []change {
	var made []change
	add := func(word string, since *history.Ref) {
		one := change{Word: word, Example: e, Stores: []string{t.stores[store].Name}}
		if since != nil && since.Number != p.number {
			one.Since = fmt.Sprintf("build %d, %s", since.Number, since.When.UTC().Format("2 January 2006"))
		}
		if !slices.ContainsFunc(made, func(c change) bool { return c.Word == word }) {
			made = append(made, one)
		}
	}
	for _, row := range e.Scenario.Rows {
		trend := p.history.Trend(e.key(row), t.stores[store].Store)
		switch {
		case trend.Mark != history.Unmarked:
			add(string(trend.Mark), nil)
		case trend.FailsSince != nil:
			add("failing", trend.FailsSince)
		}
		if trend.FlakySince != nil {
			add("flaky", trend.FlakySince)
		}
	}
	return made
}

// meanings says what the words of changes mean, of those that there are.
func meanings(list []change) []meaning {
	var made []meaning
	for _, known := range []meaning{
		{Word: "regressed", Means: "it held before, and does not any more"},
		{Word: "failing", Means: "it has not held for longer"},
		{Word: "flaky", Means: "it holds only when it is tried again"},
		{Word: "fixed", Means: "it holds again"},
		{Word: "new", Means: "it was not there before"},
		{Word: "gone", Means: "it was there before"},
	} {
		if slices.ContainsFunc(list, func(c change) bool { return c.Word == known.Word }) {
			made = append(made, known)
		}
	}
	return made
}

// meaning explains a word.
type meaning struct{ Word, Means string }

// health is how something went in the last builds.
type health struct {
	Strip template.HTML
	Words string
	Calm  bool // whether it held in all in which it was checked
}

// of is the health of rows; it is empty if there is one build only.
func (p past) of(e *example, rows []*run.Row) []run.Verdict {
	made := make([]run.Verdict, len(p.history.Builds()))
	for _, row := range rows {
		for i, v := range p.history.Health(e.key(row)) {
			made[i] = history.Worse(made[i], v)
		}
	}
	return made
}

func (p past) ofExample(e *example) []run.Verdict { return p.of(e, e.Scenario.Rows) }

func (p past) ofRule(r *rule) []run.Verdict {
	made := make([]run.Verdict, len(p.history.Builds()))
	for _, e := range r.Examples {
		for i, v := range p.ofExample(e) {
			made[i] = history.Worse(made[i], v)
		}
	}
	return made
}

// shownHealth is that of the last builds; nil if there is nothing to compare.
func shownHealth(states []run.Verdict) *health {
	if len(states) < 2 {
		return nil
	}
	states = states[max(0, len(states)-mostSparks):]
	calm := !slices.Contains(states, run.Failed) && !slices.Contains(states, run.Flaky)
	return &health{Strip: history.Strip(states), Words: history.Health(states), Calm: calm}
}

// ailing is a rule that did not hold in each of the last builds.
type ailing struct {
	*rule

	Health *health
}

// release is what has changed since the last one.
type release struct {
	history.Ref

	Changes []changeSince
}

// changeSince is an example that is another now than at a release.
type changeSince struct {
	Word    string
	Title   string
	Example *example // nil if it is gone
}

// sinceRelease compares with the last build before this one that was released; nil if
// there is none.
func (p past) sinceRelease(t *tree) *release {
	builds := p.history.Builds()
	at := -1
	for i, ref := range builds[:len(builds)-1] {
		if ref.Release != "" {
			at = i
		}
	}
	if at < 0 {
		return nil
	}
	made := &release{Ref: builds[at]}
	here := map[string]bool{}
	for _, e := range t.examples() {
		for _, row := range e.Scenario.Rows {
			here[e.key(row)] = true
		}
		states := p.ofExample(e)
		then, now := states[at], states[len(states)-1]
		word := ""
		switch {
		case then == history.Absent:
			word = "new"
		case then != run.Failed && now == run.Failed:
			word = "regressed"
		case then == run.Failed && (now == run.Passed || now == run.Flaky):
			word = "fixed"
		}
		if word != "" {
			made.Changes = append(made.Changes, changeSince{Word: word, Title: e.Title, Example: e})
		}
	}
	for _, key := range p.history.Keys() {
		if !here[key] && p.history.Health(key)[at] != history.Absent {
			parts := strings.Split(key, " | ")
			made.Changes = append(made.Changes, changeSince{Word: "gone", Title: strings.Join(parts[2:], ", row ")})
		}
	}
	return made
}
