package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	protocol "github.com/cucumber/messages/go/v34"
)

// Run is one run.
type Run struct {
	Info     Info
	Features []*Feature        // in the order of their paths
	sources  map[string]string // by path
}

// run makes the run of the lines. An error is about the line at, or about all if that
// is 0.
func (c *collector) run() (made *Run, at int, err error) {
	made = &Run{Info: c.info(), sources: c.sources}
	pickles := map[string]*protocol.Pickle{} // by the ids of scenario and row
	for _, pickle := range c.pickles {
		pickles[strings.Join(pickle.AstNodeIds, " ")] = pickle
	}
	b := builder{collector: c, pickles: pickles}
	seen, told := map[string]bool{}, map[string]bool{}
	for _, document := range c.documents {
		path := featurePath(document.Uri)
		told[path] = true
		if document.Feature == nil {
			continue // an empty file
		}
		if seen[path] {
			return nil, document.line, fmt.Errorf("the feature %s is there twice: the file holds more than one run; give each a file of its own", path)
		}
		seen[path] = true
		made.Features = append(made.Features, b.feature(path, document.Feature))
	}
	for _, path := range slices.Sorted(maps.Keys(c.sources)) {
		if !told[path] {
			return nil, 0, fmt.Errorf("the run has the text of %s, but does not say what is in it (by gherkinDocument), as if it had no scenarios", path)
		}
	}
	if len(made.Features) == 0 {
		return nil, 0, fmt.Errorf("the run has no features")
	}
	made.Info.Faults = c.faults(made.Features)
	slices.SortFunc(made.Features, func(a, b *Feature) int { return strings.Compare(a.Path, b.Path) })
	return made, 0, nil
}

func (c *collector) info() Info {
	info := Info{Properties: c.properties}
	if c.finished.Success {
		info.Message = c.finished.Message
	}
	if c.started != nil {
		info.Started = moment(c.started.Timestamp)
	}
	info.Finished = moment(c.finished.Timestamp)
	info.Took = max(info.Finished.Sub(info.Started), 0)
	info.Store, info.How = c.properties["store"], c.properties["how"]
	info.nameless = info.Store == ""
	if c.meta == nil {
		return info
	}
	if made := c.meta.Implementation; made != nil && info.Store == "" {
		if store, found := strings.CutPrefix(made.Name, "harness on "); found {
			info.Store, info.How, info.nameless = store, made.Version, false
		} else {
			// Not by its version, which changes: the history knows it by its name.
			info.Store, info.Title = made.Name, strings.TrimSpace(made.Name+" "+made.Version)
		}
	}
	if job := c.meta.Ci; job != nil {
		info.Commit.Job = job.Url
		if git := job.Git; git != nil {
			info.Commit.Revision, info.Commit.Branch = git.Revision, git.Branch
			info.Commit.Remote = git.Remote
		}
	}
	return info
}

// builder makes features of what was collected.
type builder struct {
	*collector
	pickles map[string]*protocol.Pickle
}

func (b builder) feature(path string, f *protocol.Feature) *Feature {
	made := &Feature{Path: path, Title: f.Name, Prose: unindent(f.Description)}
	tags := tagsOf(f.Tags)
	loose := &Rule{Line: line(f.Location)}
	var background []*protocol.Step
	for _, child := range f.Children {
		switch {
		case child == nil:
		case child.Background != nil:
			background = append(background, child.Background.Steps...)
			made.Prose = paragraphs(made.Prose, backgroundProse(child.Background))
		case child.Scenario != nil:
			loose.Scenarios = append(loose.Scenarios, b.scenario(child.Scenario, background, tags))
		case child.Rule != nil:
			made.Rules = append(made.Rules, b.rule(child.Rule, background, tags))
		}
	}
	if len(loose.Scenarios) > 0 {
		made.Rules = append([]*Rule{loose}, made.Rules...)
	}
	return made
}

func (b builder) rule(r *protocol.Rule, background []*protocol.Step, tags []string) *Rule {
	made := &Rule{Title: r.Name, Prose: unindent(r.Description), Line: line(r.Location)}
	background, tags = slices.Clone(background), join(tags, tagsOf(r.Tags))
	for _, child := range r.Children {
		switch {
		case child == nil:
		case child.Background != nil:
			background = append(background, child.Background.Steps...)
			made.Prose = paragraphs(made.Prose, backgroundProse(child.Background))
		case child.Scenario != nil:
			made.Scenarios = append(made.Scenarios, b.scenario(child.Scenario, background, tags))
		}
	}
	return made
}

func (b builder) scenario(s *protocol.Scenario, background []*protocol.Step, tags []string) *Scenario {
	made := &Scenario{Title: s.Name, Prose: unindent(s.Description), Tags: join(tags, tagsOf(s.Tags)), Line: line(s.Location)}
	for _, step := range join(background, s.Steps) {
		if step != nil {
			made.Steps = append(made.Steps, stepOf(step))
		}
	}
	if len(s.Examples) == 0 {
		made.Rows = []*Row{b.row(made, s.Id, nil, nil)}
		return made
	}
	made.Header = []string{}
	for _, examples := range s.Examples {
		if examples == nil {
			continue
		}
		for _, name := range cells(examples.TableHeader) {
			if !slices.Contains(made.Header, name) {
				made.Header = append(made.Header, name)
			}
		}
	}
	for _, examples := range s.Examples {
		if examples == nil {
			continue
		}
		if title, prose := strings.TrimSpace(examples.Name), unindent(examples.Description); title != "" || prose != "" {
			made.Tables = append(made.Tables, Table{Title: title, Prose: prose, First: len(made.Rows) + 1})
		}
		for _, row := range examples.TableBody {
			if row != nil {
				made.Rows = append(made.Rows, b.row(made, s.Id, examples, row))
			}
		}
	}
	return made
}

// row makes one row, which is plain if it has no examples, and looks up what
// became of it.
func (b builder) row(s *Scenario, id string, examples *protocol.Examples, row *protocol.TableRow) *Row {
	made := &Row{Number: len(s.Rows) + 1, Title: s.Title, Tags: s.Tags, Line: s.Line}
	key := id
	if row != nil {
		made.Cells, made.Line = under(s.Header, cells(examples.TableHeader), cells(row)), line(row.Location)
		made.Tags = join(s.Tags, tagsOf(examples.Tags))
		key += " " + row.Id
	}
	pickle, known := b.pickles[key]
	if !known {
		made.Results = []Result{{Verdict: NotRun}}
		return made
	}
	made.Title = pickle.Name
	for _, step := range pickle.Steps {
		if step != nil {
			if i := len(made.Steps); i < len(s.Steps) && s.Steps[i].Kind == "" {
				s.Steps[i].Kind = kindOf(step.Type)
			}
			made.Steps = append(made.Steps, step.Text)
		}
	}
	cases := b.byPickle[pickle.Id]
	for _, c := range cases {
		b.code(s, pickle, c)
	}
	made.Results = []Result{b.result(pickle, cases)}
	return made
}

// under puts the cells of a row, which stand under the names of their own table, under
// those of the whole outline, of which the tables may have others or in another order.
func under(names, own, row []string) []string {
	made := make([]string, len(names))
	for i, name := range own[:min(len(own), len(row))] {
		made[slices.Index(names, name)] = row[i]
	}
	return made
}

// kindOf is the kind of a step by its type in a pickle.
func kindOf(given protocol.PickleStepType) StepKind {
	switch given {
	case protocol.PickleStepType_CONTEXT:
		return Context
	case protocol.PickleStepType_ACTION:
		return Action
	case protocol.PickleStepType_OUTCOME:
		return Outcome
	case protocol.PickleStepType_UNKNOWN:
	}
	return ""
}

// code notes where the code of the steps is, and what it takes from their texts, as
// far as that is not known yet.
func (b builder) code(s *Scenario, pickle *protocol.Pickle, c *protocol.TestCase) {
	for _, step := range c.TestSteps {
		if step == nil || step.PickleStepId == "" || len(step.StepDefinitionIds) == 0 {
			continue
		}
		i := slices.IndexFunc(pickle.Steps, func(p *protocol.PickleStep) bool { return p != nil && p.Id == step.PickleStepId })
		if i < 0 || i >= len(s.Steps) {
			continue
		}
		if s.Steps[i].Code == "" {
			s.Steps[i].Code = b.definitions[step.StepDefinitionIds[0]]
		}
		if s.Steps[i].Values == nil {
			s.Steps[i].Values = valuesOf(step)
		}
	}
}

func valuesOf(step *protocol.TestStep) []string {
	var made []string
	for _, list := range step.StepMatchArgumentsLists {
		if list == nil {
			continue
		}
		for _, argument := range list.StepMatchArguments {
			if argument != nil && argument.Group != nil && argument.Group.Value != "" {
				made = append(made, argument.Group.Value)
			}
		}
	}
	return made
}

func stepOf(s *protocol.Step) Step {
	made := Step{Keyword: strings.TrimSpace(s.Keyword), Text: s.Text}
	if s.DataTable != nil {
		for _, row := range s.DataTable.Rows {
			made.Table = append(made.Table, cells(row))
		}
	}
	if s.DocString != nil {
		made.Doc, made.DocType = s.DocString.Content, s.DocString.MediaType
	}
	return made
}

func cells(row *protocol.TableRow) []string {
	if row == nil {
		return nil
	}
	made := []string{}
	for _, cell := range row.Cells {
		if cell != nil {
			made = append(made, cell.Value)
		}
	}
	return made
}

func line(at *protocol.Location) int {
	if at == nil {
		return 0
	}
	return int(at.Line)
}

func tagsOf(list []*protocol.Tag) []string {
	var made []string
	for _, tag := range list {
		if tag != nil {
			made = append(made, tag.Name)
		}
	}
	return made
}

// join returns a new list of both.
func join[T any](a, b []T) []T { return append(slices.Clip(slices.Clone(a)), b...) }

// unindent takes from a description the blanks that all of its lines begin with,
// which Markdown would take for code.
func unindent(text string) string {
	lines := strings.Split(strings.Trim(plainText(text), "\n"), "\n")
	least := -1
	for _, l := range lines {
		if blank := len(l) - len(strings.TrimLeft(l, " \t")); strings.TrimSpace(l) != "" && (least < 0 || blank < least) {
			least = blank
		}
	}
	for i, l := range lines {
		lines[i] = strings.TrimRight(l[min(max(least, 0), len(l)):], " \t")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// backgroundProse is what a background says beside its steps, which each scenario
// shows.
func backgroundProse(b *protocol.Background) string {
	return paragraphs(strings.TrimSpace(b.Name), unindent(b.Description))
}

// paragraphs joins texts as paragraphs.
func paragraphs(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), "\n\n")
}
