package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/groupcheckout/gherkin/editors"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/program"
)

// The servers that the tests share.
var (
	messageDB = provisiontest.MessageDB() //nolint:gochecknoglobals // see provisiontest
	dynamoDB  = provisiontest.DynamoDB()  //nolint:gochecknoglobals // see provisiontest
)

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, messageDB, dynamoDB)) }

const module = "git.example.org/depot/sorting"

// outcome is that of a command line.
type outcome struct {
	status          int
	out, complaints string
}

func runNew(ctx context.Context, args ...string) outcome {
	var out, complaints bytes.Buffer
	status := run(ctx, args, &out, &complaints)
	return outcome{status, out.String(), complaints.String()}
}

// project makes one outside of the repository.
func project(t *testing.T, args ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "sorting")
	got := runNew(t.Context(), append(args, "--module="+module, dir)...)
	if got.status != program.Done {
		t.Fatalf("got %+v, want status 0", got)
	}
	if want := "Next: cd " + dir + " && make test\n"; !strings.HasSuffix(got.out, want) {
		t.Errorf("got the output %q, want it to end with %q", got.out, want)
	}
	return dir
}

// inside runs a command in a folder and returns what it wrote and whether it passed.
func inside(t *testing.T, dir string, env []string, command ...string) (output string, passed bool) {
	t.Helper()
	started := exec.CommandContext(t.Context(), command[0], command[1:]...)
	started.Dir, started.Env = dir, append(os.Environ(), env...)
	text, err := started.CombinedOutput()
	return string(text), err == nil
}

// passes fails t unless a command passes.
func passes(t *testing.T, dir string, env []string, command ...string) {
	t.Helper()
	if output, passed := inside(t, dir, env, command...); !passed {
		t.Fatalf("%v fails in a new project:\n%s", command, output)
	}
}

// replace replaces the one place of a file that holds a text.
func replace(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	check.Must(t, err)
	if n := strings.Count(string(text), from); n != 1 {
		t.Fatalf("%s holds %q %d times, want once", file, from, n)
	}
	check.Must(t, os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
}

// TestANewProjectTestsItsOwnDomain makes the project that one gets unless one asks
// for something else, and plants a bug in its domain.
func TestANewProjectTestsItsOwnDomain(t *testing.T) {
	t.Parallel()
	dir := project(t)
	passes(t, dir, nil, "go", "vet", "./...")
	passes(t, dir, nil, "go", "mod", "tidy", "-diff")
	passes(t, dir, nil, "go", "test", "./...")
	replace(t, filepath.Join(dir, "parcels", "chute.go"), "len(labels) >= Room", "len(labels) > Room")
	output, passed := inside(t, dir, nil, "go", "test", "./...")
	for _, want := range []string{
		"truck T1: got [A B C D], want [A B C]",
		"to repeat: go test ./parcels -count=1 -only sorting.feature:20",
		"took parcel D when it had no room: it holds 3", // the audit
	} {
		if passed || !strings.Contains(output, want) {
			t.Errorf("a chute takes a parcel too many: passed %v, want a failure that says %q:\n%s", passed, want, output)
		}
	}
}

func TestANewProjectRunsOnRealStoresWithItsOwnProgram(t *testing.T) {
	t.Parallel()
	dir := project(t)
	for store, environment := range map[string]func(testing.TB) []string{
		"messagedb": func(t testing.TB) []string { t.Helper(); return messageDB.Get(t).Environment() },
		"dynamodb":  func(t testing.TB) []string { t.Helper(); return dynamoDB.Get(t).Environment() },
	} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			passes(t, dir, environment(t), "go", "test", "./parcels", "-count=1", "-run=TestFeatures", "-store="+store, "-reactor=binary")
		})
	}
}

func TestANewHotelRuns(t *testing.T) {
	t.Parallel()
	dir := project(t, "--example=hotel")
	passes(t, dir, nil, "go", "vet", "./...")
	// All but steps/hotel, which tries clerks by the hundred for a minute and reads no files.
	passes(t, dir, nil, "go", "test", "./features/...", "./steps", "./domain/...", "./checkout/...", "./cmd/...", "./internal/...", "-count=1")
}

// TestAnEditorFindsEveryStepOfANewProject asks the service behind the editors'
// extensions, with the settings of the project.
func TestAnEditorFindsEveryStepOfANewProject(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv(provisiontest.NoSkip) != "" {
				t.Fatalf("the language service needs Node.js with npm: %v", err)
			}
			t.Skipf("the language service needs Node.js with npm: %v", err)
		}
	}
	dir := project(t)
	settings, err := editors.Read(filepath.Join(dir, ".vscode", "settings.json"))
	check.Must(t, err)
	report, err := editors.Ask(t.Context(), os.DirFS(dir), settings)
	check.Must(t, err)
	for _, complaint := range append(report.Undefined, report.Errors...) {
		t.Errorf("an editor complains: %s", complaint)
	}
	if len(report.Steps) < 20 {
		t.Errorf("an editor reads only %d steps", len(report.Steps))
	}
	for _, step := range report.Steps {
		if len(step.Expressions) != 1 {
			t.Errorf("%s:%d: %s: an editor finds %d definitions, want one", step.URI, step.Line, step.Text, len(step.Expressions))
		}
	}
}

// TestEveryExampleIsWhole looks at the files of each, none of which may be about
// the folder that it was copied from.
func TestEveryExampleIsWhole(t *testing.T) {
	t.Parallel()
	kit := kitPath()
	for _, e := range examples() {
		files, err := e.files(module)
		check.Must(t, err)
		for _, name := range []string{"README.md", "Makefile", ".gitignore", ".github/workflows/ci.yml", ".vscode/settings.json", "go.sum"} {
			if len(files[name]) == 0 {
				t.Errorf("%s: there is no %s", e.name, name)
			}
		}
		features := 0
		for name, text := range files {
			if strings.HasPrefix(name, e.Features+"/") && strings.HasSuffix(name, ".feature") {
				features++
			}
			for from := range e.copied {
				if strings.Contains(string(text), kit+"/"+from) {
					t.Errorf("%s: %s names the kit's %s", e.name, name, from)
				}
			}
			if strings.Contains(string(text), "examples/") || strings.Contains(string(text), "<no value>") {
				t.Errorf("%s: %s is about this repository:\n%s", e.name, name, text)
			}
		}
		if features == 0 {
			t.Errorf("%s: there is no feature in %s", e.name, e.Features)
		}
	}
}

func TestWhatCannotBeMadeIsSaid(t *testing.T) {
	t.Parallel()
	empty, full := t.TempDir(), t.TempDir()
	check.Must(t, os.WriteFile(filepath.Join(full, "notes"), nil, 0o600))
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "missing: the path of the module (--module=PATH), and the folder to make; give it as in: new --module="},
		{[]string{empty}, "missing: the path of the module (--module=PATH); give it"},
		{[]string{"--module=" + module}, "missing: the folder to make; give it"},
		{[]string{"--module=" + module, ""}, "missing: the folder to make; give it"},
		{[]string{"--module=sorting", empty}, `its first element, "sorting", is no host`},
		{[]string{"--module=https://" + module, empty}, "is an address, not a module path: write " + module},
		{[]string{"--module=" + kitPath() + "/sorting", empty}, "belongs to the kit's own module"},
		{[]string{"--module=" + module, "--example=harbour", empty}, `there is no example "harbour"; choose parcels or hotel`},
		{[]string{"--module=" + module, full}, "is not empty: it holds notes; choose another, nothing is replaced"},
		{[]string{"--module=" + module, filepath.Join(full, "notes")}, "notes is a file: choose a folder that is empty, or not there yet"},
		{[]string{"--module=" + module, "sorting"}, "cmd/new/sorting lies in the clone of the kit, "},
		{[]string{"--module=" + module, "--kit=" + full, empty}, full + " is no clone of the kit, " + kitPath() + ": open "},
	} {
		got := runNew(t.Context(), test.args...)
		if got.status != program.Wrong || !strings.HasPrefix(got.complaints, "new: ") || !strings.Contains(got.complaints, test.want) {
			t.Errorf("%q: got %+v, want status 1 and %q", test.args, got, test.want)
		}
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) > 0 {
		t.Errorf("got %v and the error %v in the folder of a project that was refused, want nothing", entries, err)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	if got := runNew(t.Context(), "--help"); got.status != program.Done || !strings.Contains(got.out, "Usage: new [<dir>]") {
		t.Errorf("got %+v, want status 0 and the usage", got)
	}
}

// TestWhereTheKitIsFound reads what a go.mod says of it.
func TestWhereTheKitIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clone := filepath.Join(dir, "kit")
	write := func(name, text string) {
		check.Must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		check.Must(t, os.WriteFile(name, []byte(text), 0o600))
	}
	write(filepath.Join(clone, "go.mod"), "module "+kitPath()+"\n")
	if err := os.Symlink(clone, filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	published, err := kit{version: "v1.2.0"}.mod(module, dir)
	check.Must(t, err)
	if got := string(published); !strings.Contains(got, "\nrequire "+kitPath()+" v1.2.0\n") || strings.Contains(got, "replace") {
		t.Errorf("of a published kit got:\n%s", got)
	}
	for _, given := range []string{clone, filepath.Join(dir, "link")} {
		found, err := findKit(t.Context(), given)
		check.Must(t, err)
		cloned, err := found.mod(module, filepath.Join(dir, "not", "yet", "there"))
		check.Must(t, err)
		if got, want := string(cloned), "\nreplace "+kitPath()+" => ../../../kit\n"; !strings.HasSuffix(got, want) {
			t.Errorf("of the clone %s got:\n%swant it to end with %q", given, got, want)
		}
	}
	write(filepath.Join(clone, "go.mod"), "module a.org/b\n")
	check.Fails(t, check.Error(findKit(t.Context(), clone)), `its go.mod is that of the module "a.org/b"`)
}

// TestWithoutANetworkTheProjectIsWrittenAllTheSame has an empty module cache, and
// nowhere to fill it from.
func TestWithoutANetworkTheProjectIsWrittenAllTheSame(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	dir := filepath.Join(t.TempDir(), "sorting")
	got := runNew(t.Context(), "--module="+module, "--kit="+filepath.Join("..", ".."), dir)
	for _, want := range []string{"the project is written", "go mod tidy: ", "module lookup disabled by GOPROXY=off", "Go on with: cd " + dir + " && go mod tidy"} {
		if got.status != program.Wrong || !strings.Contains(got.complaints, want) {
			t.Errorf("got %+v, want status 1 and %q", got, want)
		}
	}
	check.OKf(t, check.Error(os.Stat(filepath.Join(dir, "parcels", "truck.go"))), "the project is not written")
}
