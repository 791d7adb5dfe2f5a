package livingdoc_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"example.com/groupcheckout/livingdoc"
	"example.com/groupcheckout/livingdoc/internal/fixture"
	"example.com/groupcheckout/livingdoc/internal/history"
)

// shownIn is the text of a page as a reader sees it, with single blanks, and the
// addresses that it links to.
func shownIn(t *testing.T, page string) (text string, links []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style":
			out.WriteString(n.Data + " ")
		case n.Type == html.ElementNode && n.Data == "a":
			links = append(links, n.Attr[0].Val)
		case n.Type == html.CommentNode, n.Data == "amount", n.Data == "script" && len(n.Attr) == 0:
			t.Errorf("%q became markup:\n%s", n.Data, page)
		}
	}
	return strings.Join(strings.Fields(out.String()), " "), links
}

func TestNothingThatIsWrittenVanishes(t *testing.T) {
	t.Parallel()
	const odd = "an <amount>, <script>alert(1)</script>, <!-- a remark -->, <b class=x>bold</b>, <amount:total>, R&D, [Amount]: owed"
	prose := func(indent string) string {
		lines := []string{"Of " + odd, "", "<details>", "<summary>More</summary>", "</details>", "", "[Owed]: everything", "", "See <https://example.com/a> and [there][1].", "", "[1]: https://example.com/b", "", "| a | b |", "|---|---|", "| c | d | surplus |"}
		return indent + strings.Join(lines, "\n"+indent) + "\n"
	}
	feature := "Feature: Take <amount>\n\n" + prose("  ") + "\n  Background: Always <so>\n    Given a <thing>\n\n  Rule: Give <amount>\n\n" + prose("    ") +
		"\n    Scenario: Keep <amount>\n\n" + prose("      ") + "\n      Given " + odd + "\n        | a <cell> | &amp; |\n      And a text\n        \"\"\"json\n\n        <doc>&amp;</doc>\n        \"\"\"\n\n" +
		"    Scenario Outline: Of <n>\n      Given <n> and <m>\n\n      Examples: The <few>\n        Those <two>.\n\n        | n |\n        | <1> |\n"
	features := fstest.MapFS{
		"README.md":            {Data: []byte("# All <amounts>\n\n" + prose("") + "\n## The words\n\n| word | meaning |\n|---|---|\n| coin | a <round> thing |\n")},
		"one/README.md":        {Data: []byte("# One <amount>\n\n" + prose(""))},
		"one/amounts.feature":  {Data: []byte(feature)},
		"one/amounts2.feature": {Data: []byte("Feature: Two\n\n  Scenario: Two\n    Given that\n")},
	}
	pages := build(t, project(t, features, fixture.Run{Store: "paper"}))
	all := "Of " + odd
	block := []string{all, "<details>", "<summary>More</summary>", "[Owed]: everything", "See https://example.com/a and there .", "surplus"}
	for name, wants := range map[string][]string{
		"index.html":            append(block, "All <amounts>", "Give <amount>"),
		"one-amount/index.html": append(block, "One <amount>", "Take <amount>", "Give <amount>", "Keep <amount>", "Always <so>"),

		"one-amount/take-amount/give-amount.html": append(block, "Give <amount>", "Given "+odd, "a <cell> &amp;", "<doc>&amp;</doc>", "The <few>", "Those <two>.", "<1>"),
		"one-amount/take-amount/keep-amount.html": append(block, "Keep <amount>", "Given a <thing>", "Given "+odd, "a <cell> &amp;", "json", "<doc>&amp;</doc>"),
		"one-amount/take-amount/of-n.html":        {"Of <1>", "The <few>", "Those <two>.", "<1>"},
		"print.html":                              append(block, "One <amount>", "Given "+odd, "Those <two>."),
		"words.html":                              {"A <round> thing."},
	} {
		text, links := shownIn(t, pages[name])
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not show %q:\n%s", name, want, text)
			}
		}
		if strings.Contains(strings.Join(wants, ""), "See https") {
			for _, want := range []string{"https://example.com/a", "https://example.com/b"} {
				if !strings.Contains(strings.Join(links, " "), want) {
					t.Errorf("%s does not lead to %s", name, want)
				}
			}
		}
	}
}

func TestTitlesInAnyScriptHavePages(t *testing.T) {
	t.Parallel()
	for script, begin := range map[string]string{
		"Cyrillic": strings.Repeat("гость выезжает ", 14), "Chinese": strings.Repeat("客人退房并支付所有费用", 20),
		"Gothic, of four bytes a letter": strings.Repeat("𐌰𐌱𐌲𐌳𐌴", 60),
	} {
		addresses := func(endings ...string) map[string]string {
			text := "Feature: " + begin + "\n\n  Rule: " + begin + "one\n"
			for _, ending := range endings {
				text += "\n    Scenario: " + begin + ending + "\n      Given " + ending + "\n"
			}
			made := map[string]string{}
			for name, page := range build(t, project(t, fstest.MapFS{"f/f.feature": {Data: []byte(text)}}, fixture.Run{Store: "paper"})) {
				for _, ending := range endings {
					if strings.Contains(page, "Example of the rule") && strings.Contains(page, "<i>Given</i><div>"+ending+"<") {
						made[ending] = name
					}
				}
				for _, part := range strings.Split(name, "/") {
					if len(part) > 255 {
						t.Errorf("%s: the name %s has %d bytes, want at most 255", script, part, len(part))
					}
				}
			}
			return made
		}
		both, swapped := addresses("first", "second"), addresses("zeroth", "second", "first")
		if both["first"] == "" || both["first"] == both["second"] || swapped["first"] != both["first"] || swapped["second"] != both["second"] {
			t.Errorf("%s: got the addresses %q, and with another before them %q, want them distinct and the same", script, both, swapped)
		}
	}
}

func TestTextsAreReadHoweverTheyWereSaved(t *testing.T) {
	t.Parallel()
	crlf := func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }
	marked := func(text []byte) []byte { return append([]byte("\uFEFF"), text...) }
	want := build(t, project(t, library(), fixture.Run{Store: "paper"}))
	for name, change := range map[string]func([]byte) []byte{
		"CRLF": crlf, "a byte order mark": marked, "both": func(text []byte) []byte { return marked(crlf(text)) },
	} {
		config := project(t, library(), fixture.Run{Store: "paper"})
		rewrite := func(file string) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, change(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for file := range library() {
			rewrite(filepath.Join(config.Features, filepath.FromSlash(file)))
		}
		rewrite(filepath.Join(config.Runs[0], "paper", "run.ndjson"))
		got := build(t, config)
		for _, page := range []string{"index.html", "lending/index.html", "lending/taking-books-home/it-comes-back.html"} {
			if got[page] != want[page] {
				t.Errorf("%s: %s differs from that of the plain text:\n%s", name, page, got[page])
			}
		}
	}
	config := project(t, library(), fixture.Run{Store: "paper"})
	if err := os.WriteFile(filepath.Join(config.Features, "1-lending", "README.md"), []byte("# B\n\ncaf\xe9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := livingdoc.Build(t.Context(), config); err == nil || !strings.Contains(err.Error(), "1-lending/README.md:3: the file is not in UTF-8") {
		t.Errorf("got %v, want an error with file and line", err)
	}
}

func TestDamageToTheHistoryIsTold(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper"})
	config.History = filepath.Join(t.TempDir(), history.File)
	if err := os.WriteFile(config.History, []byte("{\"v\":1,\"n\":1,\"stores\":[]}\n{\"v\":1,\"n\":2,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	config.Log = slog.New(slog.NewTextHandler(&told, nil))
	build(t, config)
	contains(t, "the log", told.String(), "could not be read", "file="+config.History, "line=2", "not whole")
}
