package github

import (
	"cmp"
	"fmt"
	"html"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// Limit is how large a summary may be, in bytes. GitHub's limit of 1024 KiB is for
// a whole step, and leaves some for what else the step has to say.
const Limit = 1000 << 10

// longestDetail is how much is shown of why a scenario failed, in bytes.
const longestDetail = 4 << 10

// Summary returns the summary as Markdown, of at most [Limit] bytes.
func Summary(report Report) string { return summary(report, Limit) }

func summary(report Report, limit int) string {
	p := page{limit: limit - noticeSize}
	p.add("# " + inline(report.Title) + "\n\n")
	p.faults(report)
	p.add(verdict(report) + "\n\n")
	p.limit /= 2 // the other half is for the grids
	p.trouble(report, run.Failed, "What failed")
	p.trouble(report, run.Flaky, "What passed only when it was tried again")
	p.trouble(report, run.Skipped, "What was skipped")
	p.limit *= 2
	p.rules(report)
	for _, feature := range report.Features {
		p.add(grid(report, feature))
	}
	if p.left > 0 {
		fmt.Fprintf(&p.text, "\n**This summary is not whole: %d of its parts are left out, since GitHub takes 1024 KiB at most.** The documentation has them all.\n", p.left)
	}
	return p.text.String()
}

// noticeSize is more than the notice of what is left out takes.
const noticeSize = 256

// page is a text that takes parts as long as they fit.
type page struct {
	text  strings.Builder
	limit int
	left  int // how many parts did not fit
}

func (p *page) add(part string) {
	if p.text.Len()+len(part) > p.limit {
		p.left++
		return
	}
	p.text.WriteString(part)
}

// faults says what was wrong with runs as a whole.
func (p *page) faults(report Report) {
	for _, store := range report.Stores {
		for _, fault := range store.Faults {
			first, rest, more := strings.Cut(shorten(fault), "\n")
			p.add(symbol(run.Failed) + " **" + inline(first) + "**\n\n")
			if more {
				p.add("<pre>" + html.EscapeString(strings.TrimSpace(rest)) + "</pre>\n\n")
			}
		}
	}
}

// verdict says in a paragraph how everything went.
func verdict(report Report) string {
	scenarios := 0
	report.each(func(*run.Feature, *run.Rule, *run.Scenario, *run.Row) { scenarios++ })
	if scenarios == 0 || len(report.Stores) == 0 {
		return "**No scenario ran.**"
	}
	var lines []string
	for i, store := range report.Stores {
		c := make(counts)
		report.each(func(_ *run.Feature, _ *run.Rule, _ *run.Scenario, row *run.Row) { c[row.Results[i].Verdict]++ })
		line := "- **" + inline(store.Name) + "**"
		if store.How != "" {
			line += " (" + inline(store.How) + ")"
		}
		line += ": "
		if len(store.Faults) > 0 {
			line += symbol(run.Failed) + " the run failed as a whole, "
		}
		lines = append(lines, line+c.words(len(store.Faults) > 0))
	}
	return strings.Join(lines, "\n")
}

// symbol returns the sign of a state in a grid.
func symbol(state run.Verdict) string {
	switch state {
	case run.Passed:
		return "✅"
	case run.Failed:
		return "❌"
	case run.Flaky:
		return "⚠️"
	case run.Skipped:
		return "⏭️"
	case run.NotRun:
		return "▫️"
	}
	return "❔"
}

// words spells counts out, the worst first. Of a run that failed as a whole what
// passed has no sign that all is well.
func (c counts) words(faulty bool) string {
	var parts []string
	for _, state := range []run.Verdict{run.Failed, run.Flaky, run.Skipped, run.NotRun} {
		if c[state] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d %s", symbol(state), c[state], state))
		}
	}
	passed := fmt.Sprintf("%s %d passed", symbol(run.Passed), c[run.Passed])
	switch {
	case faulty:
		passed = fmt.Sprintf("%d passed", c[run.Passed])
	case len(parts) == 0:
		passed = fmt.Sprintf("%s all %d passed", symbol(run.Passed), c.total())
	}
	return strings.Join(append(parts, passed), ", ")
}

// trouble lists the scenarios that ended in a state on any store, with why.
func (p *page) trouble(report Report, state run.Verdict, heading string) {
	headed := false
	report.each(func(feature *run.Feature, rule *run.Rule, scenario *run.Scenario, row *run.Row) {
		stores, detail := report.affected(row, state)
		if len(stores) == 0 {
			return
		}
		if !headed {
			headed = true
			p.add("## " + heading + "\n\n")
		}
		within := feature.Title
		if rule.Title != "" {
			within += " › " + rule.Title
		}
		summary := fmt.Sprintf("%s <b>%s</b> on %s", symbol(state), html.EscapeString(oneLine(title(scenario, row))), html.EscapeString(strings.Join(stores, ", ")))
		body := "\n" + inline(within) + ", " + inline(fmt.Sprintf("%s:%d", feature.Path, row.Line)) + "\n"
		if detail != "" {
			body += "\n<pre>" + html.EscapeString(shorten(detail)) + "</pre>\n"
		}
		p.add("<details><summary>" + summary + "</summary>\n" + body + "\n</details>\n\n")
	})
}

// affected returns the stores on which a row ended in a verdict, and why: once
// for all stores if it was the same.
func (r Report) affected(row *run.Row, state run.Verdict) (stores []string, why string) {
	var details []string
	on := make(map[string][]string)
	for i, store := range r.Stores {
		result := row.Results[i]
		if result.Verdict != state {
			continue
		}
		stores = append(stores, store.Name)
		if d := strings.TrimSpace(detail(result)); d != "" {
			if on[d] == nil {
				details = append(details, d)
			}
			on[d] = append(on[d], store.Name)
		}
	}
	for i, d := range details {
		details[i] = strings.Join(on[d], ", ") + ": " + d
	}
	return stores, strings.Join(details, "\n\n")
}

// rules adds the grid of rules against stores.
func (p *page) rules(report Report) {
	p.add("## Rules\n\n" + header(report, "rule"))
	for _, feature := range report.Features {
		for _, rule := range feature.Rules {
			line := "| " + inline(cmp.Or(rule.Title, feature.Title)) + " |"
			for i := range report.Stores {
				c := make(counts)
				for _, row := range rule.Rows() {
					c[row.Results[i].Verdict]++
				}
				line += " " + cell(c) + report.doubt(i) + " |"
			}
			p.add(line + "\n")
		}
	}
	p.add("\n" + report.legend() + "\n\n")
}

// cell sums a rule up on a store by what is worst.
func cell(c counts) string {
	for _, state := range []run.Verdict{run.Failed, run.Flaky, run.Skipped, run.NotRun} {
		if c[state] > 0 && c[state] < c.total() {
			return fmt.Sprintf("%s %d of %d", symbol(state), c[state], c.total())
		}
		if c[state] > 0 {
			return fmt.Sprintf("%s %d", symbol(state), c[state])
		}
	}
	return fmt.Sprintf("%s %d", symbol(run.Passed), c[run.Passed])
}

// grid returns a feature's scenarios against stores, folded.
func grid(report Report, feature *run.Feature) string {
	var out strings.Builder
	fmt.Fprintf(&out, "<details><summary>%s</summary>\n\n%s", html.EscapeString(oneLine(feature.Title)), header(report, "scenario"))
	for _, rule := range feature.Rules {
		if rule.Title != "" {
			fmt.Fprintf(&out, "| **%s** |%s\n", inline(rule.Title), strings.Repeat(" |", len(report.Stores)))
		}
		for _, scenario := range rule.Scenarios {
			for _, row := range scenario.Rows {
				fmt.Fprintf(&out, "| %s |", inline(title(scenario, row)))
				for i, result := range row.Results {
					fmt.Fprintf(&out, " %s%s |", symbol(result.Verdict), report.doubt(i))
				}
				out.WriteByte('\n')
			}
		}
	}
	out.WriteString("\n</details>\n\n")
	return out.String()
}

func header(report Report, first string) string {
	row, line := "| "+first+" |", "|---|"
	for _, store := range report.Stores {
		row += " " + inline(store.Name)
		if len(store.Faults) > 0 {
			row += " " + symbol(run.Failed) + " the run failed"
		}
		row += " |"
		line += ":-:|"
	}
	return row + "\n" + line + "\n"
}

// doubt is what stands behind what became of something in a run that failed as a
// whole.
func (r Report) doubt(store int) string {
	if len(r.Stores[store].Faults) == 0 {
		return ""
	}
	return " ❓"
}

// legend explains the signs.
func (r Report) legend() string {
	made := "✅ passed, ❌ failed, ⚠️ flaky, ⏭️ skipped, ▫️ not run"
	for i := range r.Stores {
		if r.doubt(i) != "" {
			return made + ", ❓ in a run that failed as a whole"
		}
	}
	return made
}

// inline returns a text as it may stand in a line or a cell of Markdown.
func inline(text string) string {
	var out strings.Builder
	for _, r := range html.EscapeString(oneLine(text)) {
		if strings.ContainsRune("\\`*_[]|~!", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
}

// shorten returns the beginning of a long text, and says so.
func shorten(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= longestDetail {
		return text
	}
	return strings.ToValidUTF8(text[:longestDetail], "") + fmt.Sprintf("\n… and %d bytes more", len(text)-longestDetail)
}
