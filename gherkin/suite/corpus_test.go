package suite

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	parser "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

// corpusVariable names a folder with feature files of other projects, in any folders
// within it. None come with this project.
const corpusVariable = "GHERKIN_CORPUS"

// TestFeaturesOfTheWorld loads feature files that others have written, and runs what
// each loads with a definition that takes any step.
func TestFeaturesOfTheWorld(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(corpusVariable)
	if folder == "" {
		t.Skipf("no feature files of other projects are at hand: name a folder that has some in %s", corpusVariable)
	}
	var files, refused, steps, issues int
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.EqualFold(path.Ext(name), ".feature") {
			return err
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		files++
		got, err := account(t, name, content)
		check.OK(t, err)
		if got.refusal != nil {
			refused++
			t.Logf("refused: %v", got.refusal)
		}
		steps += got.steps
		issues += len(got.prose)
		for _, issue := range got.prose {
			t.Log(issue)
		}
		return nil
	})
	check.Must(t, err)
	if files == 0 {
		t.Errorf("%s has no feature file", folder)
	}
	t.Logf("%d files, of which %d were refused; %d steps ran; %d lines look like what they are not", files, refused, steps, issues)
}

// accounted is what became of a file.
type accounted struct {
	refusal error // with the place of each mistake
	steps   int   // that ran
	prose   []Issue
}

var atLine = regexp.MustCompile(`^\d+(:\d+)?: `)

// account finds that no step of a file was lost: the file was refused, with the place
// of each mistake, or each line that begins with a keyword of steps is a step of a
// scenario, and runs, or is known not to be one.
func account(t *testing.T, uri string, content []byte) (accounted, error) {
	t.Helper()
	feature, err := parse(uri, content, (&messages.Incrementing{}).NewId)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if place, cut := strings.CutPrefix(line, uri+":"); !cut || !atLine.MatchString(place) {
				return accounted{}, fmt.Errorf("an error without a place: %s", line)
			}
		}
		return accounted{refusal: err}, nil
	}
	got := accounted{prose: feature.prose}
	known := map[int]bool{}
	for _, issue := range feature.prose {
		known[issue.Line] = true
	}
	// What ran, by running each scenario.
	ran := map[int]bool{}
	for _, s := range feature.Scenarios {
		if s.empty != "" {
			continue
		}
		if _, err := playAll(t, s); err != nil {
			return got, fmt.Errorf("%s: %w", s.Location(), err)
		}
		for _, step := range s.steps {
			ran[int(step.Location.Line)] = true
			got.steps++
		}
		matches, err := gherkin.ParseTags(tagsOf(s.Tags))
		if err != nil || !matches(s.Tags) {
			return got, fmt.Errorf("%s: its tags %q do not select it: %w", s.Location(), s.Tags, err)
		}
	}
	// A step without a scenario that runs it is known to the lint: outlines without rows,
	// backgrounds without scenarios.
	document := feature.Document.Feature
	if document == nil {
		return got, nil
	}
	inTree := map[int]bool{}
	for _, p := range feature.parts {
		var list []*messages.Step
		if p.background != nil {
			list = p.background.Steps
		} else {
			list = p.scenario.Steps
		}
		for _, step := range list {
			inTree[int(step.Location.Line)] = true
			if p.scenario != nil && len(p.scenario.Examples) == 0 && !ran[int(step.Location.Line)] {
				return got, fmt.Errorf("%s:%d: the step %q was loaded and did not run", uri, step.Location.Line, step.Text)
			}
		}
	}
	return got, lost(uri, content, document, inTree, known)
}

// lost reads the lines as a person would, and finds a step that nobody knows of.
func lost(uri string, content []byte, feature *messages.Feature, steps, known map[int]bool) error {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	content = bytes.ReplaceAll(content, []byte("\r"), []byte("\n"))
	dialect := parser.DialectsBuiltin().GetDialect(feature.Language)
	delimiter, taking := "", false // whether a step, or what belongs to one, is above
	for i, line := range strings.Split(string(content), "\n") {
		n := i + 1
		text := strings.TrimLeftFunc(line, inkless)
		if delimiter != "" {
			if strings.HasPrefix(text, delimiter) {
				delimiter = ""
			}
			continue
		}
		switch {
		case text == "" || text[0] == '#' || text[0] == '|' || text[0] == '@':
			continue
		case taking && strings.HasPrefix(text, `"""`) || taking && strings.HasPrefix(text, "```"):
			delimiter = text[:3]
			continue
		}
		taking = steps[n]
		if steps[n] || known[n] {
			continue
		}
		for _, keyword := range dialect.StepKeywords() {
			if strings.HasPrefix(strings.ToLower(text), strings.ToLower(keyword)) && !prosaic(feature, n) {
				return fmt.Errorf("%s:%d: the line was lost: %q", uri, n, line)
			}
		}
	}
	return nil
}

// prosaic tells lines that belong to the description of a feature, rule or examples,
// where no step can stand.
func prosaic(feature *messages.Feature, line int) bool {
	in := true
	at := feature.Location.Line
	note := func(location *messages.Location, prose bool) {
		if location.Line <= int64(line) && location.Line >= at {
			at, in = location.Line, prose
		}
	}
	for _, child := range feature.Children {
		if child.Rule != nil {
			note(child.Rule.Location, true)
		}
	}
	for _, p := range partsOf(feature) {
		if p.background != nil {
			note(p.background.Location, false)
			continue
		}
		note(p.scenario.Location, false)
		for _, examples := range p.scenario.Examples {
			note(examples.Location, true)
		}
	}
	return in
}

// tagsOf is the expression that asks for all of the tags.
func tagsOf(tags []string) string {
	list := make([]string, len(tags))
	for i, tag := range tags {
		list[i] = gherkin.TagExpression(tag)
	}
	return strings.Join(list, " and ")
}
