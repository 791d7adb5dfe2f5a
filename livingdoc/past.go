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
	made.number = made.history.Extended()
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
	made := history.Build{Release: t.config.Release}
	for _, s := range t.stores {
		made.Stores = append(made.Stores, history.Store{Name: s.Store, How: s.How, Failed: strings.Join(firsts(s.Wrong()), " ")})
		if s.Started.After(made.When) { // the first may be that of a build before, of which others ran again
			made.When = s.Started
		}
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

// historyPage is what the page of the history shows.
type historyPage struct {
	Builds  []buildView // newest first
	Earlier int         // how many more there are
	Changes []change
	Release *release // since which; nil if there is none
	Ailing  []ailing
	Shown   int // builds that the strips show
	Takes   []takes
}

type buildView struct {
	history.Ref

	Link   string // of its site; "" if that is gone, or is this one
	Commit run.Commit
	Now    bool
	Counts []tally // of its examples' rows
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

// redirects leads from the addresses of earlier builds to those of now: by a page
// where there is none any more, else by a place on the page. Examples once had
// such places on the pages of their rules.
func (r *renderer) redirects() error {
	known := map[string]*topic{}
	for _, c := range r.tree.chapters() {
		known[c.Address] = nil
		for _, t := range c.Topics {
			known[t.folder()] = t
		}
	}
	examples := map[string]*example{}
	for _, rule := range r.tree.rules() {
		known[rule.Address] = rule.Topic
		for _, e := range rule.Examples {
			known[e.Address] = rule.Topic
			examples[e.Address] = e
		}
	}
	topics := map[string]*topic{}
	for _, moved := range r.past.history.Redirects() {
		from, anchor, placed := strings.Cut(moved.From, "#")
		if !fs.ValidPath(from) {
			continue // a damaged history
		}
		to := moved.To
		if folder := path.Dir(from); topics[folder] == nil {
			topics[folder] = known[to]
		}
		e := examples[to]
		_, isKnown := known[from]
		switch {
		case isKnown && to == "", r.gone[from]:
		case isKnown && e != nil && e.Rule.Address == from && e.Anchor == "":
			e.Anchor = anchor
		case isKnown:
			r.moved[from] = append(r.moved[from], alias{Anchor: anchor, To: relative(from, to)})
		default:
			if to == "" {
				to = "index.html"
			}
			if placed && e != nil { // the page of a rule, which its examples left together
				to = e.Rule.Address
			}
			if err := r.leave(from, to); err != nil {
				return err
			}
		}
	}
	return r.movedTopics(topics, known)
}

// leave puts a page that leads elsewhere in the place of one that is gone.
func (r *renderer) leave(from, to string) error {
	r.gone[from] = true
	return r.put(from, page{Kind: "moved", Title: "This page has moved", Data: relative(from, to)})
}

// movedTopics leads from the chapters and the topics of earlier builds, which had the
// titles of their folders, to where their rules are now: nil where those are gone.
func (r *renderer) movedTopics(topics, known map[string]*topic) error {
	for _, folder := range slices.Sorted(maps.Keys(topics)) {
		chapter, now := path.Join(path.Dir(folder), "index.html"), topics[folder]
		_, stays := known[chapter]
		if chapter == "index.html" || known[folder] != nil { // no page of ours is so high; or it has not moved
			continue
		}
		switch {
		case !stays && !r.gone[chapter] && now != nil:
			if err := r.leave(chapter, now.Chapter.Address); err != nil {
				return err
			}
		case stays && now != nil && now.Chapter.Address == chapter:
			now.Anchors = append(now.Anchors, path.Base(folder))
		case stays && now != nil:
			r.moved[chapter] = append(r.moved[chapter], alias{Anchor: path.Base(folder), To: relative(chapter, now.Chapter.Address) + "#" + now.Anchor})
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(topics)) { // of chapters of which nothing is left
		chapter := path.Join(path.Dir(folder), "index.html")
		if _, stays := known[chapter]; chapter != "index.html" && !stays && !r.gone[chapter] {
			if err := r.leave(chapter, "index.html"); err != nil {
				return err
			}
		}
	}
	return nil
}

// alias is a place that a page had, and where that is now.
type alias struct{ Anchor, To string }
