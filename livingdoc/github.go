package livingdoc

import (
	"strings"

	"example.com/groupcheckout/livingdoc/internal/github"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// gitHub is what GitHub is told.
func (t *tree) gitHub() github.Report {
	made := github.Report{Title: t.root.Title}
	for _, s := range t.stores {
		made.Stores = append(made.Stores, github.Store{Name: s.Name, How: s.How})
	}
	for _, c := range t.chapters() {
		for _, topic := range c.Topics {
			feature := github.Feature{Title: topic.Title, Path: topic.Path}
			for _, r := range topic.Rules {
				feature.Rules = append(feature.Rules, gitHubRule(r))
			}
			made.Features = append(made.Features, feature)
		}
	}
	return made
}

func gitHubRule(r *rule) github.Rule {
	made := github.Rule{Title: r.Title}
	if r.Title == r.Topic.Title { // it has none of its own
		made.Title = ""
	}
	for _, e := range r.Examples {
		for _, row := range e.Scenario.Rows {
			one := github.Scenario{Title: row.Title, Line: row.Line}
			if e.Scenario.Outline() {
				one.Title += " (" + strings.Join(row.Cells, ", ") + ")"
			}
			for _, result := range row.Results {
				one.Results = append(one.Results, github.Result{State: result.Verdict, Detail: detail(result)})
			}
			made.Scenarios = append(made.Scenarios, one)
		}
	}
	return made
}

// detail is why a row did not simply pass.
func detail(result run.Result) string {
	if result.Verdict == run.Skipped {
		return result.Reason
	}
	return result.Failure
}
