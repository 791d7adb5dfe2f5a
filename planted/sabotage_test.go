package planted

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/tried"
	"example.com/groupcheckout/steps"
)

// sabotage takes away a check, or something else that makes verdicts true. It is
// for what a patch is too long for: a function that returns at once, with no error,
// or a statement that is passed over.
type sabotage struct {
	file     string
	function string // or Type.Method
	skip     string // the statement that is passed over, as it is written; empty: the whole function
	caughtBy string // a go test command
	says     string // a regular expression for what its output has to say
}

func (s sabotage) String() string {
	name := s.file + ":" + s.function
	if s.skip != "" {
		name += ": " + s.skip
	}
	return name
}

// sabotages are those that somebody thought of. Those of the checks that scenarios
// make are found in the source of the steps; see checks.
func sabotages() []sabotage {
	const (
		claims  = "go test ./steps -count=1 -run TestEachCheckRefusesWhatIsNotTrue$"
		names   = "go test ./steps -count=1 -run TestAMisspelledNameFailsEachCheck$"
		end     = "go test ./steps -count=1 -run TestAnAttemptHasToBeCheckedByTheEnd$"
		clerks  = "go test ./steps -count=1 -run TestNoClerkWritesBeforeAllHaveDecided$"
		green   = "got passed .*want it failed: it is not true"
		promise = "go test ./harness -count=1 -run TestTheAuditNamesPromisesThatAReactorBroke$"
	)
	return []sabotage{
		// How a world checks.
		{"harness/eventually.go", "World.Eventually", "", claims, "the balance of the group .*" + green},
		{"harness/eventually.go", "World.Exactly", "", claims, "the system was called .*" + green},
		{"harness/eventually.go", "World.Check", "", claims, "the balance of stay 101 is 79.00: " + green},
		{"harness/time.go", "World.Within", "", claims, "within 0 seconds stay 101 is merged .*" + green},
		{"harness/await.go", "runner.await", "", claims, "want it passed: what is to fail comes after it"},

		// What the checks of the steps have in common.
		{"steps/stays.go", "same", "", claims, "the balance of stay 101 is 79.00: " + green},
		{"steps/stays.go", "reads", "", claims, "the balance of stay 101 reads .*" + green},
		{"steps/desk.go", "unless", "", claims, "the group is not confirmed: " + green},
		{"steps/records.go", "compare", "", claims, "the record of stay 101 is:.*" + green},
		{"steps/names.go", "desk.knownStay", `return id, unmentioned("stay", s, d.stays)`, names, "stay 110 has not left with a group: " + green},
		{"steps/names.go", "desk.knownGroup", `return id, unmentioned("group", g, d.groups)`, names, "the group \"Footbal club\" is not confirmed: " + green},
		{"steps/desk.go", "desk.checkedEverything", "", end, "want the reason \"no step checked the refusal"},
		{"steps/accounts.go", "desk.end", "", end, "want the reason \"no step checked the refusal"},
		{"steps/register.go", "Bind", "err = atEnd(ctx, err)", end, "want the reason \"no step checked the refusal"},
		{"steps/together.go", "fair.Append", "c.others.Wait()", clerks, "wrote before the other had decided"},

		// What is proved after the scenarios.
		{"harness/audit.go", "Harness.Audit", "", promise, "want"},
		{"harness/harness.go", "Harness.breach", "", promise, "want"},
		{"harness/history.go", "World.judge", "", "go test ./harness -count=1 -run TestAScenarioFailsWhoseHistoryCannotHaveBeenSo$", "got <nil>, want an error about the history"},
		{"harness/internal/history/judge.go", "judge", "", "go test ./harness/internal/history -count=1 -run TestAnswersThatCanHaveBeenGivenOneAfterTheOther$", "got <nil>, want a failure"},
		{"steps/together.go", "fair.Recorder", "", "go test ./steps -count=1 -run TestWhatClerksAreAnsweredIsRecorded$", "got no operation"},
		{"harness/run/ground.go", "common.audit", "", "go test ./harness/run -count=1 -run TestARunThatFailsBesideItsScenariosIsReported$", "want"},

		{"harness/control.go", "World.StopReactor", "", "go test ./features -count=1 -run TestFeatures$ -time virtual -limit 2000h -only 3-behind-the-desk/5-long-interruptions.feature:1", "Stays that waited for 30 days.*got 0 stays of the group waiting"},

		// The engine.
		{"reactor/checkpoint.go", "Running.save", "", "go test ./reactor -count=1 -run TestCheckpointsAreSavedWhenTheyMoved$", "want"},
	}
}

// switched is the variable of the environment that says what is sabotaged. All that
// there is to sabotage is built in at once, so that it is compiled only once.
const switched = "SABOTAGE"

// build puts sabotages into copies of their files in a folder. It returns the copies
// by the absolute names of the files that they stand for.
func build(root, folder string, all []sabotage) (map[string]string, error) {
	texts := map[string]string{}
	for _, s := range all {
		text, begun := texts[s.file]
		if !begun {
			original, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(s.file)))
			if err != nil {
				return nil, err
			}
			text = string(original)
		}
		sabotaged, err := s.insert(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
		texts[s.file] = sabotaged
	}
	replaced := map[string]string{}
	for file, text := range texts {
		original := filepath.Join(root, filepath.FromSlash(file))
		replaced[original] = filepath.Join(folder, strings.ReplaceAll(file, "/", "-"))
		if err := os.WriteFile(replaced[original], []byte(withImport(text)), 0o600); err != nil {
			return nil, err
		}
	}
	return replaced, nil
}

// withImport gives a file what the condition of a sabotage needs. No line moves.
func withImport(text string) string {
	return regexp.MustCompile(`(?m)^(package \w+)$`).ReplaceAllString(text, `$1; import sabotage "os"`)
}

// insert puts the sabotage into a text. No line moves, lest messages lead elsewhere.
func (s sabotage) insert(text string) (string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, s.file, text, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	function, err := s.find(file)
	if err != nil {
		return "", err
	}
	on := fmt.Sprintf("sabotage.Getenv(%q) == %q", switched, s)
	source := func(node ast.Node) (from, to int) {
		return files.Position(node.Pos()).Offset, files.Position(node.End()).Offset
	}
	if s.skip == "" {
		var zeros, names []string
		if results := function.Type.Results; results != nil && len(results.List[0].Names) == 0 {
			for i, result := range results.List {
				from, to := source(result.Type)
				names = append(names, fmt.Sprintf("zero%d", i))
				zeros = append(zeros, fmt.Sprintf("var %s %s; ", names[i], text[from:to]))
			}
		}
		at := files.Position(function.Body.Lbrace).Offset + 1
		return text[:at] + " if " + on + " { " + strings.Join(zeros, "") + "return " + strings.Join(names, ", ") + " }; " + text[at:], nil
	}
	var found []ast.Stmt
	ast.Inspect(function.Body, func(node ast.Node) bool {
		if statement, is := node.(ast.Stmt); is {
			if from, to := source(statement); text[from:to] == s.skip {
				found = append(found, statement)
			}
		}
		return true
	})
	if len(found) != 1 {
		return "", fmt.Errorf("the statement is found %d times in the function, want it once", len(found))
	}
	from, to := source(found[0])
	return text[:from] + "if !(" + on + ") { " + text[from:to] + " }" + text[to:], nil
}

// find returns the function that is sabotaged.
func (s sabotage) find(file *ast.File) (*ast.FuncDecl, error) {
	var names []string
	for _, declared := range file.Decls {
		function, is := declared.(*ast.FuncDecl)
		if !is {
			continue
		}
		name := function.Name.Name
		if function.Recv != nil {
			name = receiver(function.Recv.List[0].Type) + "." + name
		}
		if name == s.function {
			return function, nil
		}
		names = append(names, name)
	}
	return nil, fmt.Errorf("there is no such function any more, only %s", strings.Join(names, ", "))
}

// receiver is the name of the type of a method.
func receiver(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// checks finds the method of each check that scenarios make, in the lines that
// register it, and takes each away.
func checks(t *testing.T, root string) []sabotage {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "steps", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	methods, expressions := map[string]string{}, map[string]string{} // files and expressions, by method
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.FuncDecl:
				if n.Recv != nil {
					methods[receiver(n.Recv.List[0].Type)+"."+n.Name.Name] = path.Join("steps", filepath.Base(name))
				}
			case *ast.CallExpr:
				if expression, method, is := check(n); is {
					expressions["desk."+method] = expression
				}
			}
			return true
		})
	}
	var all []sabotage
	for method, expression := range expressions {
		all = append(all, sabotage{
			methods[method], method, "",
			"go test ./steps -count=1 -run TestEachCheckRefusesWhatIsNotTrue$",
			pattern(expression) + ".*: got passed .*want it failed: it is not true",
		})
	}
	slices.SortFunc(all, func(a, b sabotage) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// check reads a line such as r.Then("the group is confirmed", d.isConfirmed).
func check(call *ast.CallExpr) (expression, method string, is bool) {
	if function, isSelector := call.Fun.(*ast.SelectorExpr); !isSelector || function.Sel.Name != "Then" || len(call.Args) != 2 {
		return "", "", false
	}
	text, isText := call.Args[0].(*ast.BasicLit)
	selector, isMethod := call.Args[1].(*ast.SelectorExpr)
	if !isText || !isMethod {
		return "", "", false
	}
	expression, err := strconv.Unquote(text.Value)
	return expression, selector.Sel.Name, err == nil
}

// mayLack is what of an expression may be left out, if it is more than a word.
var mayLack = regexp.MustCompile(`\([^)]* [^)]*\)`)

// pattern is a regular expression for what a Cucumber Expression may stand for.
func pattern(expression string) string {
	words := strings.Fields(mayLack.ReplaceAllString(expression, ""))
	for i, word := range words {
		if strings.ContainsAny(word, "{}()/") {
			words[i] = ".+"
		} else {
			words[i] = regexp.QuoteMeta(word)
		}
	}
	return strings.Join(words, " ")
}

// everySabotage lists them all. It fails if a check is registered in a way that is
// not found, as that one would be left alone.
func everySabotage(t *testing.T, root string) []sabotage {
	t.Helper()
	found := checks(t, root)
	definitions, err := steps.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	registered := 0
	for _, step := range definitions.Steps() {
		if step.Keyword == gherkin.Then {
			registered++
		}
	}
	if len(found) != registered {
		t.Errorf("got %d checks in the source of the steps, but %d are registered: write r.Then(\"…\", d.method), with a method for each", len(found), registered)
	}
	return append(found, sabotages()...)
}

func TestEachSabotageHasItsPlace(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	all := everySabotage(t, root)
	seen := map[string]bool{}
	for _, s := range all {
		if seen[s.String()] {
			t.Errorf("%s is sabotaged twice", s)
		}
		seen[s.String()] = true
		if _, err := regexp.Compile("(?s)" + s.says); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	copies, err := build(root, t.TempDir(), all)
	if err != nil {
		t.Fatal(err)
	}
	for original, sabotaged := range copies {
		if _, err := parser.ParseFile(token.NewFileSet(), sabotaged, nil, parser.SkipObjectResolution); err != nil {
			t.Errorf("what is sabotaged in %s is no Go any more: %v", original, err)
		}
	}
}

func TestASabotageKeepsTheLines(t *testing.T) {
	t.Parallel()
	const source = "package deep\n\nfunc (t *Thought) Answer(ctx context.Context) (int, error) {\n\tt.think()\n\treturn 42, nil\n}\n\nfunc done() {\n}\n"
	for _, c := range []struct {
		sabotage
		line int
		want string // of the line; empty if there is an error
		says string
	}{
		{sabotage{function: "Thought.Answer"}, 2, `func (t *Thought) Answer(ctx context.Context) (int, error) { if sabotage.Getenv("SABOTAGE") == ":Thought.Answer" { var zero0 int; var zero1 error; return zero0, zero1 }; `, ""},
		{sabotage{function: "done"}, 7, `func done() { if sabotage.Getenv("SABOTAGE") == ":done" { return  }; `, ""},
		{sabotage{function: "Thought.Answer", skip: "t.think()"}, 3, "\t" + `if !(sabotage.Getenv("SABOTAGE") == ":Thought.Answer: t.think()") { t.think() }`, ""},
		{sabotage{function: "Answer"}, 0, "", "no such function any more, only Thought.Answer, done"},
		{sabotage{function: "done", skip: "t.think()"}, 0, "", "found 0 times"},
	} {
		got, err := c.insert(source)
		switch {
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: got error %v, want one with %q", c, err, c.says)
		case c.says == "" && (err != nil || strings.Split(got, "\n")[c.line] != c.want || strings.Count(got, "\n") != strings.Count(source, "\n")):
			t.Errorf("%s: got error %v and\n%s\nwant in line %d:\n%s", c, err, got, c.line, c.want)
		}
	}
}

// TestEverySabotageIsCaught takes one check after the other away, and wants somebody
// to notice.
func TestEverySabotageIsCaught(t *testing.T) {
	if !*planting {
		t.Skip("it takes minutes; -planted runs it, and so does make torture")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	all := everySabotage(t, root)
	copies, err := build(root, t.TempDir(), all)
	if err != nil {
		t.Fatal(err)
	}
	intact := t.Run("intact", func(t *testing.T) {
		seen := map[string]bool{}
		for _, s := range all {
			if seen[s.caughtBy] {
				continue
			}
			seen[s.caughtBy] = true
			t.Run(s.caughtBy, func(t *testing.T) {
				t.Parallel()
				if output, passed := goTest(t, root, strings.Fields(s.caughtBy), copies); !passed {
					t.Errorf("%s fails although nothing is sabotaged:\n%s", s.caughtBy, output)
				}
			})
		}
	})
	if !intact {
		t.Fatal("a command fails already: whether it catches a sabotage cannot be told")
	}
	var table report
	t.Run("sabotaged", func(t *testing.T) {
		for _, s := range all {
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				output, passed := goTest(t, root, strings.Fields(s.caughtBy), copies, switched+"="+s.String())
				err := judge(output, passed, regexp.MustCompile("(?s)"+s.says))
				table.add(s.String(), s.caughtBy, err, time.Since(began))
				if err != nil {
					t.Errorf("%s\n%v; the output of %s was:\n%s", s, err, s.caughtBy, output)
				}
			})
		}
	})
	tried.Times(t, "", "checks and functions taken away", len(table.rows))
	t.Logf("sabotage\n%s", table.text())
}
