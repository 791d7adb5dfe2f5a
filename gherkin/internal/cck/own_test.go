package cck

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/messages"
	"example.com/groupcheckout/gherkin/suite"
)

// sad goes wrong in the ways that the kit does not know.
const sad = `Feature: Sad

  Scenario: It passes
    Given a step
      | a table |

  @unsupported
  Scenario: It is not supported
    Given a step

  @no-world
  Scenario: There is no world
    Given a step

  @no-close
  Scenario: The world does not close
    Given a step

  @hook-panics
  Scenario: A hook panics
    Given a step

  Scenario: A step panics
    Given it panics

  Scenario: A step leaves its goroutine
    Given it leaves

  Scenario: It has no steps

  Rule: Outlines
    @own-hook
    Scenario Outline: Without rows
      Given <what>
      Examples:
        | what |
`

func TestWhatGoesWrongIsWrittenByTheSchema(t *testing.T) {
	t.Parallel()
	schema, out := schema(t), t.TempDir()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRunSad$") //nolint:gosec // the test binary itself
	command.Env = append(os.Environ(), sadEnv+"="+out)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	_ = command.Run() // it fails, as it should
	file := filepath.Join(out, "sad.ndjson")
	validate(t, schema, file)
	content := string(bytes.Join(read(t, file), []byte("\n")))
	for _, want := range []string{
		`"protocolVersion":"` + protocolVersion + `"`,
		`"message":"no server here","status":"SKIPPED"`,
		`"message":"make the world: no world","status":"FAILED"`,
		`"message":"close the world: no end","status":"FAILED"`,
		`"message":"panic: boom in a hook","status":"FAILED"`,
		`"message":"boom in a step","status":"FAILED"`,
		`"message":"the goroutine was ended by runtime.Goexit`,
		`"message":"the scenario has no steps","status":"FAILED"`,
		`"message":"the scenario outline has no row of examples","status":"FAILED"`,
		`"body":"said by the world"`,
		`"name":"the harness"`,
		`"success":false`,
	} {
		if !strings.Contains(content, want) {
			t.Errorf("the run lacks %s\n%s", want, output.String())
		}
	}
}

// sadEnv has the folder for the messages of the process that runs it.
const sadEnv = "CCK_SAD"

// TestRunSad is what the test above runs in a process of its own. By itself it
// does nothing.
func TestRunSad(t *testing.T) {
	out := os.Getenv(sadEnv)
	if out == "" {
		return
	}
	define := func(r *gherkin.Registrar) {
		r.Before(gherkin.Hook{Name: "odd", Tags: "@hook-panics"}, func(context.Context) error { panic("boom in a hook") })
		r.Given("a step", func(gherkin.Table) error { return nil })
		r.Given("it panics", func() error { panic("boom in a step") })
		r.Given("it leaves", func() error { new(testing.T).SkipNow(); return nil })
	}
	definitions, err := gherkin.Compile(define)
	if err != nil {
		t.Fatal(err)
	}
	suite.Run(t, suite.Config{
		Features: fstest.MapFS{"sad.feature": {Data: []byte(sad)}}, Definitions: definitions, Retries: 1,
		Reporters:   []suite.Reporter{messages.New(filepath.Join(out, "sad.ndjson"), messages.Config{Store: "memory", How: "in this process"})},
		Unsupported: func(tags []string) (string, bool) { return "no server here", slices.Contains(tags, "@unsupported") },
		World: func(ctx context.Context, s *suite.Scenario) (suite.World, error) {
			gherkin.Logf(ctx, "said by the world")
			if slices.Contains(s.Tags, "@no-world") {
				return suite.World{}, errors.New("no world")
			}
			return suite.World{
				Bind: func(sc *godog.ScenarioContext) error { return definitions.Bind(sc, define) },
				Close: func(context.Context) error {
					if slices.Contains(s.Tags, "@no-close") {
						return errors.New("no end")
					}
					return nil
				},
			}, nil
		},
	})
}
