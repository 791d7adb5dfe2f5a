package livingdoc

import (
	"regexp"
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/run"
	"example.com/groupcheckout/livingdoc/internal/timeline"
)

// saying tells by the words of a step what happened that wrote no event. They are
// English; in other languages such a step is shown as one that wrote nothing.
var saying = []struct { //nolint:gochecknoglobals // a table
	kind  timeline.Kind
	words *regexp.Regexp
}{
	{timeline.Elapsed, regexp.MustCompile(`(?i)\b\d[\d,.]* (?:second|minute|hour|day|week|month|year)s? (?:pass|passes|have passed|go by|went by)\b`)},
	{timeline.Restarted, regexp.MustCompile(`(?i)\b(?:stopped|stops?) and (?:started|starts?)\b`)},
	{timeline.Broken, regexp.MustCompile(`(?i)\b(?:has|have) broken down\b|\bbreaks? down\b$|\bbroke down\b|\b(?:refuses|rejects) (?:what|everything|all)\b`)},
	{timeline.Resumed, regexp.MustCompile(`(?i)\b(?:starts?|started|goes|go|went|runs?) (?:again|on)\b|\bresumes?\b|\baccepts? (?:.* )?again\b|\baccepts again\b`)},
	{timeline.Stopped, regexp.MustCompile(`(?i)\b(?:is|are|was|were) (?:stopped|paused|halted|switched off)\b|\b(?:stops|pauses)$`)},
}

// refused is what a step says that is about a refusal, with the reason.
var refused = regexp.MustCompile(`(?i)\b(?:is|are|was|were) refused(?:,? because (.*))?$`)

// moments are what happened in a row on a store beside its events: attempts that
// wrote nothing, refusals, and what became of the reactor and of time. They are found
// in the steps.
func moments(s *run.Scenario, row *run.Row, result run.Result) []timeline.Moment {
	wrote, entered := map[int]bool{}, map[int]bool{}
	for _, stream := range result.Events.Streams {
		for _, event := range stream.Events {
			wrote[event.Step] = true
			entered[event.Step] = entered[event.Step] || event.By == evidence.ByScenario
		}
	}
	var made []timeline.Moment
	tried := -1 // the last step that did something
	for i, text := range row.Steps {
		kind := run.StepKind("")
		if i < len(s.Steps) {
			kind = s.Steps[i].Kind
		}
		if i < len(result.Steps) && result.Steps[i] != run.Passed {
			break
		}
		if kind == run.Outcome {
			if because := refused.FindStringSubmatch(text); because != nil && tried >= 0 && !entered[tried] {
				made = refusedAt(made, tried, row.Steps[tried], because[1], result.Events)
				tried = -1
			}
			continue
		}
		tried = i
		if entered[i] {
			continue
		}
		k := slices.IndexFunc(saying, func(one struct {
			kind  timeline.Kind
			words *regexp.Regexp
		},
		) bool {
			return one.words.MatchString(text)
		})
		switch {
		case k >= 0:
			made = append(made, timeline.Moment{Step: i, Kind: saying[k].kind, Text: text})
		case kind == run.Action && !wrote[i]:
			made = append(made, timeline.Moment{Step: i, Kind: timeline.Tried, Text: text + ": nothing was added", About: about(text, result.Events)})
		}
	}
	return made
}

// refusedAt adds a refusal, in the place of the attempt that it is of.
func refusedAt(made []timeline.Moment, step int, attempt, because string, events evidence.Events) []timeline.Moment {
	made = slices.DeleteFunc(made, func(m timeline.Moment) bool { return m.Step == step })
	text := attempt + " – refused"
	if because != "" {
		text += ": " + because
	}
	return append(made, timeline.Moment{Step: step, Kind: timeline.Refused, Text: text, About: about(attempt, events)})
}

// about is the label of the stream that a step names last.
func about(text string, events evidence.Events) string {
	best, at := "", -1
	for _, stream := range events.Streams {
		label := strings.Join(strings.Fields(stream.Label), " ")
		if i := strings.LastIndex(text, label); label != "" && (i > at || i == at && len(label) > len(best)) {
			best, at = label, i
		}
	}
	return best
}
