package livingdoc_test

import (
	"strings"
	"testing"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc"
	"example.com/groupcheckout/livingdoc/internal/fixture"
)

// audited is a run on stone of which the audit fails.
func audited() fixture.Run {
	return fixture.Run{Store: "stone", Hooks: []fixture.Hook{{Name: "audit", Failure: "the books do not balance: <Ann> owes 3\nat the shelf"}}}
}

func TestAFailedAuditIsSaidBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper"}, audited())
	config.Stores = map[string]string{"stone": "Stone tablets"}
	pages := build(t, config)
	const fault = "The audit after the examples on Stone tablets found that the books do not balance."
	front := pages["index.html"]
	_, after, _ := strings.Cut(front, "<h1>The library</h1>")
	if !strings.HasPrefix(strings.TrimSpace(after), `<section class="verdict failed" aria-labelledby=faults><h2 id=faults>`+fault) {
		t.Errorf("the front page does not begin with the audit:\n%s", front)
	}
	contains(
		t, "the front page", front, "<details><summary>More</summary><pre tabindex=0>&lt;Ann&gt; owes 3\nat the shelf</pre></details>", "therefore not proved",
		`<th class=dev>paper<th class="dev failed"><span class=word>Stone tablets</span> <small>the run failed</small>`,
		`<td class=flaky><b>not proved</b><td class="dev passed"><b>holds</b><td class="dev flaky"><b>holds</b> <small>but the run failed</small>`,
		"7 hold, but the run failed", "<strong>What was checked:</strong> 7 examples, checked on two stores",
	)
	for name, page := range pages {
		for _, green := range []string{"rules hold", "rule holds", "holds on Stone tablets<", "holds<span class=dev> on all stores"} {
			if strings.Contains(page, green) {
				t.Errorf("%s says %q", name, green)
			}
		}
		if strings.HasSuffix(name, ".html") && name != "index.html" && (!strings.Contains(page, fault) || strings.Contains(page, "owes 3")) {
			t.Errorf("%s does not say that the audit failed, and no more of it:\n%s", name, page)
		}
	}
	contains(t, "the history", pages["history.html"], "Stone tablets <span class=\"word failed\">failed</span> <small>The audit")
	contains(t, "the page of an example", pages["lending/taking-books-home/it-comes-back.html"], `<span class="word flaky">holds on Stone tablets, but the run there failed</span>`)
}

func TestGitHubIsToldOfAFailedAuditFirst(t *testing.T) {
	t.Parallel()
	stone := audited()
	stone.Outcome = outcomes
	report, err := livingdoc.Build(t.Context(), project(t, library(), fixture.Run{Store: "paper"}, stone))
	check.Must(t, err)
	const fault = "The audit after the examples on stone found that the books do not balance."
	if got := report.Summary(); !strings.HasPrefix(got, "# The library\n\n❌ **"+fault) {
		t.Errorf("the summary does not begin with the audit:\n%s", got)
	}
	contains(t, "the summary", report.Summary(), "- **stone**: ❌ the run failed as a whole, ", "stone ❌ the run failed |", "✅ 1 ❓ |", "❓ in a run that failed as a whole")
	if got := report.Annotations(); !strings.HasPrefix(got, "::error title=the run on stone failed as a whole::"+fault) || strings.Count(got, "\n") != 2 {
		t.Errorf("got the annotations\n%s", got)
	}
	if got := report.String(); !strings.HasPrefix(got, fault+"\n<Ann> owes 3\n") {
		t.Errorf("got the report\n%s", got)
	}
	green, err := livingdoc.Build(t.Context(), project(t, library(), fixture.Run{Store: "paper"}))
	if err != nil || strings.Contains(green.Summary(), "❓") || green.Annotations() != "" {
		t.Errorf("got error %v, and of a green run the summary\n%s", err, green.Summary())
	}
}

func TestARunThatFailedAsAWholeIsNotPraised(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		run  fixture.Run
		want string
	}{
		"a hook before":   {fixture.Run{Hooks: []fixture.Hook{{Name: "seeds", Before: true, Failure: "no disk"}}}, "The step “seeds” before the examples on stone failed: no disk"},
		"another's words": {fixture.Run{Hooks: []fixture.Hook{{Name: "audit", Failure: "Oslo took parcel D when it had no room: it holds 3"}}}, "The audit after the examples on stone failed: Oslo took parcel D when it had no room: it holds 3"},
		"an odd audit":    {fixture.Run{Hooks: []fixture.Hook{{Name: "audit", Failure: "no answer"}}}, "The audit after the examples on stone failed: no answer"},
		"without a name":  {fixture.Run{Hooks: []fixture.Hook{{Failure: "gone"}}}, "A step after the examples on stone failed: gone"},
		"as a whole":      {fixture.Run{Wrong: "3 scenarios are flaky"}, "The run on stone failed as a whole: 3 scenarios are flaky"},
		"with trouble": {
			fixture.Run{Wrong: "3 scenarios are flaky", Outcome: func(s *suite.Scenario) fixture.Outcome { return fixture.Outcome{NotRun: s.Row == 2} }},
			`<h2 id=unchecked>1 example was not checked on some stores</h2>`,
		},
	} {
		test.run.Store = "stone"
		pages := build(t, project(t, library(), test.run))
		contains(t, name, pages["index.html"], test.want)
		for _, praise := range []string{"rules hold", "rule holds"} {
			if strings.Contains(pages["index.html"]+pages["print.html"], praise) {
				t.Errorf("%s: a page says %q:\n%s", name, praise, pages["index.html"])
			}
		}
	}
}

// TestARuleWithoutExamplesDoesNotHold, since nothing was checked of it.
func TestARuleWithoutExamplesDoesNotHold(t *testing.T) {
	t.Parallel()
	features := library()
	features["2-fines/late.feature"].Data = append(features["2-fines/late.feature"].Data, "\n  Rule: Nobody pays twice\n"...)
	pages := build(t, project(t, features, fixture.Run{Store: "paper"}))
	contains(t, "the front page", pages["index.html"], "<strong>5 of 6 rules hold:</strong>", "<h2 id=unchecked>1 rule has no example</h2>", ">Nobody pays twice</a> has no example.")
	for _, name := range []string{"index.html", "print.html"} {
		if strings.Contains(pages[name], "All 6 rules hold") {
			t.Errorf("%s says that all hold", name)
		}
	}
}

func TestTheHistoryRemembersThatARunFailedAsAWhole(t *testing.T) {
	t.Parallel()
	config := project(t, library(), audited())
	config.Commit = strings.Repeat("a", 40)
	build(t, config)
	next := project(t, library(), fixture.Run{Store: "stone"})
	next.Commit, next.Out = strings.Repeat("b", 40), config.Out
	page := build(t, next)["history.html"]
	contains(t, "the history", page, "<th scope=col>Kept in") // since there is something to say of a store
	before, after, told := strings.Cut(page, "found that the books do not balance")
	if !told || !strings.Contains(before, ">1</a>") || strings.Contains(after, "found that") {
		t.Errorf("the history does not say of the first build, and of that alone, that its run failed:\n%s", page)
	}
	if !strings.Contains(page, "<svg") || strings.Contains(page, "in 2 builds") {
		t.Errorf("the history draws how long a run took that failed:\n%s", page)
	}
}
