package modulepath_test

import (
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/modulepath"
)

func TestPathsThatCanBeImported(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"git.example.org/depot/sorting", "example.org", "github.com/Owner/Name", "example.org/a/v2", "git-1.example.org/~me/a_b.c"} {
		if err := modulepath.Check(path); err != nil {
			t.Errorf("%s: got %v, want no error", path, err)
		}
	}
}

func TestPathsThatCannotSayWhatTheyShouldBe(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":                                      "no module path is given: a module path is host/owner/name",
		"git.example.org/my depot":              "it has a blank in it",
		"git.example.org/depot/":                "it ends with a slash; write git.example.org/depot",
		"https://git.example.org/depot/sorting": "is an address, not a module path: write git.example.org/depot/sorting",
		"ssh://git.example.org/depot.git":       "write git.example.org/depot",
		"sorting":                               `its first element, "sorting", is no host, since it has no dot`,
		"depot/sorting":                         `its first element, "depot", is no host`,
		"/git.example.org/depot":                "empty path element",
		"./depot.d":                             "invalid path element",
		"../depot":                              "invalid path element",
		"Git.example.org/depot":                 "invalid char 'G' in first path element",
		"git@example.org:depot/sorting":         "invalid char '@'",
		"git.example.org//sorting":              "double slash",
		"git.example.org/depot/v1":              "invalid version",
		"git.example.org/dépôt":                 "invalid char 'é'",
		"git.example.org/depot;rm":              "invalid char ';'",
		"git.example.org/con":                   `"con" disallowed as path element component on Windows`,
	} {
		err := modulepath.Check(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", path, err, want)
		}
	}
}

func TestOnlyThePathItselfIsReplaced(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`import "x.org/a/es"`:            `import "y.org/b/c/es"`,
		"module x.org/a\n":               "module y.org/b/c\n",
		"x.org/a x.org/a, x.org/a":       "y.org/b/c y.org/b/c, y.org/b/c",
		"see x.org/a.":                   "see y.org/b/c.",
		"x.org/a@v1.2.0 => ../a":         "y.org/b/c@v1.2.0 => ../a",
		"https://x.org/a/issues":         "https://y.org/b/c/issues",
		"x.org/a/suite.waitForClose":     "y.org/b/c/suite.waitForClose",
		"x.org/ab x.org/a-docs x.org/a_": "x.org/ab x.org/a-docs x.org/a_",
		"x.org/a.b www.x.org/a ax.org/a": "x.org/a.b www.x.org/a ax.org/a",
		"x.org/ax.org/a":                 "x.org/ax.org/a",
		"nothing":                        "nothing",
		"":                               "",
	} {
		check.Equal(t, text, want, modulepath.Replace(text, "x.org/a", "y.org/b/c"))
	}
}

func TestAPathMayGrow(t *testing.T) {
	t.Parallel()
	if got, want := modulepath.Replace("x.org/a/es", "x.org/a", "x.org/a/v2"), "x.org/a/v2/es"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatWasFormattedIsFormattedAgain(t *testing.T) {
	t.Parallel()
	const (
		columns = "package a\n\nvar m = map[string]int{\n\t\"x.org/a\": 1,\n\t\"b\":       2,\n}\n"
		longer  = "package a\n\nvar m = map[string]int{\n\t\"x.org/aaa\": 1,\n\t\"b\":         2,\n}\n"
		ugly    = "package   a\n\nvar m = map[string]int{\n\t\"x.org/a\": 1,\n\t\"b\":       2,\n}\n"
	)
	tidy := func(name, before string) string {
		return string(modulepath.Tidy(name, []byte(before), []byte(modulepath.Replace(before, "x.org/a", "x.org/aaa"))))
	}
	if got := tidy("a.go", columns); got != longer {
		t.Errorf("got %q, want %q", got, longer)
	}
	for name, before := range map[string]string{"a.go": ugly, "a.md": columns} {
		if got, want := tidy(name, before), modulepath.Replace(before, "x.org/a", "x.org/aaa"); got != want {
			t.Errorf("%s: got %q, want it as it was, %q", name, got, want)
		}
	}
}
