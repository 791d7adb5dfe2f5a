package livingdoc_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/browsertest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/fixture"
)

// address is that of a page of a site on disk.
func address(folder, page string) string {
	page, query, _ := strings.Cut(page, "?")
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(folder, page)), RawQuery: query}).String()
}

// mixed is a site with every verdict, which follows another in the history.
var mixed shared //nolint:gochecknoglobals // made once for all tests, which only read it

func mixedSite(t *testing.T) string {
	t.Helper()
	return mixed.folder(t, func(out string) {
		for i, second := range []fixture.Run{{Store: "stone"}, {Store: "stone", Outcome: outcomes}} { // in this order
			config := project(t, library(), fixture.Run{Store: "paper"}, second)
			config.Out, config.Commit = out, strconv.Itoa(i+1)
			build(t, config)
		}
	})
}

// kindOf finds out of which kind a page is.
var kindOf = regexp.MustCompile(`<body class="?([a-z]+)`)

// pagesOf lists the pages of a site, without those of earlier builds, by their kind.
func pagesOf(t *testing.T, folder string) map[string][]string {
	t.Helper()
	pages := map[string][]string{}
	all := files(t, folder)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if kind := kindOf.FindStringSubmatch(all[name]); kind != nil && !strings.HasPrefix(name, "builds/") {
			pages[kind[1]] = append(pages[kind[1]], name)
		}
	}
	for _, kind := range []string{"front", "chapter", "rule", "example", "search", "history", "print"} {
		if len(pages[kind]) == 0 {
			t.Fatalf("got no page of the kind %s; the kinds are %v", kind, slices.Sorted(maps.Keys(pages)))
		}
	}
	return pages
}

// TestEveryKindOfPageIsAccessible opens the pages of each kind, with all that is folded and
// all that is for developers, in light and dark and on a phone. Of the real site's rules and
// examples, which are much alike, it opens some.
func TestEveryKindOfPageIsAccessible(t *testing.T) {
	t.Parallel()
	hotel, verdicts := realSite(t), mixedSite(t)
	script := browsertest.Axe(t)
	followLinks(t, files(t, hotel))
	for _, test := range []struct {
		name, site, theme string
		most              int // pages of a kind
	}{{"real", hotel, "light", 8}, {"real", hotel, "dark", 2}, {"mixed", verdicts, "light", 100}, {"mixed", verdicts, "dark", 100}} {
		t.Run(test.name+"/"+test.theme, func(t *testing.T) {
			t.Parallel()
			ctx := browser.Tab(t)
			browsertest.Do(ctx, t, browsertest.Scheme(test.theme))
			for _, pages := range pagesOf(t, test.site) {
				step := (len(pages) + test.most - 1) / test.most
				for i := 0; i < len(pages); i += step {
					browsertest.Do(ctx, t, chromedp.EmulateViewport(1100, 900), chromedp.Navigate(address(test.site, pages[i])))
					browsertest.Photograph(ctx, t, test.name+"-"+test.theme, pages[i])
					look(ctx, t, test.site, pages[i], script, test.theme)
					browsertest.Photograph(ctx, t, test.name+"-"+test.theme+"-unfolded", pages[i])
				}
			}
		})
	}
}

// look looks at a page that is open, in light also as it is on a phone.
func look(ctx context.Context, t *testing.T, site, page, script, theme string) {
	t.Helper()
	// With all that is folded, and all that is for developers.
	browsertest.Eval[bool](ctx, t, `document.querySelectorAll('details').forEach((d) => { d.open = true }); for (const dev of document.querySelectorAll('#dev')) dev.checked = true; true`)
	for _, violation := range browsertest.Violations(ctx, t, script, theme) {
		t.Errorf("%s: %s", page, violation)
	}
	if theme == "dark" {
		return
	}
	if struck := browsertest.Eval[string](ctx, t, struckThrough); struck != "" {
		t.Errorf("%s: in a chart a line goes through a number: %s", page, struck)
	}
	follow(t, site, page, browsertest.Eval[[]string](ctx, t, `[...document.links].map((a) => a.href)`))
	for dev, screens := range map[string][]int64{"true": {768, 360}, "false": {1440, 768, 390}} {
		browsertest.Eval[bool](ctx, t, `for (const dev of document.querySelectorAll('#dev')) dev.checked = `+dev+`; true`)
		for _, screen := range screens {
			browsertest.Do(ctx, t, chromedp.EmulateViewport(screen, 800))
			if width := browsertest.Eval[int64](ctx, t, `document.documentElement.scrollWidth`); width > screen {
				t.Errorf("%s: it is %d pixels wide on a screen of %d, for developers %s: %s", page, width, screen, dev, browsertest.Eval[string](ctx, t, fmt.Sprintf(
					`[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > %d && !e.closest('.scroll')).map((e) => e.outerHTML.slice(0, 80)).slice(0, 3).join('\n')`, screen+1)))
			}
		}
	}
}

// TestPicturesHaveRoomForTheirTexts of the real site, all on one page, also in wide letters, as
// those of Linux are.
func TestPicturesHaveRoomForTheirTexts(t *testing.T) {
	t.Parallel()
	site := files(t, realSite(t))
	var pictures []string
	for _, name := range slices.Sorted(maps.Keys(site)) {
		for _, picture := range drawing.FindAllString(site[name], -1) {
			if strings.Contains(picture, "foreignObject") {
				pictures = append(pictures, picture)
			}
		}
	}
	if len(pictures) < 140 {
		t.Fatalf("got %d pictures, want those of all examples", len(pictures))
	}
	folder := t.TempDir()
	page := `<!doctype html><style>` + site["style.css"] + `:root{--sans:"DejaVu Sans"}</style>` + strings.Join(pictures, "<hr>")
	check.Must(t, os.WriteFile(filepath.Join(folder, "all.html"), []byte(page), 0o600))
	ctx := browser.Tab(t)
	browsertest.Do(ctx, t, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address(folder, "all.html")))
	if cut := browsertest.Eval[string](ctx, t, cutOff); cut != "" {
		t.Errorf("a picture has no room for its text: %s", cut)
	}
}

// cutOff tells what of the texts in pictures does not fit into its place. A little more has
// room, since nothing stands beside it.
const cutOff = `[...document.querySelectorAll('svg > foreignObject > ol')].flatMap((list) => {
	const bottom = list.closest('svg').getBoundingClientRect().bottom;
	return [...list.children].filter((li) => li.scrollWidth > li.clientWidth + 6 || li.getBoundingClientRect().bottom > bottom + 1);
}).map((li) => li.textContent).join('\n')`

// struckThrough tells which arrows of charts have a number that the line of another goes
// through.
const struckThrough = `[...document.querySelectorAll('.chart')].flatMap((chart) => {
	const lines = [...chart.querySelectorAll('.line')];
	return [...chart.querySelectorAll('a text')].filter((text) => {
		const box = text.getBBox(), point = chart.createSVGPoint();
		const others = lines.filter((line) => line.parentNode !== text.parentNode);
		for (point.x = box.x; point.x <= box.x + box.width; point.x++)
			for (point.y = box.y + 2; point.y <= box.y + box.height - 2; point.y++)
				if (others.some((line) => line.isPointInStroke(point))) return true;
		return false;
	});
}).map((text) => text.parentNode.ariaLabel).join('\n')`

// follow checks that every link of a page of a site leads to a place there.
func follow(t *testing.T, site, page string, links []string) {
	t.Helper()
	if len(links) == 0 {
		t.Errorf("%s: it has no links", page)
	}
	for _, link := range links {
		target, err := url.Parse(link)
		if err != nil || target.Scheme != "file" {
			continue // it leads out, as a commit's does
		}
		file := filepath.FromSlash(target.Path)
		text, err := os.ReadFile(file)
		switch {
		case err != nil || !strings.HasPrefix(file, site):
			t.Errorf("%s: the link %s leads nowhere on the site: %v", page, link, err)
		case target.Fragment != "" && !regexp.MustCompile(`\bid="?`+regexp.QuoteMeta(target.Fragment)+`[" >]`).Match(text):
			t.Errorf("%s: there is no place %s for the link %s", page, target.Fragment, link)
		}
	}
}

// TestAxeFindsWhatIsWrong shows that the test above can fail.
func TestAxeFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	ctx := browser.Tab(t)
	for theme, page := range map[string]string{"light": "<img src=x>", "dark": "<p style='color:#888;background:#999'>grey</p>"} {
		browsertest.Do(ctx, t, chromedp.Navigate("data:text/html,<!doctype html><html lang=en><title>x</title><main><h1>x</h1>"+url.PathEscape(page)))
		if len(browsertest.Violations(ctx, t, browsertest.Axe(t), theme)) == 0 {
			t.Errorf("%s: axe finds nothing wrong with %s", theme, page)
		}
	}
}

const shownExamples = `[...document.querySelectorAll('#found li')].filter((li) => li.offsetParent).map((li) => li.firstChild.textContent).join('; ')`

func TestTheSearchFindsAsOneTypesAndKeepsItInTheAddress(t *testing.T) {
	t.Parallel()
	site := mixedSite(t)
	ctx := browser.Tab(t)
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "search.html")))
	if focused := browsertest.Eval[string](ctx, t, `document.activeElement.id`); focused != "q" {
		t.Errorf("the focus is at %q, want it in the field", focused)
	}
	browsertest.Do(ctx, t, chromedp.KeyEvent("ann WANT"))
	expect := func(what, shown, query string) {
		t.Helper()
		if !becomes(ctx, t, `document.getElementById('count')?.textContent && decodeURIComponent(location.search) === `+strconv.Quote(query)+
			` && (`+shownExamples+`) === `+strconv.Quote(shown)) {
			t.Errorf("%s: got the examples %q at %q, want %q at %q", what, browsertest.Eval[string](ctx, t, shownExamples), browsertest.Eval[string](ctx, t, `location.search`), shown, query)
		}
	}
	expect("words, one of which is only in a table", "Two readers want one book", "?q=ann+WANT")
	if got := browsertest.Eval[string](ctx, t, `document.getElementById('count').textContent`); got != "1 example" {
		t.Errorf("got the count %q", got)
	}
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "search.html?tag=@loans&state=flaky")))
	expect("tag and state in the address", "1 or 2 books are enough", "?tag=@loans&state=flaky")
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "search.html?q=zebra")))
	expect("nothing", "", "?q=zebra")
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "index.html")))
	browsertest.Eval[bool](ctx, t, `document.getElementById('q').focus(); true`)
	browsertest.Do(ctx, t, chromedp.KeyEvent("late"+kb.Enter))
	await(ctx, t, `location.pathname.endsWith('search.html') && document.getElementById('count')?.textContent`)
	expect("from the front page", "A day late; ...", "?q=late")
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "search.html")))
	browsertest.Eval[bool](ctx, t, `history.replaceState = () => { throw new DOMException('too often', 'SecurityError'); }; true`)
	browsertest.Do(ctx, t, chromedp.KeyEvent("late"))
	expect("though the browser forbids to change the address so often", "A day late; ...", "")
}

// office is a folder of features whose words the search has to understand.
func office() fstest.MapFS {
	return fstest.MapFS{
		"README.md":       {Data: []byte("# The office\n\nLetters come and go.\n\n## The words\n\n| word | meaning |\n|---|---|\n| breakdown, or power cut, or crash | when all lights go out |\n")},
		"a/rates.feature": {Data: []byte("Feature: Rates\n  A sum is never rounded.\n\n  Rule: A stamp has a price\n\n    Scenario: It is prepaid\n      Given stamps at the same moment\n")},
		"a/post.feature": {Data: []byte(`Feature: Post

  Rule: Nothing is added once the messenger has left

    Scenario: A parcel after the messenger is refused
      Given the messenger left at 14:00
      When a clerk adds a parcel of 1,250.00
      Then it is refused

  Rule: A messenger leaves with everything

    Scenario: All letters are taken along
      Given 3 letters
      When the messenger is leaving
      Then the shelf is empty

  Rule: A breakdown loses nothing

    Scenario: Letters are found again
      Given 7 letters on the shelf
      When the breakdown is over
      Then 7 letters are on the shelf
      And the clerk's letters are among them

  Rule: A parcel goes to one house

    Scenario Outline: Its credit goes with it
      Given a credit of <amount> for a <long word>

      Examples:
        | amount | long word |
        | 1.00   | parcel    |

  Rule: Signs stay as they are

    ` + strings.Repeat("On a label stands whatever somebody wrote. ", 10) + `Ink is from the inkwell.

    Scenario: Somebody wrote signs
      Given the label "<b>1 < 2</b>"
      And quill` + strings.Repeat("🙂", 150) + `
`)},
	}
}

func TestTheSearchUnderstands(t *testing.T) {
	t.Parallel()
	config := project(t, office(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone", Outcome: func(s *suite.Scenario) fixture.Outcome {
		if s.Name == "Letters are found again" {
			return fixture.Outcome{Failure: "got 6, want 7"}
		}
		return fixture.Outcome{}
	}})
	build(t, config)
	ctx := browser.Tab(t)
	rules := `[...document.querySelectorAll('#found h2')].map((h) => h.textContent).join('; ')`
	const left, leaves, breakdown, goes, price = "Nothing is added once the messenger has left", "A messenger leaves with everything", "A breakdown loses nothing", "A parcel goes to one house", "A stamp has a price"
	for query, want := range map[string]string{
		"messenger already left":       left + "; " + leaves, // as it was typed before another form of it
		"a messenger leaves":           leaves + "; " + left,
		"what happens in a power cut?": breakdown,
		"crashes":                      breakdown,
		"is it rounding?":              price, // what the topic says
		"prepayments":                  price,
		"deposit":                      price,
		"two at the same time":         price,
		"the power fails":              breakdown,
		"already gone":                 left + "; " + leaves, // and not what goes elsewhere
		"refund":                       goes,
		"money back":                   goes,
		"messnger":                     left + "; " + leaves,      // a letter is missing
		"brekadown":                    breakdown,                 // two are swapped
		"bre":                          breakdown,                 // it is still being typed
		"letters":                      breakdown + "; " + leaves, // a title before a step
		"letter found":                 breakdown,
		"1,250.00":                     left,
		"\"letters on the shelf\"":     breakdown,
		"\"shelf on the letters\"":     "",
		"“Clerk’s letters”":            breakdown, // as a phone sets it
	} {
		browsertest.Do(ctx, t, chromedp.Navigate(address(config.Out, "search.html?q="+url.QueryEscape(query))))
		await(ctx, t, `document.getElementById('count').textContent`)
		if got := browsertest.Eval[string](ctx, t, rules); got != want {
			t.Errorf("%q: got the rules %q, want %q", query, got, want)
		}
	}
	browsertest.Do(ctx, t, chromedp.Navigate(address(config.Out, "search.html?q=letters+shelf")))
	await(ctx, t, `document.getElementById('count').textContent`)
	const marked = `[...document.querySelectorAll('.snippet')].map((s) => s.innerHTML).join('; ')`
	if got, want := browsertest.Eval[string](ctx, t, marked), "7 <mark>letters</mark> on the <mark>shelf</mark>"; !strings.Contains(got, want) {
		t.Errorf("got the snippets %q, want %q among them", got, want)
	}
	const chips = `[...document.querySelectorAll('#states label')].map((l) => l.textContent.trim().replaceAll(/\s+/g, ' ')).join('; ')`
	if got, want := browsertest.Eval[string](ctx, t, chips), "all 2; that hold 2; that fail 1"; got != want {
		t.Errorf("got the chips %q, want %q", got, want)
	}
	browsertest.Eval[bool](ctx, t, `document.querySelector('[name=state][value=failed]').click(); true`)
	if got := browsertest.Eval[string](ctx, t, rules+` + location.search`); got != breakdown+"?q=letters+shelf&state=failed" {
		t.Errorf("after a click on those that fail: got %q", got)
	}
	for query, want := range map[string]string{ // the beginning, or all of it
		"refund":  "a credit of amount for a long word", // without the brackets of parameters
		"label":   `the label "<b>1 < 2</b>"`,
		"inkwell": "…whatever somebody wrote. Ink is from the inkwell.",
		"quill":   "quill" + strings.Repeat("🙂", 97) + "…",
	} {
		browsertest.Do(ctx, t, chromedp.Navigate(address(config.Out, "search.html?q="+query)))
		await(ctx, t, `document.getElementById('count').textContent`)
		if got := browsertest.Eval[string](ctx, t, `document.querySelector('.snippet')?.textContent ?? ''`); got != want {
			t.Errorf("%q: got the snippet %q, want %q", query, got, want)
		}
	}
	browsertest.Do(ctx, t, chromedp.Navigate(address(config.Out, "search.html?q=zebra")))
	await(ctx, t, `document.getElementById('count').textContent`)
	if got, want := browsertest.Eval[string](ctx, t, `document.getElementById('found').textContent`), "Other words may be better, or fewer. These pages have words of their own."; got != want {
		t.Errorf("where nothing is found: got %q, want %q", got, want)
	}
	for query, want := range map[string]string{
		"🙂":                          "1 example",
		"€":                          "No example is like that.",
		strings.Repeat("a", 5_000):   "No example is like that.", // a key that was held down
		strings.Repeat("ab", 50_000): "No example is like that.",
	} {
		browsertest.Do(ctx, t, chromedp.Navigate(address(config.Out, "search.html?q="+url.QueryEscape(query))))
		await(ctx, t, `document.getElementById('count').textContent`)
		if got := browsertest.Eval[string](ctx, t, `document.getElementById('count').textContent`); got != want {
			t.Errorf("%.10q: got %q, want %q", query, got, want)
		}
	}
}

// TestAManagersQuestionsAreAnsweredBySearch puts questions to the real site as somebody
// types them who knows the hotel and not its words. The answer is on the first screen of what is found.
func TestAManagersQuestionsAreAnsweredBySearch(t *testing.T) {
	t.Parallel()
	site := realSite(t)
	ctx := browser.Tab(t)
	for _, test := range []struct{ question, answer string }{
		{"what if a guest has left", "A stay can be merged if it is on record and its guest has not left"},
		{"guest already left", "Once a guest has left with a group, the clerk is told which group it was"},
		{"can a guest be charged who has left", "Nothing is added to a stay once the guest has left"},
		{"can two groups have one stay", "A stay goes to one group, whoever was first"},
		{"what if the group pays too much", "A credit can be paid out, in full or in part, and no more than that"},
		{"what happens in a power cut", "After a breakdown work is taken up where it was left"},
	} {
		browsertest.Do(ctx, t, chromedp.Navigate(address(site, "search.html?q="+url.QueryEscape(test.question))))
		await(ctx, t, `document.getElementById('count').textContent`)
		found := browsertest.Eval[string](ctx, t, `[...document.querySelectorAll('#found h2')].map((h) => h.textContent).join('; ')`)
		at := slices.Index(strings.Split(found, "; "), test.answer)
		if at < 0 || at > 2 {
			t.Errorf("%q: got the rules %q, want %q among the first three", test.question, found, test.answer)
			continue
		}
		browsertest.Eval[bool](ctx, t, fmt.Sprintf(`document.querySelectorAll('#found h2 a')[%d].click(); true`, at))
		await(ctx, t, `document.querySelector('body.rule h1')?.textContent === `+strconv.Quote(test.answer))
	}
}

// await waits until a script returns something true.
func await(ctx context.Context, t *testing.T, script string) {
	t.Helper()
	if !becomes(ctx, t, script) {
		t.Fatalf("it never became true: %s", script)
	}
}

// becomes tells whether a script returns something true before long.
func becomes(ctx context.Context, t *testing.T, script string) bool {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, browsertest.Limit)
	defer cancel()
	for limited.Err() == nil {
		if got, err := chromedp.Run(limited, chromedp.Evaluate[bool](`!!(`+script+`)`)); err == nil && got {
			return true
		}
	}
	return false
}

func TestTheKeyboardReachesEverything(t *testing.T) {
	t.Parallel()
	site := mixedSite(t)
	ctx := browser.Tab(t)
	for _, page := range []string{"index.html", "lending/index.html", "lending/taking-books-home/a-book-is-lent-once.html", "search.html", "history.html"} {
		browsertest.Do(ctx, t, chromedp.Navigate(address(site, page)))
		stops := browsertest.Eval[int](ctx, t, `document.activeElement.blur(); [...document.querySelectorAll('a[href], summary, input:not([type=radio]:not(:checked)), select, button, [tabindex="0"]')].filter((e) => e.checkVisibility()).map((e) => e.dataset.stop = '1').length`)
		browsertest.Do(ctx, t, chromedp.KeyEvent(kb.Tab))
		if first := browsertest.Eval[string](ctx, t, `document.activeElement.className`); page != "search.html" && first != "skip" {
			t.Errorf("%s: the first stop is %q, want the link to the text", page, first)
		}
		for range stops + 2 {
			browsertest.Eval[bool](ctx, t, `delete document.activeElement.dataset?.stop`)
			browsertest.Do(ctx, t, chromedp.KeyEvent(kb.Tab))
		}
		if left := browsertest.Eval[string](ctx, t, `[...document.querySelectorAll('[data-stop]')].map((e) => e.outerHTML.slice(0, 90)).join('\n')`); left != "" {
			t.Errorf("%s: the keyboard did not reach:\n%s", page, left)
		}
	}
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "lending/taking-books-home/a-book-is-lent-once.html")))
	browsertest.Eval[bool](ctx, t, `document.querySelector('details:not([open]) > summary').focus(); true`)
	browsertest.Do(ctx, t, chromedp.KeyEvent(kb.Enter))
	await(ctx, t, `document.activeElement.parentElement.open`)
}

func TestTheContentsAreAColumnWhereThereIsRoom(t *testing.T) {
	t.Parallel()
	site := mixedSite(t)
	ctx := browser.Tab(t)
	const open, page = `document.getElementById('contents').open`, "lending/taking-books-home/two-readers-want-one-book.html"
	browsertest.Do(ctx, t, chromedp.EmulateViewport(390, 800), chromedp.Navigate(address(site, page)))
	if browsertest.Eval[bool](ctx, t, open) {
		t.Error("they are unfolded on a phone")
	}
	browsertest.Do(ctx, t, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address(site, page)))
	if !browsertest.Eval[bool](ctx, t, open+` && document.getElementById('contents').getBoundingClientRect().right <= document.querySelector('main').getBoundingClientRect().left`) {
		t.Error("they are not beside the text where there is room")
	}
	if got := browsertest.Eval[string](ctx, t, `document.querySelector('#contents [aria-current]').textContent`); got != "A book is lent once" {
		t.Errorf("they show that this is %q, want the rule of the example", got)
	}
	browsertest.Eval[bool](ctx, t, `document.querySelector('#contents summary').click(); true`)
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "index.html")))
	if browsertest.Eval[bool](ctx, t, open) {
		t.Error("it is not remembered that they were folded")
	}
}

// TestTheHeadOfATableStays while its rows are read, beneath the head of the page.
func TestTheHeadOfATableStays(t *testing.T) {
	t.Parallel()
	site := mixedSite(t)
	ctx := browser.Tab(t)
	for _, screen := range []int64{768, 1440} {
		browsertest.Do(ctx, t, chromedp.EmulateViewport(screen, 260), chromedp.Navigate(address(site, "index.html")))
		browsertest.Eval[bool](ctx, t, `document.querySelector('.grid tbody:last-child tr:last-child').scrollIntoView({ block: 'start', behavior: 'instant' }); true`)
		const off = `document.querySelector('.grid thead th').getBoundingClientRect().top - document.querySelector('header').getBoundingClientRect().bottom`
		if got := browsertest.Eval[float64](ctx, t, off); got < -1 || got > 1 {
			t.Errorf("at %d pixels the head of the table is %.0f pixels from that of the page", screen, got)
		}
		if top := browsertest.Eval[float64](ctx, t, `document.querySelector('.grid').getBoundingClientRect().top`); top > 0 {
			t.Fatalf("the table begins at %.0f, want it scrolled", top)
		}
	}
}

// TestOnPaperNoHeadingIsLeftAlone: each stands in a block that is not broken, with what it is
// a heading of.
func TestOnPaperNoHeadingIsLeftAlone(t *testing.T) {
	t.Parallel()
	site := mixedSite(t)
	ctx := browser.Tab(t)
	browsertest.Do(ctx, t, browsertest.Command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}), chromedp.Navigate(address(site, "print.html")))
	const headings = `[...document.querySelectorAll('.chapter :is(h3, h4, h5)')]`
	if n := browsertest.Eval[int](ctx, t, headings+`.length`); n < 10 {
		t.Errorf("got %d headings, want those of the topics, rules and examples", n)
	}
	alone := browsertest.Eval[string](ctx, t, headings+`.filter((h) => {
		const block = h.closest('.one, article');
		return !block || getComputedStyle(block).breakInside !== 'avoid' || !block.querySelector('.steps');
	}).map((h) => h.textContent).join('; ')`)
	if alone != "" {
		t.Errorf("these headings may be left alone at the foot of a page: %s", alone)
	}
}

func TestLinksAndCommandsCanBeCopied(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper", Outcome: outcomes, Command: "go test ./features -store paper"})
	build(t, config)
	ctx := browser.Tab(t)
	const lent = "lending/taking-books-home/a-book-is-lent-once.html"
	for _, test := range []struct{ page, button, want string }{
		{lent, ".actions .copy", address(config.Out, lent)},
		{"lending/taking-books-home/two-readers-want-one-book.html", ".command .copy", "go test ./features -store paper -only 1-lending/1-out.feature:9"},
		{"lending/taking-books-home/n-books-are-enough.html", ".command .copy", "go test ./features -store paper -only 1-lending/1-out.feature:24"},
	} {
		browsertest.Do(ctx, t, chromedp.Navigate(address(config.Out, test.page)))
		browsertest.Eval[bool](ctx, t, `location.hash = 'main'; navigator.clipboard.writeText = async (text) => { window.copied = text; }; document.querySelector('`+test.button+`').click(); true`)
		await(ctx, t, `document.querySelector('`+test.button+`').textContent === 'Copied' && document.activeElement.className === 'copy'`)
		if got := browsertest.Eval[string](ctx, t, `copied`); got != test.want {
			t.Errorf("%s: got %q, want %q", test.page, got, test.want)
		}
	}
}

func TestWithoutScript(t *testing.T) {
	t.Parallel()
	site := mixedSite(t)
	ctx := browser.Tab(t)
	browsertest.Do(ctx, t, browsertest.Command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "search.html")))
	if !browsertest.Eval[bool](ctx, t, `document.querySelector('noscript').textContent.includes('scripts are off') && !document.querySelector('form').checkVisibility()`) {
		t.Error("the search does not say that it needs a script")
	}
	// It leads to where every example is listed all the same.
	chapters := browsertest.Eval[[]string](ctx, t, `[...document.querySelectorAll('noscript a')].map((a) => a.getAttribute('href'))`)
	listed := 0
	for _, chapter := range chapters {
		browsertest.Do(ctx, t, chromedp.Navigate(address(site, chapter)))
		listed += browsertest.Eval[int](ctx, t, `document.querySelectorAll('main details li a').length`)
	}
	if len(chapters) != 3 || listed != 6 {
		t.Errorf("the search leads to %d chapters with %d examples, want 3 with 6", len(chapters), listed)
	}
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "lending/taking-books-home/a-book-is-lent-once.html")))
	const developers = `document.querySelector('code.dev').checkVisibility()`
	if browsertest.Eval[bool](ctx, t, developers) {
		t.Error("the developers' view is on from the beginning")
	}
	browsertest.Eval[bool](ctx, t, `document.getElementById('dev').focus(); true`)
	browsertest.Do(ctx, t, chromedp.KeyEvent(" "))
	await(ctx, t, developers)
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "lending/index.html")))
	browsertest.Eval[bool](ctx, t, `document.querySelector('main details:not([open]) > summary').focus(); true`)
	browsertest.Do(ctx, t, chromedp.KeyEvent(kb.Enter))
	await(ctx, t, `document.querySelector('main details[open] a').checkVisibility()`)
}

func TestTheDevelopersViewIsRemembered(t *testing.T) {
	t.Parallel()
	site := mixedSite(t)
	ctx := browser.Tab(t)
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "index.html")))
	browsertest.Eval[bool](ctx, t, `document.getElementById('dev').focus(); true`)
	browsertest.Do(ctx, t, chromedp.KeyEvent(" "))
	await(ctx, t, `document.getElementById('dev').checked && localStorage.getItem('dev') === 'yes'`)
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "lending/index.html")))
	if !browsertest.Eval[bool](ctx, t, `document.getElementById('dev').checked`) {
		t.Error("on the next page the developers' view is off again")
	}
}

// TestWhatTheSearchFindsIsThere follows every link of the search of a real site:
// the script makes the addresses of some pages of their titles.
func TestWhatTheSearchFindsIsThere(t *testing.T) {
	t.Parallel()
	site := realSite(t)
	ctx := browser.Tab(t)
	browsertest.Do(ctx, t, chromedp.Navigate(address(site, "search.html")))
	await(ctx, t, `document.getElementById('count').textContent`)
	await(ctx, t, `document.getElementById('found').ariaBusy === 'false'`)
	links := browsertest.Eval[[]string](ctx, t, `[...document.querySelectorAll('#found a')].map((a) => a.getAttribute('href'))`)
	rules := 0
	for _, page := range files(t, site) {
		if strings.Contains(page, "<body class=rule>") {
			rules++
		}
	}
	if rules < 20 || len(links) < rules+50 {
		t.Errorf("got %d links, want those of %d rules and their examples", len(links), rules)
	}
	for _, link := range links {
		if _, err := os.Stat(filepath.Join(site, filepath.FromSlash(link))); err != nil {
			t.Errorf("the search leads nowhere: %v", err)
		}
	}
}

// TestCucumbersReportShowsTheScenarios with the real package.
func TestCucumbersReportShowsTheScenarios(t *testing.T) {
	t.Parallel()
	ctx := browser.Tab(t)
	const feature = `Feature: Weddings
  Rule: A <b>party</b> pays together
    Scenario: The bride pays
      Given a party of 3
      Then nobody waits
    Scenario: </script><script>document.title = "taken over"</script>
      Given another party
      Then the groom pays
`
	// Of features that passed the report shows no more than the file.
	config := project(t, fstest.MapFS{"weddings.feature": {Data: []byte(feature)}}, fixture.Run{Store: "paper", Outcome: func(*suite.Scenario) fixture.Outcome {
		return fixture.Outcome{Failure: "got 1, want <2>", Events: &evidence.Events{Streams: []evidence.Stream{{Name: "evidence-of-our-own"}}}}
	}})
	config.Cucumber, config.Title = true, "Weddings of"
	build(t, config)
	browsertest.Do(ctx, t, chromedp.Navigate(address(config.Out, "report/run.html")))
	// What is in scripts is not shown.
	const shown = `document.title + '\n' + [...document.querySelectorAll('body *:not(script, style)')].flatMap((e) => [...e.childNodes]).filter((n) => n.nodeType === 3).map((n) => n.data).join('\n')`
	await(ctx, t, `(`+shown+`).includes('the groom pays')`)
	text := browsertest.Eval[string](ctx, t, shown)
	for _, want := range []string{
		"Weddings", "A <b>party</b> pays together", "The bride pays", "nobody waits", "the groom pays", "got 1, want <2>",
		`</script><script>document.title = "taken over"</script>`, "Weddings of, run\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not show %q:\n%s", want, text)
		}
	}
	for _, without := range []string{"taken over\n", "evidence-of-our-own"} {
		if strings.Contains(text, without) {
			t.Errorf("the report shows %q:\n%s", without, text)
		}
	}
}
