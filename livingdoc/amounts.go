package livingdoc

import (
	"regexp"

	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// amount is a number with decimals and more than three digits before them, of those
// that one reads in groups; longer ones are about their digits.
var amount = regexp.MustCompile(`(^|[^\d.,])(\d{1,3}?)(\d{3})?(\d{3})(\.\d{2,4})\b`)

// amounts puts a comma before every three digits of the amounts in a text, as the
// steps have them.
func amounts(text string) string {
	return amount.ReplaceAllStringFunc(text, func(found string) string {
		parts := amount.FindStringSubmatch(found)
		made := parts[1] + parts[2]
		if parts[3] != "" {
			made += "," + parts[3]
		}
		return made + "," + parts[4] + parts[5]
	})
}

// tidy writes all amounts in what happened in one way.
func tidy(joined *run.Joined) {
	for _, f := range joined.Features {
		for _, r := range f.Rules {
			for _, row := range r.Rows() {
				for i := range row.Results {
					tidyResult(&row.Results[i])
				}
			}
		}
	}
}

func tidyResult(result *run.Result) {
	for _, stream := range result.Events.Streams {
		for k := range stream.Events {
			stream.Events[k].Text = amounts(stream.Events[k].Text)
		}
	}
	for i := range result.Statements.Statements {
		s := &result.Statements.Statements[i]
		s.Balance = amounts(s.Balance)
		tidyLines(s.Lines)
	}
}

func tidyLines(lines []evidence.Line) {
	for i := range lines {
		lines[i].Text, lines[i].Amount = amounts(lines[i].Text), amounts(lines[i].Amount)
		tidyLines(lines[i].Detail)
	}
}
