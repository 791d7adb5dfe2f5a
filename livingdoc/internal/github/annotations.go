package github

import (
	"fmt"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// mostAnnotations is how many errors of a step GitHub shows.
const mostAnnotations = 10

// Annotations returns workflow commands, a line each: first what was wrong with runs
// as a whole, as errors of no file, and then an error for each failed scenario at its
// line, once for all stores. If there are more than GitHub shows, the last one says how
// many more.
func Annotations(report Report) string {
	var all []string
	for _, store := range report.Stores {
		for _, fault := range store.Faults {
			all = append(all, fmt.Sprintf("::error title=%s::%s\n", property("the run on "+oneLine(store.Name)+" failed as a whole"), data(shorten(fault))))
		}
	}
	report.each(func(feature *run.Feature, rule *run.Rule, scenario *run.Scenario, row *run.Row) {
		stores, detail := report.affected(row, run.Failed)
		if len(stores) == 0 {
			return
		}
		message := oneLine(title(scenario, row))
		if rule.Title != "" {
			message = oneLine(rule.Title) + ": " + message
		}
		if detail != "" {
			message += "\n" + shorten(detail)
		}
		all = append(all, fmt.Sprintf("::error file=%s,line=%d,title=%s::%s\n",
			property(feature.Path), max(1, row.Line), property("fails on "+strings.Join(stores, ", ")), data(message)))
	})
	if len(all) > mostAnnotations {
		more := len(all) - (mostAnnotations - 1)
		all = append(all[:mostAnnotations-1], fmt.Sprintf("::error title=%d more scenarios fail::The summary of the job lists them.\n", more))
	}
	return strings.Join(all, "")
}

// data returns a text as the message of a command, which has to be one line.
func data(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// property returns a text as a property of a command, which ends at a comma or a
// colon.
func property(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}
