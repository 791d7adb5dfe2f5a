package editors_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/gherkin/editors"
	"example.com/groupcheckout/internal/check"
)

// TestAsk shows what an editor finds and what it does not: the test of a project
// can fail.
func TestAsk(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("PROVISION_NO_SKIP") != "" {
				t.Fatalf("the language service needs Node.js with npm: %v", err)
			}
			t.Skipf("the language service needs Node.js with npm: %v", err)
		}
	}
	report, err := editors.Ask(t.Context(), fstest.MapFS{
		"glue/steps.go": {Data: []byte(`package glue

func (s *steps) define(r *gherkin.Registrar) {
	r.Given("{int} book(s) on {shelf}", s.books)
	r.Given("{int} books on {shelf}", s.same)
	r.Then(` + "`a reader \\(or \"two\")`" + `, s.readers)
	if s.more {
		r.When("nobody finds it", s.lost)
	}
}
`)},
		"other/steps.go": {Data: []byte("package other\n\nfunc define(r *gherkin.Registrar) {\n\tr.Given(\"not glue\", nil)\n}\n")},
		"specs/deep/er/f.feature": {Data: []byte("Feature: F\n  Scenario Outline: S\n    Given <n> books on shelf A\n    When nobody finds it\n" +
			"    Then a reader (or \"two\")\n    Examples:\n      | n |\n      | 2 |\n")},
	}, editors.Settings{
		Features: []string{"specs/**/*.feature"}, Glue: []string{"glue/*.go"},
		ParameterTypes: []editors.ParameterType{{Name: "shelf", Regexp: "shelf [A-Z]"}},
	})
	check.Must(t, err)
	const reader = `a reader \(or "two")`
	want := editors.Report{
		Definitions: []editors.Definition{
			{Expression: reader, URI: "glue/steps.go", Line: 6},
			{Expression: "{int} book(s) on {shelf}", URI: "glue/steps.go", Line: 4},
			{Expression: "{int} books on {shelf}", URI: "glue/steps.go", Line: 5},
		},
		Steps: []editors.Step{
			{URI: "specs/deep/er/f.feature", Line: 3, Text: "2 books on shelf A", Expressions: []string{"{int} book(s) on {shelf}", "{int} books on {shelf}"}},
			{URI: "specs/deep/er/f.feature", Line: 4, Text: "nobody finds it", Expressions: []string{}},
			{URI: "specs/deep/er/f.feature", Line: 5, Text: `a reader (or "two")`, Expressions: []string{reader}},
		},
		Undefined: []string{"specs/deep/er/f.feature:4: Undefined step: nobody finds it"},
		Errors:    []string{},
	}
	check.Same(t, "the result", want, report)
}

func TestSettingsThatAreWrong(t *testing.T) {
	t.Parallel()
	root := fstest.MapFS{"a/f.feature": {}, ".hidden/f.feature": {}}
	for want, s := range map[string]editors.Settings{
		`cucumber.features: the patterns ["b/*.feature"] select no file`:       {Features: []string{"b/*.feature"}},
		`cucumber.features: the patterns ["*.feature"] select no file`:         {Features: []string{"*.feature"}},
		`cucumber.features: the patterns [".hidden/*.feature"] select no file`: {Features: []string{".hidden/*.feature"}},
		`cucumber.glue: the patterns [] select no file`:                        {Features: []string{"?/*.feature"}},
	} {
		if _, err := editors.Ask(t.Context(), root, s); err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "settings.json")
	check.Failsf(t, check.Error(editors.Read(file)), "a file that is not there")
	check.Must(t, os.WriteFile(file, []byte("{ // a comment\n}"), 0o600))
	check.Fails(t, check.Error(editors.Read(file)), file)
}
