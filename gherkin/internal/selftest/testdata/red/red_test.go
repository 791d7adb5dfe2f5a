// Package red fails: see package selftest, which runs it.
package red

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/report"
	"example.com/groupcheckout/gherkin/suite"
)

// out is the folder for what the runs write.
func out() string { return os.Getenv("SELFTEST_OUT") }

// run runs features with all reports, which have the name of the test.
func run(t *testing.T, files fs.FS, change func(*suite.Config)) {
	t.Helper()
	t.Parallel()
	definitions, err := gherkin.Compile(new(shelf).define)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(out(), t.Name())
	config := suite.Config{
		Name: "memory", Features: files, Definitions: definitions, World: worlds(definitions),
		Reporters: []suite.Reporter{
			report.Messages(file+".ndjson", report.Config{}),
			report.JUnit(file+".xml", report.Config{}),
		},
	}
	if change != nil {
		change(&config)
	}
	var text strings.Builder
	if err := suite.Run(t, config).WriteText(&text); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(file+".txt", []byte(text.String()), 0o600); err != nil {
		t.Error(err)
	}
}

// only gives some of the feature files.
func only(t *testing.T, names ...string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: content}
	}
	return files
}

func TestScenarios(t *testing.T) {
	run(t, only(t, "red.feature", "empty.feature"), func(c *suite.Config) {
		c.Retries, c.RetryTags = 1, "@retried"
		c.Unsupported = func(tags []string) (string, bool) { return "no server", slices.Contains(tags, "@unsupported") }
	})
}

func TestDeadline(t *testing.T) {
	run(t, only(t, "slow.feature"), func(c *suite.Config) { c.Timeout = 50 * time.Millisecond })
}

func TestUnknownTag(t *testing.T) {
	run(t, only(t, "red.feature"), func(c *suite.Config) { c.Tags = "@nobody" })
}

func TestForeignTagSyntax(t *testing.T) {
	run(t, only(t, "red.feature"), func(c *suite.Config) { c.Tags = "@retried && @list-full" })
}

func TestUnknownPlace(t *testing.T) {
	run(t, only(t, "red.feature"), func(c *suite.Config) { c.Only = []string{"red.feature:999"} })
}

func TestNoFeature(t *testing.T) { run(t, fstest.MapFS{}, nil) }

func TestNoScenario(t *testing.T) {
	run(t, fstest.MapFS{"none.feature": {Data: []byte("Feature: None\n")}}, nil)
}

func TestNoGherkin(t *testing.T) {
	run(t, fstest.MapFS{"bad.feature": {Data: []byte("Feature: Bad\n  Scenario: S\n    When it fails\n    Whenever it fails\n")}}, nil)
}

// file runs just one file.
func file(t *testing.T, name, content string) {
	t.Helper()
	run(t, fstest.MapFS{name: {Data: []byte(content)}}, nil)
}

func TestNoText(t *testing.T) { file(t, "no.feature", "Feature: No\x00text\n") }

func TestUTF16(t *testing.T) { file(t, "wide.feature", "\xff\xfeF\x00e\x00") }

func TestLatin1(t *testing.T) { file(t, "latin.feature", "Feature: Caf\xe9\n") }

func TestStepBecomesProse(t *testing.T) {
	file(t, "prose.feature", "Feature: Prose\n  Scenario: S\n    Given\u00a03 books on the shelf\n    Then 0 books are left\n")
}

func TestStepBehindALineSeparator(t *testing.T) {
	file(t, "separator.feature", "Feature: Separator\n  Scenario: S\u2028    When it fails\n    Then 0 books are left\n")
}

func TestTagThatLooksLikeAnother(t *testing.T) {
	file(t, "tag.feature", "Feature: Tag\n  @slow\u200b\n  Scenario: S\n    Then 0 books are left\n")
}

func TestLongLine(t *testing.T) {
	text := strings.Repeat("x", 68*1024)
	file(t, "long.feature", "Feature: Long\n  Scenario: S\n    When it reads a text\n      \"\"\"\n      "+text+"\n      \"\"\"\n")
}

func TestOldLineEnds(t *testing.T) { file(t, "old.feature", "\ufeffFeature: Old\r  Scenario: S\r    When it fails\r") }

func TestBadConfig(t *testing.T) {
	run(t, only(t, "red.feature"), func(c *suite.Config) { c.Retries = -1 })
}

func good(t *testing.T) fs.FS {
	t.Helper()
	return fstest.MapFS{"good.feature": {Data: []byte("Feature: Good\n  Scenario: It passes\n    Given 3 books on the shelf\n")}}
}

func TestBeforeRunFails(t *testing.T) {
	run(t, good(t), func(c *suite.Config) {
		c.Before = []suite.RunHook{{Name: "open", Run: func(context.Context) error { return errors.New("no server answers") }}}
	})
}

func TestBeforeRunPanics(t *testing.T) {
	run(t, good(t), func(c *suite.Config) {
		c.Before = []suite.RunHook{{Name: "open", Run: func(context.Context) error { panic("boom before all") }}}
	})
}

func TestAfterRunFails(t *testing.T) {
	run(t, good(t), func(c *suite.Config) {
		c.After = []suite.RunHook{{Name: "audit", Run: func(context.Context) error { return errors.New("the books do not balance") }}}
	})
}

// fullDisk is a reporter that can write nothing, at some time.
type fullDisk struct{ start, attempt error }

func (r fullDisk) Start(suite.Plan) error     { return r.start }
func (r fullDisk) Attempt(suite.Result) error { return r.attempt }
func (r fullDisk) Finish(suite.Summary) error { return nil }

func TestReporterCannotStart(t *testing.T) {
	run(t, good(t), func(c *suite.Config) {
		c.Reporters = append(c.Reporters, fullDisk{start: errors.New("no room for a report")})
	})
}

func TestReporterCannotWrite(t *testing.T) {
	run(t, good(t), func(c *suite.Config) {
		c.Reporters = append(c.Reporters, fullDisk{attempt: errors.New("no room for a line")})
	})
}

func TestTooFlaky(t *testing.T) {
	file := "Feature: Flaky\n  Scenario: A\n    When it fails once\n  Scenario: B\n    When it fails once\n"
	run(t, fstest.MapFS{"flaky.feature": {Data: []byte(file)}}, func(c *suite.Config) { c.Retries, c.FlakyBudget = 1, 1 })
}

// TestDefinitions breaks what is found before any run.
func TestDefinitions(t *testing.T) {
	_, err := gherkin.Compile(func(r *gherkin.Registrar) { r.Given("{int} books on {shlef}", func(int, string) error { return nil }) })
	if err != nil {
		t.Error(err)
	}
}

func TestUnusedStep(t *testing.T) {
	definitions, err := gherkin.Compile(new(shelf).define)
	if err != nil {
		t.Fatal(err)
	}
	usage, err := suite.NewUsage(good(t), definitions)
	if err != nil {
		t.Fatal(err)
	}
	if err := usage.Err(); err != nil {
		t.Error(err)
	}
}

// TestUnlike has steps whose keywords are not those of their definitions.
func TestUnlike(t *testing.T) {
	definitions, err := gherkin.Compile(new(shelf).define)
	if err != nil {
		t.Fatal(err)
	}
	usage, err := suite.NewUsage(only(t, "vain.feature"), definitions)
	if err != nil {
		t.Fatal(err)
	}
	for _, issue := range usage.Unlike {
		t.Error(issue)
	}
}

func TestLint(t *testing.T) {
	issues, err := suite.Lint(only(t, "red.feature", "empty.feature", "vain.feature"))
	if err != nil {
		t.Fatal(err)
	}
	for _, issue := range issues {
		t.Error(issue)
	}
}
