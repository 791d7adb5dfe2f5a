package steps_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/features"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/editors"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps"
)

// root is the folder that an editor opens.
const root = ".."

func definitions(t *testing.T) *gherkin.Definitions {
	t.Helper()
	compiled, err := steps.Definitions()
	check.Must(t, err)
	return compiled
}

func settings(t *testing.T) editors.Settings {
	t.Helper()
	s, err := editors.Read(filepath.Join(root, ".vscode", "settings.json"))
	check.Must(t, err)
	return s
}

func TestEditorsKnowTheParameterTypes(t *testing.T) {
	t.Parallel()
	var want []editors.ParameterType
	for _, p := range definitions(t).Parameters() {
		want = append(want, editors.ParameterType{Name: p.Name, Regexp: p.Pattern})
	}
	if diff := cmp.Diff(want, settings(t).ParameterTypes); diff != "" {
		t.Errorf("cucumber.parameterTypes in .vscode/settings.json (-steps.Register +settings):\n%s", diff)
	}
}

// TestEditorsFindEveryStep asks the service behind the editors' extensions.
func TestEditorsFindEveryStep(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("PROVISION_NO_SKIP") != "" {
				t.Fatalf("the language service needs Node.js with npm: %v", err)
			}
			t.Skipf("the language service needs Node.js with npm: %v", err)
		}
	}
	report, err := editors.Ask(t.Context(), os.DirFS(root), settings(t))
	check.Must(t, err)
	defined := definitions(t)
	want, got := map[string]bool{}, map[string]bool{}
	for _, step := range defined.Steps() {
		want[step.Expression] = true
	}
	for _, d := range report.Definitions {
		got[d.Expression] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps that an editor finds in the source (-registered +found):\n%s", diff)
	}
	for _, complaint := range append(report.Undefined, report.Errors...) {
		t.Errorf("an editor complains: %s", complaint)
	}
	for _, step := range report.Steps {
		ours := defined.Match(step.Text)
		if len(step.Expressions) != 1 || len(ours) != 1 || step.Expressions[0] != ours[0].Step.Expression {
			t.Errorf("%s:%d: %s: an editor finds %d definitions, %s; want the one that runs",
				step.URI, step.Line, step.Text, len(step.Expressions), strings.Join(step.Expressions, " and "))
		}
	}
	t.Logf("an editor finds %d of %d definitions, and one for each of %d steps", len(got), len(want), len(report.Steps))
	loaded, err := suite.Load(features.FS)
	check.Must(t, err)
	all := 0
	for _, feature := range loaded {
		for _, scenario := range feature.Scenarios {
			all += len(scenario.Pickle.Steps)
		}
	}
	if len(report.Steps) != all {
		t.Errorf("an editor reads %d steps in the feature files, want %d", len(report.Steps), all)
	}
}
