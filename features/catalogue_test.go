package features_test

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/features"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness/run"
	"example.com/groupcheckout/internal/check"
)

func catalogue(t *testing.T) []*suite.Feature {
	t.Helper()
	all, err := suite.Load(features.FS)
	if err != nil || len(all) == 0 {
		t.Fatalf("got %d feature files and the error %v, want some and none", len(all), err)
	}
	return all
}

func TestEveryFeatureAndFolderHasAnIntroduction(t *testing.T) {
	t.Parallel()
	for _, f := range catalogue(t) {
		if strings.TrimSpace(f.Document.Feature.Description) == "" {
			t.Errorf("%s: the feature has no description", f.URI)
		}
		check.OKf(t, check.Error(fs.Stat(features.FS, path.Join(path.Dir(f.URI), "README.md"))), "%s: its folder has no introduction", f.URI)
		for _, child := range f.Document.Feature.Children {
			if child.Scenario != nil {
				t.Errorf("%s: the scenario %q illustrates no rule", f.URI, child.Scenario.Name)
			}
		}
	}
}

// title is a text that a reader sees in the tree of the site.
type title struct{ path, kind, text string }

func titles(all []*suite.Feature) []title {
	var list []title
	for _, f := range all {
		list = append(list, title{f.URI, "feature", f.Document.Feature.Name})
		for _, child := range f.Document.Feature.Children {
			if child.Rule == nil {
				continue
			}
			list = append(list, title{f.URI, "rule", child.Rule.Name})
			for _, c := range child.Rule.Children {
				if c.Scenario != nil {
					list = append(list, title{f.URI, "scenario", c.Scenario.Name})
				}
			}
		}
	}
	return list
}

var (
	neverInTitles = regexp.MustCompile(`(?i)\b(tests?|testing|should|verif(y|ies)|asserts?|given|then|scenario|null|nil|api|http|json|database)\b`)
	technical     = regexp.MustCompile(`(?i)\b(reactors?|events?|streams?|handlers?|feeds?|stores?|batch(es)?|checkpoints?|deliver(y|ies|ed)|versions?|aggregates?|deciders?|append(s|ed)?|ids?)\b`)
)

const (
	longestTitle = 110
	technicalDir = "3-behind-the-desk"
)

func TestTitlesAreForHotelManagers(t *testing.T) {
	t.Parallel()
	for _, title := range titles(catalogue(t)) {
		complain := func(format string, args ...any) {
			t.Errorf("%s: the title of the %s %q %s", title.path, title.kind, title.text, fmt.Sprintf(format, args...))
		}
		if word := neverInTitles.FindString(title.text); word != "" {
			complain("holds the word %q", word)
		}
		if word := technical.FindString(title.text); word != "" && path.Dir(title.path) != technicalDir {
			complain("holds the technical word %q", word)
		}
		switch first := title.text[:min(1, len(title.text))]; {
		case first == "":
			complain("is empty")
		case first != strings.ToUpper(first):
			complain("does not begin with a capital letter")
		case strings.HasSuffix(title.text, "."):
			complain("ends with a full stop")
		case len(title.text) > longestTitle:
			complain("is %d characters long, %d are enough", len(title.text), longestTitle)
		}
	}
}

func TestNoTwoScenariosOfARuleShareATitle(t *testing.T) {
	t.Parallel()
	for _, f := range catalogue(t) {
		seen := map[[2]string]bool{}
		for _, s := range f.Scenarios {
			if title := [2]string{s.Rule, s.Name}; seen[title] {
				t.Errorf("%s: two scenarios of the rule %q have the title %q", f.URI, s.Rule, s.Name)
			} else {
				seen[title] = true
			}
		}
	}
}

// TestSomebodyActsAndAttemptsAreRefused leaves it to the lint of package suite that a
// scenario has steps, that the last one checks, and that no check stands for an action.
func TestSomebodyActsAndAttemptsAreRefused(t *testing.T) {
	t.Parallel()
	for _, f := range catalogue(t) {
		for _, scenario := range f.Scenarios {
			pickle := scenario.Pickle
			last := len(pickle.Steps) - 1
			if !slices.ContainsFunc(pickle.Steps, func(s *messages.PickleStep) bool { return s.Type == messages.PickleStepType_ACTION }) {
				t.Errorf("%s: the scenario %q has no When: nobody does anything in it", scenario.Location(), pickle.Name)
			}
			for i, step := range pickle.Steps {
				tried := strings.Contains(step.Text, " tries to ")
				checked := i < last && strings.HasPrefix(pickle.Steps[i+1].Text, "it is refused because ")
				if tried != checked && (tried || i < last) {
					t.Errorf("%s: in the scenario %q an attempt and its refusal do not go together at %q", scenario.Location(), pickle.Name, step.Text)
				}
			}
		}
	}
}

// needs are the tags of a scenario that follow from its steps.
func needs() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"@own-reactor":  regexp.MustCompile(`^the visits (to the stays are paused|go on)$|^the system (is stopped|starts|is going to break|has broken)`),
		"@competing":    regexp.MustCompile(`at the same moment`),
		"@virtual-time": regexp.MustCompile(`\d (second|minute|hour|day|week)s? pass`),
		"@slow":         regexp.MustCompile(`^a coach tour of`),
	}
}

var skipTag = regexp.MustCompile(`^@skip-on-[a-z]+:[a-z0-9]+(-[a-z0-9]+)+$`)

func TestTagsSayWhatAScenarioNeeds(t *testing.T) {
	t.Parallel()
	needs := needs()
	for _, f := range catalogue(t) {
		for _, scenario := range f.Scenarios {
			pickle := scenario.Pickle
			tagged := map[string]bool{}
			for _, tag := range pickle.Tags {
				tagged[tag.Name] = true
				if _, known := needs[tag.Name]; !known && tag.Name != "@exact" && tag.Name != run.Beyond && !skipTag.MatchString(tag.Name) {
					t.Errorf("%s: the scenario %q has the tag %s, which means nothing", scenario.Location(), pickle.Name, tag.Name)
				}
			}
			for tag, sign := range needs {
				has := slices.ContainsFunc(pickle.Steps, func(s *messages.PickleStep) bool { return sign.MatchString(s.Text) })
				switch {
				case tagged[tag] && !has:
					t.Errorf("%s: the scenario %q has the tag %s, itself or from its feature, and no step that needs it, such as %s", scenario.Location(), pickle.Name, tag, sign)
				case has && !tagged[tag]:
					t.Errorf("%s: the scenario %q needs the tag %s, for a step such as %s", scenario.Location(), pickle.Name, tag, sign)
				}
			}
		}
	}
}

const (
	longestPage = 20
	fewest      = 40
)

func TestThereIsEnoughToReadAndNotTooMuch(t *testing.T) {
	t.Parallel()
	scenarios := 0
	for _, f := range catalogue(t) {
		scenarios += len(f.Scenarios)
		if len(f.Scenarios) > longestPage {
			t.Errorf("%s: %d scenarios are too many for one page, %d are enough", f.URI, len(f.Scenarios), longestPage)
		}
	}
	if scenarios < fewest {
		t.Errorf("got %d scenarios, want at least %d", scenarios, fewest)
	}
	t.Logf("%d scenarios", scenarios)
}
