package suite

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	parser "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
)

// Feature is a parsed feature file. It is immutable.
type Feature struct {
	URI       string // its path in the file system it was loaded from
	Name      string
	Source    []byte
	Document  *messages.GherkinDocument
	Scenarios []*Scenario // in the order of the file, one for each row of an outline

	parts    []part
	sections []section
	lines    [][]byte
}

// Scenario is one thing to run: a scenario, or one row of a scenario outline.
// It is immutable.
type Scenario struct {
	Feature *Feature
	Rule    string   // "" outside a rule
	Name    string   // with the row's values filled in
	Outline string   // the name as it stands in the file, of an outline; "" otherwise
	Row     int      // counts the rows of the outline from 1; 0 otherwise
	Cells   []string // the row's values
	Line    int      // of the scenario, or of the row
	Tags    []string // with those it inherits
	Pickle  *messages.Pickle

	steps []*messages.Step // of the file, one for each step of the pickle
	keep  map[any]bool     // the sections that it consists of
	empty string           // why it has nothing to run, or ""

	ruleNode     *messages.Rule
	scenarioNode *messages.Scenario
}

// Location returns where the scenario stands, as path:line.
func (s *Scenario) Location() string { return fmt.Sprintf("%s:%d", s.Feature.URI, s.Line) }

// Load parses every .feature file, in the order of their paths. The error joins
// one for each mistake in them, with its place. To find no file is an error.
func Load(features fs.FS) ([]*Feature, error) {
	var loaded []*Feature
	var errs []error
	ids := (&messages.Incrementing{}).NewId
	err := fs.WalkDir(features, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".feature" {
			return err
		}
		source, err := fs.ReadFile(features, name)
		if err != nil {
			return err
		}
		feature, err := parse(name, source, ids)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		loaded = append(loaded, feature)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the feature files: %w", err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(loaded) == 0 {
		return nil, errors.New("there is no .feature file")
	}
	return loaded, nil
}

var parseError = regexp.MustCompile(`(?m)^\((\d+):(\d+)\): `)

func parse(uri string, source []byte, ids func() string) (*Feature, error) {
	document, err := parser.ParseGherkinDocument(bytes.NewReader(source), ids)
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "Parser errors:\n")
		return nil, errors.New(parseError.ReplaceAllString(text, uri+":$1:$2: "))
	}
	document.Uri = uri
	f := &Feature{URI: uri, Source: source, Document: document, lines: bytes.Split(source, []byte("\n"))}
	if document.Feature == nil {
		return f, nil
	}
	f.Name = document.Feature.Name
	f.parts = partsOf(document.Feature)
	f.sections = f.findSections()
	f.addScenarios(parser.Pickles(*document, uri, ids), ids)
	return f, nil
}

// part is a background or a scenario of a feature file.
type part struct {
	rule       *messages.Rule // nil outside a rule
	background *messages.Background
	scenario   *messages.Scenario
}

// partsOf lists the parts of a feature, in the order of the file.
func partsOf(feature *messages.Feature) []part {
	var list []part
	for _, child := range feature.Children {
		if child.Rule == nil {
			list = append(list, part{nil, child.Background, child.Scenario})
			continue
		}
		for _, inner := range child.Rule.Children {
			list = append(list, part{child.Rule, inner.Background, inner.Scenario})
		}
	}
	return list
}

// addScenarios walks the document, since a pickle knows neither its rule nor
// its keywords, and an outline without rows has no pickle.
func (f *Feature) addScenarios(pickles []*messages.Pickle, ids func() string) {
	byNode := map[string][]*messages.Pickle{}
	for _, p := range pickles {
		byNode[p.AstNodeIds[0]] = append(byNode[p.AstNodeIds[0]], p)
	}
	steps := map[string]*messages.Step{}
	note := func(list []*messages.Step) {
		for _, s := range list {
			steps[s.Id] = s
		}
	}
	for _, p := range f.parts {
		if p.background != nil {
			note(p.background.Steps)
			continue
		}
		note(p.scenario.Steps)
		found := byNode[p.scenario.Id]
		for i, pickle := range found {
			s := f.newScenario(p, pickle)
			for _, step := range pickle.Steps {
				s.steps = append(s.steps, steps[step.AstNodeIds[0]])
			}
			for _, tag := range pickle.Tags {
				s.Tags = append(s.Tags, tag.Name)
			}
			if len(p.scenario.Examples) > 0 {
				s.Outline, s.Row = p.scenario.Name, i+1
				s.addRow(pickle.AstNodeIds[1])
			}
			if len(pickle.Steps) == 0 {
				s.empty = "the scenario has no steps"
			}
		}
		if len(found) == 0 {
			s := f.newScenario(p, &messages.Pickle{
				Id: ids(), Uri: f.URI, Name: p.scenario.Name, Location: p.scenario.Location, AstNodeIds: []string{p.scenario.Id},
				Language: f.Document.Feature.Language, Steps: []*messages.PickleStep{}, Tags: []*messages.PickleTag{},
			})
			s.Tags = names(f.Document.Feature.Tags)
			if p.rule != nil {
				s.Tags = append(s.Tags, names(p.rule.Tags)...)
			}
			s.Tags = append(s.Tags, names(p.scenario.Tags)...)
			s.empty = "the scenario outline has no row of examples"
		}
	}
	slices.SortStableFunc(f.Scenarios, func(a, b *Scenario) int { return cmp.Compare(a.Line, b.Line) })
}

// newScenario adds a scenario, or one row of an outline.
func (f *Feature) newScenario(p part, pickle *messages.Pickle) *Scenario {
	s := &Scenario{
		Feature: f, Name: pickle.Name, Line: int(p.scenario.Location.Line), Pickle: pickle,
		ruleNode: p.rule, scenarioNode: p.scenario,
		keep: map[any]bool{f.Document.Feature: true, p.scenario: true},
	}
	if p.rule != nil {
		s.Rule = p.rule.Name
		s.keep[p.rule] = true
	}
	for _, other := range f.parts {
		if other.background != nil && (other.rule == nil || other.rule == p.rule) {
			s.keep[other.background] = true
		}
	}
	f.Scenarios = append(f.Scenarios, s)
	return s
}

// addRow notes which row of which examples the scenario is.
func (s *Scenario) addRow(id string) {
	for _, examples := range s.scenarioNode.Examples {
		for _, row := range examples.TableBody {
			if row.Id != id {
				continue
			}
			s.keep[examples], s.keep[row] = true, true
			s.Line = int(row.Location.Line)
			for _, cell := range row.Cells {
				s.Cells = append(s.Cells, cell.Value)
			}
			return
		}
	}
}

func names(tags []*messages.Tag) []string {
	list := make([]string, len(tags))
	for i, tag := range tags {
		list[i] = tag.Name
	}
	return list
}
