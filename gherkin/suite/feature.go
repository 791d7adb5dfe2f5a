package suite

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	parser "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
)

// Feature is a parsed feature file. It is immutable.
type Feature struct {
	URI       string // its path in the file system it was loaded from
	Name      string
	Source    []byte // without a byte order mark, each line ended by a line feed
	Document  *messages.GherkinDocument
	Scenarios []*Scenario // in the order of the file, one for each row of an outline

	parts    []part
	sections []section
	lines    []string
	prose    []Issue // lines that look like more than prose, and are none to the parser
}

// Scenario is one thing to run: a scenario, or one row of a scenario outline.
// It is immutable.
type Scenario struct {
	Feature *Feature
	Rule    string   // "" outside a rule
	Name    string   // with the row's values filled in
	Outline string   // the name as it stands in the file, of an outline; "" otherwise
	Row     int      // counts the rows of the outline from 1; 0 otherwise
	Columns []string // the header of the row's examples; those of an outline may have different ones
	Cells   []string // the row's values, one for each column
	Line    int      // of the scenario, or of the row
	Tags    []string // with those it inherits
	Pickle  *messages.Pickle

	steps []*messages.Step // of the file, one for each step of the pickle
	empty string           // why it cannot be run, or ""

	ruleNode     *messages.Rule
	scenarioNode *messages.Scenario
	examplesNode *messages.Examples // with the row, or nil
	rowNode      *messages.TableRow
	named        bool // the outline has examples with different columns
}

// Location returns where the scenario stands, as path:line.
func (s *Scenario) Location() string { return fmt.Sprintf("%s:%d", s.Feature.URI, s.Line) }

// Load parses every .feature file, in the order of their paths. The error joins
// one for each mistake in them, with its place. To find no file is an error.
//
// A file is UTF-8, with or without a byte order mark; a line is of any length and
// ends with LF, CRLF or CR, and any blanks may indent it. A line that a reader takes
// for a step, or for the title of a scenario, and the parser for prose, since the two
// differ in blanks and invisible characters alone, is a mistake.
func Load(features fs.FS) ([]*Feature, error) {
	var loaded []*Feature
	var errs []error
	ids := (&messages.Incrementing{}).NewId
	err := fs.WalkDir(features, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.EqualFold(path.Ext(name), ".feature") {
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

func parse(uri string, read []byte, ids func() string) (*Feature, error) {
	text, err := newSource(uri, read)
	if err != nil {
		return nil, err
	}
	document, err := text.document(ids)
	if err != nil {
		return nil, err
	}
	f := &Feature{URI: uri, Source: text.text, Document: document, lines: text.lines}
	if f.prose, err = text.check(document); err != nil {
		return nil, err
	}
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
		rows, named := rowsOf(p.scenario), severalHeaders(p.scenario)
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
				s.addRow(rows[pickle.AstNodeIds[1]])
				s.named = named
			}
			if len(pickle.Steps) == 0 {
				s.empty = "the scenario has no steps"
			}
			if s.examplesNode != nil {
				s.empty = cmp.Or(s.empty, lackingColumn(p.scenario, s.examplesNode))
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
	}
	if p.rule != nil {
		s.Rule = p.rule.Name
	}
	f.Scenarios = append(f.Scenarios, s)
	return s
}

// row is a row of examples.
type row struct {
	examples *messages.Examples
	node     *messages.TableRow
}

// rowsOf finds the rows of a scenario by their ids.
func rowsOf(scenario *messages.Scenario) map[string]row {
	rows := map[string]row{}
	for _, examples := range scenario.Examples {
		for _, node := range examples.TableBody {
			rows[node.Id] = row{examples, node}
		}
	}
	return rows
}

// severalHeaders tells whether the examples of a scenario differ in their columns.
func severalHeaders(scenario *messages.Scenario) bool {
	var first []string
	for _, examples := range scenario.Examples {
		switch header := examples.TableHeader; {
		case header == nil:
		case first == nil:
			first = cells(header)
		case !slices.Equal(first, cells(header)):
			return true
		}
	}
	return false
}

// lackingColumn says which column examples lack that their outline uses, or "". What
// no examples of the outline have as a column is a text like any other.
func lackingColumn(outline *messages.Scenario, examples *messages.Examples) string {
	have := columns(examples)
	for _, others := range outline.Examples {
		for _, column := range columns(others) {
			if slices.Contains(have, column) {
				continue
			}
			if line := useOf(outline, column); line > 0 {
				return fmt.Sprintf("the examples at line %d lack the column %q, which the outline %q uses at line %d", examples.Location.Line, column, outline.Name, line)
			}
		}
	}
	return ""
}

func columns(examples *messages.Examples) []string {
	if examples.TableHeader == nil {
		return nil
	}
	return cells(examples.TableHeader)
}

// useOf is the first line at which an outline uses a column, or 0.
func useOf(outline *messages.Scenario, column string) int64 {
	placeholder := "<" + column + ">"
	if strings.Contains(outline.Name, placeholder) {
		return outline.Location.Line
	}
	for _, step := range outline.Steps {
		if strings.Contains(step.Text, placeholder) {
			return step.Location.Line
		}
		if doc := step.DocString; doc != nil && (strings.Contains(doc.Content, placeholder) || strings.Contains(doc.MediaType, placeholder)) {
			return doc.Location.Line
		}
		if step.DataTable == nil {
			continue
		}
		for _, row := range step.DataTable.Rows {
			if slices.ContainsFunc(row.Cells, func(c *messages.TableCell) bool { return strings.Contains(c.Value, placeholder) }) {
				return row.Location.Line
			}
		}
	}
	return 0
}

// addRow notes which row of which examples the scenario is.
func (s *Scenario) addRow(r row) {
	s.examplesNode, s.rowNode = r.examples, r.node
	s.Line = int(r.node.Location.Line)
	s.Columns, s.Cells = cells(r.examples.TableHeader), cells(r.node)
}

func cells(row *messages.TableRow) []string {
	list := make([]string, len(row.Cells))
	for i, cell := range row.Cells {
		list[i] = cell.Value
	}
	return list
}

// Values shows the row's values, as readers need them to tell rows apart: with their
// columns where the outline has examples with different ones. It is "" outside an
// outline.
func (s *Scenario) Values() string {
	if s.rowNode == nil {
		return ""
	}
	if !s.named {
		return strings.Join(s.Cells, ", ")
	}
	list := make([]string, len(s.Cells))
	for i, cell := range s.Cells {
		list[i] = s.Columns[i] + " = " + cell
	}
	return strings.Join(list, ", ")
}

func names(tags []*messages.Tag) []string {
	list := make([]string, len(tags))
	for i, tag := range tags {
		list[i] = tag.Name
	}
	return list
}
