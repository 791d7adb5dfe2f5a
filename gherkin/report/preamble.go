package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"

	protocol "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// propertiesMediaType is the media type of the run's attachment with what it was
// on, how that was brought up, and the configured properties.
const propertiesMediaType = "application/vnd.harness.run+json"

// runID is the id of the run.
const runID = "run"

func definitionID(index int) string { return fmt.Sprintf("definition-%d", index) }

// hookID names a hook by its place, or, if no definition has it, by its type.
func hookID(info gherkin.HookInfo) string {
	kind := "scenario"
	if info.Type == gherkin.BeforeRun || info.Type == gherkin.AfterRun {
		kind = "run"
	}
	if info.Index == 0 {
		return fmt.Sprintf("hook-%s", strings.ReplaceAll(string(info.Type), " ", "-"))
	}
	return fmt.Sprintf("hook-%s-%d", kind, info.Index)
}

// preamble adds what is known before the run starts.
func (w *messages) preamble(l *lines) {
	l.add(protocol.Envelope{Meta: w.config.meta()})
	for _, feature := range w.plan.Features {
		w.feature(l, feature)
	}
	for _, info := range w.plan.Before {
		l.add(w.hook(info))
	}
	w.definitions(l)
	for _, info := range w.plan.After {
		l.add(w.hook(info))
	}
}

func (w *messages) feature(l *lines, f *suite.Feature) {
	uri := path.Join(w.config.Folder, f.URI)
	l.add(protocol.Envelope{Source: &protocol.Source{
		Uri: uri, Data: string(f.Source), MediaType: protocol.SourceMediaType_TEXT_X_CUCUMBER_GHERKIN_PLAIN,
	}})
	document := *f.Document
	document.Uri = uri
	l.add(protocol.Envelope{GherkinDocument: &document})
	for _, scenario := range f.Scenarios {
		pickle := *scenario.Pickle
		pickle.Uri = uri
		l.add(protocol.Envelope{Pickle: &pickle})
	}
}

func (w *messages) definitions(l *lines) {
	if w.plan.Definitions == nil {
		return
	}
	parameters := 0
	for _, r := range w.plan.Definitions.Registrations() {
		switch {
		case r.Parameter != nil:
			parameters++
			l.add(protocol.Envelope{ParameterType: &protocol.ParameterType{
				Id: fmt.Sprintf("parameter-%d", parameters), Name: r.Parameter.Name, UseForSnippets: true,
				RegularExpressions: []string{r.Parameter.Pattern}, SourceReference: w.reference(r.Parameter.Location),
			}})
		case r.Hook != nil:
			l.add(w.hook(*r.Hook))
		default:
			pattern := protocol.StepDefinitionPatternType_CUCUMBER_EXPRESSION
			if r.Step.Regular {
				pattern = protocol.StepDefinitionPatternType_REGULAR_EXPRESSION
			}
			l.add(protocol.Envelope{StepDefinition: &protocol.StepDefinition{
				Id: definitionID(r.Step.Index), SourceReference: w.reference(r.Step.Location),
				Pattern: &protocol.StepDefinitionPattern{Source: r.Step.Expression, Type: pattern},
			}})
		}
	}
	for _, undefined := range w.plan.Definitions.UndefinedParameters() {
		l.add(protocol.Envelope{UndefinedParameterType: &protocol.UndefinedParameterType{
			Name: undefined.Name, Expression: undefined.Expression,
		}})
	}
}

func (w *messages) hook(info gherkin.HookInfo) protocol.Envelope {
	hook := &protocol.Hook{
		Id: hookID(info), Name: info.Name, TagExpression: info.Tags, SourceReference: w.reference(info.Location),
	}
	switch info.Type {
	case gherkin.BeforeScenario:
		hook.Type = protocol.HookType_BEFORE_TEST_CASE
	case gherkin.AfterScenario:
		hook.Type = protocol.HookType_AFTER_TEST_CASE
	case gherkin.BeforeRun:
		hook.Type = protocol.HookType_BEFORE_TEST_RUN
	case gherkin.AfterRun:
		hook.Type = protocol.HookType_AFTER_TEST_RUN
	}
	return protocol.Envelope{Hook: hook}
}

// runStarted adds the start of the run, and its properties if it has any.
func (w *messages) runStarted(l *lines) {
	started := timestamp(w.plan.Started)
	l.add(protocol.Envelope{TestRunStarted: &protocol.TestRunStarted{Id: runID, Timestamp: started}})
	properties := map[string]string{}
	maps.Copy(properties, w.config.Properties)
	for name, value := range map[string]string{"store": w.config.On, "how": w.config.How} {
		if value != "" {
			properties[name] = value
		}
	}
	if len(properties) == 0 {
		return
	}
	body, err := json.Marshal(properties) // sorted by name
	if err != nil {
		l.err = err
		return
	}
	l.add(protocol.Envelope{Attachment: &protocol.Attachment{
		Body: string(body), ContentEncoding: protocol.AttachmentContentEncoding_IDENTITY,
		MediaType: propertiesMediaType, TestRunStartedId: runID, Timestamp: started,
	}})
}

// reference gives a place in Go source from the root, so that it is the same on
// every machine. A place outside the root keeps only its last folder.
func (w *messages) reference(at gherkin.Location) *protocol.SourceReference {
	if at.File == "" {
		return &protocol.SourceReference{}
	}
	uri, err := filepath.Rel(w.config.Root, at.File)
	switch {
	case !filepath.IsAbs(at.File):
		uri = at.File // built with -trimpath
	case err != nil || !filepath.IsLocal(uri):
		uri = filepath.Join(filepath.Base(filepath.Dir(at.File)), filepath.Base(at.File))
	}
	return &protocol.SourceReference{Uri: filepath.ToSlash(uri), Location: &protocol.Location{Line: int64(at.Line)}}
}

// moduleRoot finds the nearest parent of the working directory with a go.mod,
// where go test has put it, or else "".
func moduleRoot() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
