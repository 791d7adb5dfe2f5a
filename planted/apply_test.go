package planted

import (
	"path/filepath"
	"strings"
	"testing"
)

const sample = `Bug:       It answers the wrong
           question.
Harm:      Nobody knows.
Caught-By: go test ./deep -count=1
Says:      got 41.*want 42

` + diff

const diff = `diff --git a/deep/thought.go b/deep/thought.go
--- a/deep/thought.go
+++ b/deep/thought.go
@@ -3,3 +3,3 @@
 func answer() int {
-	return 42
+	return 41
 }
`

func TestAPatchIsFoundWhereItsLinesHaveMoved(t *testing.T) {
	t.Parallel()
	b, err := readBug("42-answer", sample)
	if err != nil {
		t.Fatal(err)
	}
	if want := "It answers the wrong question."; b.what != want {
		t.Errorf("got the bug %q, want %q", b.what, want)
	}
	const function = "func answer() int {\n\treturn 42\n}\n"
	for name, c := range map[string]struct{ text, want, refusal string }{
		"in its place":   {"package deep\n\n" + function, "package deep\n\nfunc answer() int {\n\treturn 41\n}\n", ""},
		"further down":   {strings.Repeat("\n", 9) + function + "// end\n", strings.Repeat("\n", 9) + "func answer() int {\n\treturn 41\n}\n// end\n", ""},
		"not any more":   {"package deep\n", "", "not found any more"},
		"in two places":  {function + function, "", "more than once"},
		"with a changed": {"func answer() int {\n\treturn 43\n}\n", "", "make the patch anew"},
	} {
		got, err := apply(c.text, b.files[0].TextFragments)
		switch {
		case c.refusal == "" && (err != nil || got != c.want):
			t.Errorf("%s: got %q and error %v, want %q", name, got, err, c.want)
		case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
			t.Errorf("%s: got error %v, want one with %q", name, err, c.refusal)
		}
	}
}

func TestAPatchThatIsNotWholeIsRefused(t *testing.T) {
	t.Parallel()
	for old, c := range map[string]struct{ replaced, want string }{
		"Harm:":                 {"Ham:", `no line “Harm: …”`},
		"go test ./deep":        {"make", "give a go test command"},
		"got 41.*":              {"got (41", "no regular expression"},
		"+++ b/deep/thought.go": {"+++ b/deep/other.go", "files that are there"},
		diff:                    {"", "it has no diff"},
	} {
		_, err := readBug("42-answer", strings.Replace(sample, old, c.replaced, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q in place of %q: got error %v, want one with %q", c.replaced, old, err, c.want)
		}
	}
}

func TestABugThatIsNotCaughtIsAnError(t *testing.T) {
	t.Parallel()
	b, err := readBug("42-answer", sample)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		output string
		passed bool
		want   string
	}{
		"green":                 {"ok deep", true, "not caught"},
		"it does not build":     {"FAIL deep [build failed]", false, "does not build"},
		"red for another cause": {"got 12, want 42", false, "does not say what leads to the bug"},
		"caught":                {"got 41,\nwant\u00a042", false, ""},
	} {
		err := b.judge(c.output, c.passed)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.want)
		}
	}
}

// TestAnOverlayReallyReplaces runs a command on a file of the project that was
// replaced by one which does not compile.
func TestAnOverlayReallyReplaces(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	command := strings.Fields("go test ./domain -count=1 -run=^$")
	broken := map[string]string{filepath.Join(root, "domain", "money.go"): filepath.Join(root, "README.md")}
	if output, passed := goTest(t, root, command, broken); passed || !strings.Contains(output, "[") {
		t.Errorf("got passed %t, want it red:\n%s", passed, output)
	}
	if output, passed := goTest(t, root, command, nil); !passed {
		t.Errorf("got it red without an overlay:\n%s", output)
	}
}
