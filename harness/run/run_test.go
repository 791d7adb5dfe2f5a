package run

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"groupcheckout/domain/es"
	"groupcheckout/harness"
	"groupcheckout/harness/gherkin"
	"groupcheckout/reactor"
	"groupcheckout/stores"
)

// These tests run features, whose scenarios are subtests of theirs: they are not
// parallel with each other, since [Features.Run] must not be.

// library is a project with a scenario that passes.
func library() Project {
	return Project{
		Folder: "library",
		Features: fstest.MapFS{"lending.feature": {Data: []byte(`Feature: Lending
  Rule: A book has one reader
    Scenario: The last copy
      When the last copy is lent
`)}},
		System: harness.System{Categories: []string{"Book"}, Start: Starter(start)},
		Define: func(r *gherkin.Registrar, world *harness.World) {
			r.When("the last copy is lent", func(ctx context.Context) error {
				return world.Eventually(ctx, func(context.Context) error { return nil })
			})
		},
	}
}

func start(ctx context.Context, backend *stores.Backend, config reactor.Config) (*reactor.Running, error) {
	return reactor.Start(ctx, backend.Source, backend.Checkpoints, idle{}, config)
}

// idle handles whatever comes by doing nothing.
type idle struct{}

func (idle) Handle(_ context.Context, _ es.StreamName, events []es.Event) (es.Version, error) {
	return events[len(events)-1].Index + 1, nil
}

// features are those of a project with the given flags.
func features(t *testing.T, project Project, args ...string) *Features {
	t.Helper()
	f := New(project)
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	f.options.register(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

// run does what go test would.
func run(t *testing.T, f *Features) (status int, out, complaints string) {
	t.Helper()
	var to, err strings.Builder
	status = f.main(func() int {
		if !t.Run("features", f.Run) {
			return 1
		}
		return 0
	}, &to, &err)
	return status, to.String(), err.String()
}

func TestARunIsReported(t *testing.T) { //nolint:paralleltest // see above
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, "new", name) }
	f := features(t, library(), "-messages", at("run.ndjson"), "-junit", at("run.xml"), "-summary", at("run.txt"))
	status, out, complaints := run(t, f)
	if status != 0 || complaints != "" {
		t.Errorf("got the status %d and %q, want 0 and no complaint", status, complaints)
	}
	for name, want := range map[string]string{
		"run.ndjson": `"uri":"library/lending.feature"`,
		"run.xml":    `<property name="store" value="memory"`,
		"run.txt":    "memory: 1 scenarios: 1 passed, 0 failed, 0 skipped",
	} {
		if text, err := os.ReadFile(at(name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: got the error %v and\n%s\nwant %s in it", name, err, text, want)
		}
	}
	if want := "store memory, in this process; 0 checks had to be made again\nmemory: 1 scenarios: 1 passed"; !strings.HasPrefix(out, want) {
		t.Errorf("got\n%s\nwant it to begin with\n%s", out, want)
	}
}

func TestAStoreIsBroughtUpOnceAndRunsAreCounted(t *testing.T) { //nolint:paralleltest // see above
	project := library()
	started := 0
	project.System.Start = Starter(func(ctx context.Context, backend *stores.Backend, config reactor.Config) (*reactor.Running, error) {
		started++
		return start(ctx, backend, config)
	})
	f := features(t, project)
	var out strings.Builder
	f.main(func() int { f.Run(t); f.Run(t); return 0 }, &out, &out)
	if started != 1 {
		t.Errorf("the reactor was started %d times, want once", started)
	}
	if want := "2 runs: 2 scenarios passed, 0 flaky, 0 failed"; !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s\nwant %q in it", out.String(), want)
	}
}

func TestAnAuditThatFailsFailsTheRun(t *testing.T) { //nolint:paralleltest // see above
	project := library()
	project.System.Audit = func(context.Context, es.Reader, []es.StreamName) error { return errors.New("a book is missing") }
	status, _, complaints := run(t, features(t, project))
	if want := "the audit failed: a book is missing"; status != 1 || !strings.Contains(complaints, want) {
		t.Errorf("got the status %d and %q, want 1 and %q", status, complaints, want)
	}
}

func TestTimeMayBeVirtual(t *testing.T) { //nolint:paralleltest // see above
	audits := 0
	project := library()
	project.System.Audit = func(context.Context, es.Reader, []es.StreamName) error { audits++; return nil }
	status, out, complaints := run(t, features(t, project, "-time", "virtual"))
	if status != 0 || !strings.Contains(out, "in virtual time") || !strings.Contains(out, "1 passed") {
		t.Errorf("got the status %d and\n%s%s", status, out, complaints)
	}
	if audits != 1 {
		t.Errorf("got %d audits, want one for each scenario", audits)
	}
}

func TestATestWithoutScenariosNeedsNoStore(t *testing.T) { //nolint:paralleltest // see above
	f := features(t, library(), "-store", "paper")
	var out strings.Builder
	if status := f.main(func() int { f.Check(t); return 0 }, &out, &out); status != 0 || out.String() != "" {
		t.Errorf("got the status %d and %q, want 0 and nothing", status, out.String())
	}
}

func TestFlagsThatDoNotGoTogetherRunNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-time", "slow"}, `-time is "slow": choose real or virtual`},
		{[]string{"-time", "virtual", "-store", "messagedb"}, "-time virtual does not go with -store messagedb"},
		{[]string{"-limit", "-1s"}, "-limit is -1s: a scenario needs some time"},
		{[]string{"-faults", "flood"}, "-faults: "},
	} {
		f := features(t, library(), c.args...)
		var complaints strings.Builder
		status := f.main(func() int { t.Error("the tests were run"); return 0 }, &complaints, &complaints)
		if status != 2 || !strings.Contains(complaints.String(), c.want) {
			t.Errorf("%v: got the status %d and %q, want 2 and %q", c.args, status, complaints.String(), c.want)
		}
	}
}

func TestStepsAreListed(t *testing.T) {
	t.Parallel()
	project := library()
	define := project.Define
	for _, c := range []struct {
		more      func(*gherkin.Registrar)
		status    int
		complaint string
	}{
		{func(*gherkin.Registrar) {}, 0, ""},
		{func(r *gherkin.Registrar) { r.When("the shelf is painted", func() error { return nil }) }, 1, `no feature uses the step "the shelf is painted"`},
	} {
		project.Define = func(r *gherkin.Registrar, world *harness.World) { define(r, world); c.more(r) }
		f := features(t, project, "-steps")
		var out, complaints strings.Builder
		status := f.main(func() int { t.Error("the tests were run"); return 0 }, &out, &complaints)
		if want := "the last copy is lent"; status != c.status || !strings.Contains(out.String(), want) || !strings.Contains(complaints.String(), c.complaint) {
			t.Errorf("got the status %d,\n%s%s\nwant %d, the step %q and the complaint %q", status, out.String(), complaints.String(), c.status, want, c.complaint)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Features)
		want  string
	}{
		"main":     {func(f *Features) { f.ready = false }, "TestMain has to call Main"},
		"features": {func(f *Features) { f.project.Features = nil }, "Project.Features is required"},
		"define":   {func(f *Features) { f.project.Define = nil }, "Project.Define is required"},
		"system":   {func(f *Features) { f.project.System = harness.System{} }, "the harness was given no system"},
		"store":    {func(f *Features) { f.options.store = "paper" }, `the store paper cannot be brought up: there is no store "paper"`},
	} {
		f := features(t, library())
		f.ready = true
		c.spoil(f)
		if _, err := f.prepare(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want %q in it", name, err, c.want)
		}
	}
}

func TestTagsSayWhatCannotBeRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ store, time, tag, want string }{
		{"memory", "real", "@slow", ""},
		{"memory", "real", VirtualTime, "time passes in it: it runs with -time virtual only"},
		{"memory", "virtual", VirtualTime, ""},
		{"dynamodb", "real", "@skip-on-dynamodb:too-many-parcels", "too many parcels"},
		{"messagedb", "real", "@skip-on-dynamodb:too-many-parcels", ""},
	} {
		o := options{store: c.store, time: c.time}
		if got, skip := o.unsupported([]string{c.tag}); got != c.want || skip != (c.want != "") {
			t.Errorf("%s in %s time on %s: got %q, %t, want %q", c.tag, c.time, c.store, got, skip, c.want)
		}
	}
}

func TestAFailureSaysWhatRunsItAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "go test ./library -count=1 -only lending.feature:3"},
		{[]string{"-store", "dynamodb", "-provision", "local"}, "go test ./library -count=1 -store dynamodb -provision local -only lending.feature:3"},
		{[]string{"-time", "virtual", "-faults", "slow", "-seed", "7"}, "go test ./library -count=1 -time virtual -faults slow -seed 7 -only lending.feature:3"},
	} {
		f := features(t, library(), c.args...)
		if got := f.options.repeat("library", "lending.feature:3"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestAScenarioHasItsTimeLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want time.Duration
	}{
		{nil, time.Minute},
		{[]string{"-limit", "3s"}, 3 * time.Second},
		{[]string{"-time", "virtual"}, virtualLimit},
		{[]string{"-time", "virtual", "-limit", "3s"}, 3 * time.Second},
	} {
		if got := features(t, library(), c.args...).options.timeout(time.Minute); got != c.want {
			t.Errorf("%v: got %v, want %v", c.args, got, c.want)
		}
	}
}

func TestThingsGoWrongOnDemand(t *testing.T) { //nolint:paralleltest // see above
	for _, clock := range []string{"real", "virtual"} {
		project := library()
		project.Define = func(r *gherkin.Registrar, world *harness.World) {
			r.When("the last copy is lent", func(ctx context.Context) error {
				book, err := es.NewStreamName("Book", uuid.NewString())
				if err != nil {
					return err
				}
				_, err = world.Store().Append(ctx, book, 0, []es.EventData{{ID: uuid.New(), Type: "Lent"}})
				return errors.Join(err, world.Eventually(ctx, func(context.Context) error { return nil }))
			})
		}
		status, out, complaints := run(t, features(t, project, "-time", clock, "-faults", "duplicate=1"))
		seed := regexp.MustCompile(`faults duplicate=1, seed [1-9]\d*: [1-9]\d* were injected`)
		if status != 0 || !seed.MatchString(out) {
			t.Errorf("in %s time: got the status %d and\n%s%s\nwant 0 and %s", clock, status, out, complaints, seed)
		}
	}
}

func TestOnlyWhatStandsThereIsRun(t *testing.T) { //nolint:paralleltest // see above
	status, out, _ := run(t, features(t, library(), "-only", "lending.feature:3,lending.feature:2"))
	if status != 0 || !strings.Contains(out, "1 passed") || !strings.Contains(out, "the slowest 1 of 1") {
		t.Errorf("got the status %d and\n%s\nwant 0, one scenario, and how long it took", status, out)
	}
}

func TestAReactorThatDoesNotStartIsNoReactor(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	got, err := Starter(func(context.Context, *stores.Backend, reactor.Config) (*reactor.Running, error) { return nil, broken })(t.Context(), nil, reactor.Config{})
	if got != nil || !errors.Is(err, broken) {
		t.Errorf("got %v and the error %v, want nil and that of the function", got, err)
	}
}
