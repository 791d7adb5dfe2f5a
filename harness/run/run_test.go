package run

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/intercept"
)

// These tests run features, whose scenarios are subtests of theirs: they are not
// parallel with each other, since [Features.Run] must not be.

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
		"run.txt":    "memory: 1 scenario: 1 passed, 0 failed, 0 skipped",
	} {
		if text, err := os.ReadFile(at(name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: got the error %v and\n%s\nwant %s in it", name, err, text, want)
		}
	}
	if want := "store memory, in this process; 0 checks had to be made again\nmemory: 1 scenario: 1 passed"; !strings.HasPrefix(out, want) {
		t.Errorf("got\n%s\nwant it to begin with\n%s", out, want)
	}
}

func TestAStoreIsBroughtUpOnceAndRunsAreCounted(t *testing.T) { //nolint:paralleltest // see above
	project := library()
	started := 0
	project.System.Start = Starter(func(ctx context.Context, backend *stores.Backend, config reactor.Config) (*reactor.Running, error) {
		started++
		return startWith(careful)(ctx, backend, config)
	})
	f := features(t, project)
	var out strings.Builder
	f.main(func() int { f.Run(t); f.Run(t); return 0 }, &out, &out)
	if started != 1 {
		t.Errorf("the reactor was started %d times, want once", started)
	}
	check.Contains(t, out.String(), "2 runs: 2 scenarios passed, 0 flaky, 0 failed")
}

func TestTimeMayBeVirtual(t *testing.T) { //nolint:paralleltest // see above
	audits := 0
	project := library()
	project.System.Audit = func(context.Context, harness.Left) error { audits++; return nil }
	status, out, complaints := run(t, features(t, project, "-time", "virtual"))
	if status != 0 || !strings.Contains(out, "in virtual time") || !strings.Contains(out, "1 passed") {
		t.Errorf("got the status %d and\n%s%s", status, out, complaints)
	}
	check.Equal(t, "audits", 1, audits)
}

func TestATestWithoutScenariosNeedsNoStore(t *testing.T) { //nolint:paralleltest // see above
	f := features(t, library(), "-store", "messagedb", "-provision", "address")
	var out strings.Builder
	if status := f.main(func() int { f.Check(t); return 0 }, &out, &out); status != 0 || out.String() != "" {
		t.Errorf("got the status %d and %q, want 0 and nothing", status, out.String())
	}
}

func TestReportsThatNobodyWritesAreAFailure(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "run.ndjson")
	f := features(t, library(), "-messages", file)
	var out strings.Builder
	status := f.main(func() int { f.Check(t); return 0 }, &out, &out)
	if want := "-messages " + file + ": no test has run the scenarios"; status != 1 || !strings.Contains(out.String(), want) {
		t.Errorf("got the status %d and %q, want 1 and %q", status, out.String(), want)
	}
}

// brokenEnv has TestBrokenRun run.
const brokenEnv = "RUN_BROKEN"

// TestBrokenRun is what the next tests run in a process of its own. By itself it
// does nothing.
func TestBrokenRun(t *testing.T) { //nolint:paralleltest // see above
	kind := os.Getenv(brokenEnv)
	if kind == "" {
		return
	}
	project := library()
	args := []string{"-messages", os.Getenv("RUN_MESSAGES"), "-junit", os.Getenv("RUN_JUNIT")}
	switch kind {
	case "main":
		New(project).Run(t)
	case "definitions":
		project.Define = func(r *gherkin.Registrar, _ *harness.World) {
			r.When("the {book} is lent", func(string) error { return nil })
		}
	case "store":
		project.System.Start = func(context.Context, *stores.Backend, reactor.Config) (harness.Reactor, error) {
			return nil, errors.New("the reactor has no fuel")
		}
	case "audit":
		project.System.Audit = missingBook
	case "virtual audit":
		project.System.Audit = missingBook
		args = append(args, "-time", "virtual")
	case "promise":
		project.System.Start = startForgetful
	case "end":
		over := make(chan struct{})
		project.System.Start = startTired(over)
		project.System.Audit = func(context.Context, harness.Left) error { <-over; return nil }
	case "faults":
		args = append(args, "-faults", "reorder", "-seed", "1")
	case "impossible faults":
		args = append(args, "-faults", "cut", "-seed", "1")
	}
	f := features(t, project, args...)
	if status := f.main(func() int { f.Run(t); return 0 }, os.Stdout, os.Stdout); status != 0 {
		t.Errorf("got the status %d", status)
	}
}

// broken runs TestBrokenRun with more arguments, and returns what it prints and
// what its reports hold.
func broken(t *testing.T, kind string, args ...string) (output, messages, junit string, failed bool) {
	t.Helper()
	folder := t.TempDir()
	files := []string{filepath.Join(folder, "run.ndjson"), filepath.Join(folder, "run.xml")}
	for _, file := range files {
		check.Must(t, os.WriteFile(file, []byte("of an older run"), 0o600))
	}
	command := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-test.v", "-test.run=^TestBrokenRun$"}, args...)...)
	command.Env = append(os.Environ(), brokenEnv+"="+kind, "RUN_MESSAGES="+files[0], "RUN_JUNIT="+files[1])
	said, err := command.CombinedOutput()
	var texts [2]string
	for i, file := range files {
		text, err := os.ReadFile(file)
		check.Must(t, err)
		texts[i] = string(text)
	}
	return string(said), texts[0], texts[1], err != nil
}

func TestARunThatCannotBeginIsReported(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"definitions": "Undefined parameter type 'book'",
		"store":       "the store memory cannot be brought up: the reactor has no fuel",
	} {
		output, messages, junit, failed := broken(t, kind)
		if !failed {
			t.Errorf("%s: the run has passed:\n%s", kind, output)
		}
		for name, text := range map[string]string{"go test": output, "the messages": messages, "JUnit": html.UnescapeString(junit)} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s says\n%s\nwant %q in it", kind, name, text, want)
			}
		}
		check.Contains(t, messages, `"success":false`)
	}
}

// missingBook is an audit that finds something wrong with each stream.
func missingBook(_ context.Context, left harness.Left) error {
	var errs []error
	for _, stream := range left.Streams {
		errs = append(errs, fmt.Errorf("%s is missing", stream))
	}
	return errors.Join(errs...)
}

// startForgetful starts a reactor that saves a checkpoint before it has handled anything.
func startForgetful(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
	hasty := *backend
	hasty.Source = intercept.Source(backend.Source, intercept.SourceHooks{
		AfterRead: func(ctx context.Context, tranche feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			if err == nil && len(batch.Events) > 0 {
				err = backend.Checkpoints.Save(ctx, feed.Key{Source: backend.Source.ID(), Tranche: tranche, Group: config.Group}, batch.Next)
			}
			return batch, err
		},
	})
	return startWith(careful)(ctx, &hasty, config)
}

// startTired starts reactors that end after their first reaction, which closes over.
func startTired(over chan struct{}) func(context.Context, *stores.Backend, reactor.Config) (harness.Reactor, error) {
	return func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
		tired := &tired{config.Observer, make(chan struct{})}
		config.Observer = tired
		started, err := startWith(careful)(ctx, backend, config)
		if err != nil {
			return nil, err
		}
		go func() {
			<-tired.done
			started.Stop()
			<-started.Done()
			close(over)
		}()
		return ended{started}, nil
	}
}

// tired is told what a reactor does.
type tired struct {
	reactor.Observer

	done chan struct{}
}

func (o *tired) Observe(occurrence reactor.Occurrence) {
	o.Observer.Observe(occurrence)
	if r, ok := occurrence.(reactor.Retired); ok && r.UpTo == 2 {
		close(o.done)
	}
}

// ended is a reactor whose end is an error.
type ended struct{ harness.Reactor }

func (e ended) Wait(ctx context.Context) error {
	return errors.Join(errors.New("the reactor is tired"), e.Reactor.Wait(ctx))
}

// What goes wrong beside the scenarios is in every report.
func TestARunThatFailsBesideItsScenariosIsReported(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"audit":             ` in "The last copy" (library/lending.feature:3) is missing`,
		"virtual audit":     ` in "The last copy" (library/lending.feature:3) is missing`,
		"promise":           `the audit failed: a checkpoint was saved ahead of work: position`,
		"end":               "the audit failed: the reactor ended by itself",
		"faults":            "no fault was injected",
		"impossible faults": "no fault was injected",
	} {
		output, messages, junit, failed := broken(t, kind)
		if !failed {
			t.Errorf("%s: the run has passed:\n%s", kind, output)
		}
		for name, text := range map[string]string{"go test": output, "the messages": strings.ReplaceAll(messages, `\"`, `"`), "JUnit": html.UnescapeString(junit)} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s says\n%s\nwant %q in it", kind, name, text, want)
			}
		}
		_, summary, _ := strings.Cut(output, "\nstore memory")
		check.Contains(t, summary, want)
		check.Contains(t, messages, `"success":false`)
		check.Contains(t, junit, "<failure")
	}
}

// auditor is a ground whose audit says something.
type auditor struct {
	nowhere

	says error
}

func (a auditor) audit(context.Context) error { return a.says }

func TestAnAuditIsNeverSkipped(t *testing.T) {
	t.Parallel()
	for want, says := range map[string]error{"there is no auditor": gherkin.Skip("there is no auditor"), "it gave no reason": errors.New("")} {
		f := features(t, library())
		f.ground = auditor{says: says}
		err := f.after(func() int { return 1 })[0].Run(t.Context())
		if err == nil || errors.Is(err, says) || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want one of no type that says %q", err, want)
		}
	}
}

// Each run has an audit of its own, of its own scenarios.
func TestEachRunIsAudited(t *testing.T) { //nolint:paralleltest // see above
	project := library()
	var audited []int
	project.System.Audit = func(_ context.Context, left harness.Left) error {
		audited = append(audited, len(left.Streams))
		return nil
	}
	f := features(t, project)
	var out strings.Builder
	f.main(func() int { f.Run(t); f.Run(t); return 0 }, &out, &out)
	if want := []int{1, 1}; !slices.Equal(audited, want) {
		t.Errorf("got audits of %v streams, want %v", audited, want)
	}
}

// go test -count repeats a run in one process.
func TestALaterRunDoesNotHideOneThatFailed(t *testing.T) {
	t.Parallel()
	f := features(t, library(), "-messages", "run.ndjson", "-junit", "run.xml")
	f.ground = nowhere{}
	for _, c := range []struct {
		before []suite.Summary
		want   int
	}{
		{nil, 2},
		{[]suite.Summary{{}}, 2},
		{[]suite.Summary{{}, {Hooks: []suite.Hook{{Status: suite.Failed}}}}, 0},
		{[]suite.Summary{{Err: errors.New("the books do not balance")}, {}}, 0},
	} {
		if f.summaries = c.before; len(f.reporters()) != c.want {
			t.Errorf("behind %v: got %d reporters, want %d", c.before, len(f.reporters()), c.want)
		}
	}
}

func TestARunWithoutItsMainFails(t *testing.T) {
	t.Parallel()
	output, _, _, failed := broken(t, "main")
	if want := "TestMain has to call Main of these features"; !failed || !strings.Contains(output, want) {
		t.Errorf("got a failure %t and\n%s\nwant one, and %q", failed, output, want)
	}
}

func TestARunOfNothingFails(t *testing.T) {
	t.Parallel()
	output, _, _, failed := broken(t, "nothing", "-test.run=^TestBrokenRun$/^messagedb$")
	if want := "no scenario was run: -run and -skip leave out TestBrokenRun/memory"; !failed || !strings.Contains(output, want) {
		t.Errorf("got a failure %t and\n%s\nwant one, and %q", failed, output, want)
	}
}

func TestGoTestsSeedIsThatOfTheOrder(t *testing.T) {
	t.Parallel()
	output, _, _, failed := broken(t, "nothing", "-test.shuffle=4711")
	if want := "shuffled  with the seed 4711"; failed || !strings.Contains(output, want) {
		t.Errorf("got a failure %t and\n%s\nwant none, and %q", failed, output, want)
	}
	if want := "to repeat what chance decides in this run: -seed 4711\n"; strings.Index(output, want) > strings.Index(output, "=== RUN   TestBrokenRun/memory") || !strings.Contains(output, want) {
		t.Errorf("got\n%s\nwant %q before the first scenario", output, want)
	}
}

func TestAReactorThatEndsBadlyFailsTheRun(t *testing.T) { //nolint:paralleltest // see above
	project := library()
	project.System.Start = func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
		started, err := startWith(careful)(ctx, backend, config)
		return lost{started}, err
	}
	file := filepath.Join(t.TempDir(), "run.xml")
	status, out, complaints := run(t, features(t, project, "-junit", file))
	if want := "the store memory cannot be taken down: the connection was lost\n-junit " + file + ": written before that"; status != 1 || !strings.Contains(complaints, want) {
		t.Errorf("got the status %d and %q, want 1 and %q", status, complaints, want)
	}
	check.Contains(t, out, "1 passed") // although the store was lost
	check.Contains(t, out, "  failed    after the scenarios, the store memory cannot be taken down")
}

// lost is a reactor that loses its store in the end.
type lost struct{ harness.Reactor }

func (l lost) Wait(ctx context.Context) error {
	return errors.Join(errors.New("the connection was lost"), l.Reactor.Wait(ctx))
}

// sometimes is a project whose one scenario fails at each second try.
func sometimes() Project {
	project := library()
	var calls atomic.Int64
	project.Define = func(r *gherkin.Registrar, world *harness.World) {
		define(r, world)
		r.Given("every second try fails", func() error {
			if calls.Add(1)%2 == 1 {
				return errors.New("not yet")
			}
			return nil
		})
	}
	project.Features = fstest.MapFS{"lending.feature": {Data: []byte(
		strings.Replace(lending, "When", "Given every second try fails\n      When", 1))}}
	return project
}

func TestFlakyScenariosAreCountedOverAllRuns(t *testing.T) { //nolint:paralleltest // see above
	f := features(t, sometimes(), "-retries", "1")
	var out strings.Builder
	if status := f.main(func() int { f.Run(t); f.Run(t); return 0 }, &out, &out); status != 0 {
		t.Errorf("got the status %d, want 0: a flaky scenario is no failure", status)
	}
	check.Contains(t, out.String(), "2 runs: 0 scenarios passed, 2 flaky, 0 failed; the last:\nmemory: 1 scenario: 0 passed, 0 failed, 0 skipped, 1 flaky")
	check.Contains(t, flaky(f.summaries), "FLAKY: 2 scenarios passed only when tried again:\n  lending.feature:3  The last copy: ")
}

// flakyEnv has TestFlakyRun run.
const flakyEnv = "RUN_FLAKY"

// TestFlakyRun is what the next test runs in a process of its own. By itself it does nothing.
func TestFlakyRun(t *testing.T) { //nolint:paralleltest // see above
	if os.Getenv(flakyEnv) == "" {
		return
	}
	f := features(t, sometimes(), "-retries", "1")
	f.main(func() int { f.Run(t); return 0 }, io.Discard, io.Discard)
	f.tellFlaky()
}

// TestWhatIsFlakyIsToldWhereGoTestComplains though what the tests themselves write is thrown
// away. In the place of go test is a shell.
func TestWhatIsFlakyIsToldWhereGoTestComplains(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells where that is")
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", `"$0" -test.run='^TestFlakyRun$' -test.paniconexit0 2>&1 | cat > /dev/null`, os.Args[0])
	command.Env = append(os.Environ(), flakyEnv+"=yes", "GITHUB_STEP_SUMMARY=")
	var complained strings.Builder // through a pipe
	command.Stderr = &complained
	check.Must(t, command.Run())
	check.Contains(t, complained.String(), "FLAKY: 1 scenario passed only when tried again:\n  lending.feature:3  The last copy: ")
}

// TestWhatIsFlakyIsToldWhereSomebodyLooks: where go test complains, or else at the terminal,
// and in the job's summary.
func TestWhatIsFlakyIsToldWhereSomebodyLooks(t *testing.T) {
	t.Parallel()
	const begun, text = "# The job\n", "FLAKY: 1 scenario\n"
	for name, test := range map[string]struct {
		there []string
		want  map[string]string
	}{
		"all":         {[]string{"caller", "tty", "summary"}, map[string]string{"caller": begun + text, "tty": begun, "summary": begun + "```text\n" + text + "```\n"}},
		"a terminal":  {[]string{"tty"}, map[string]string{"tty": begun + text}},
		"no terminal": {[]string{"summary"}, map[string]string{"summary": begun + "```text\n" + text + "```\n"}},
		"none":        {},
	} {
		folder := t.TempDir()
		for _, file := range test.there {
			check.Must(t, os.WriteFile(filepath.Join(folder, file), []byte(begun), 0o600))
		}
		tell(text, filepath.Join(folder, "summary"), "", filepath.Join(folder, "caller"), filepath.Join(folder, "tty"))
		entries, err := os.ReadDir(folder)
		check.Must(t, err)
		check.Equal(t, name+": files", len(test.want), len(entries))
		for file, want := range test.want {
			got, err := os.ReadFile(filepath.Join(folder, file))
			check.Must(t, err)
			check.Equal(t, name+": "+file, want, string(got))
		}
	}
}

func TestFaultsAreInjectedAndCounted(t *testing.T) { //nolint:paralleltest // see above
	for _, kind := range []string{"real", "virtual"} { // of time
		status, out, complaints := run(t, features(t, library(), "-faults", "slow=1:1ms", "-seed", "7", "-time", kind))
		_, counted, found := strings.Cut(out, "faults slow=1:1ms, seed 7: ")
		if status != 0 || complaints != "" || !found || strings.HasPrefix(counted, "0 ") {
			t.Errorf("in %s time: got the status %d, %q and\n%s\nwant some faults, and the seed", kind, status, complaints, out)
		}
	}
}

func TestOnlyWhatStandsThereIsRun(t *testing.T) { //nolint:paralleltest // see above
	project := library()
	more := strings.ReplaceAll(strings.TrimPrefix(lending, "Feature: Lending\n"), "A book", "A rare book")
	project.Features = fstest.MapFS{"lending.feature": {Data: []byte(lending + more)}}
	for only, want := range map[string]string{"": "memory: 2 scenarios", "lending.feature:3": "memory: 1 scenario", "lending.feature:3,lending.feature:7": "memory: 2 scenarios"} {
		if _, out, _ := run(t, features(t, project, "-only", only, "-reverse")); !strings.Contains(out, want) {
			t.Errorf("-only %q: got\n%s\nwant %q in it", only, out, want)
		}
	}
}

func TestAProjectMayBindItsStepsItself(t *testing.T) { //nolint:paralleltest // see above
	project := library()
	bound := 0
	project.Bind = func(sc *godog.ScenarioContext, definitions *gherkin.Definitions, world *harness.World) error {
		bound++
		return definitions.Bind(sc, func(r *gherkin.Registrar) { define(r, world) })
	}
	if status, _, complaints := run(t, features(t, project)); status != 0 || bound != 1 {
		t.Errorf("got the status %d, %q and %d scenarios bound, want 0 and 1", status, complaints, bound)
	}
}

func TestHowLongAScenarioMayTake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flags []string
		want  time.Duration
	}{
		{nil, time.Minute},
		{[]string{"-limit", "1s"}, time.Second},
		{[]string{"-time", "virtual"}, virtualLimit},
		{[]string{"-time", "virtual", "-limit", "1s"}, time.Second},
	} {
		f := features(t, Project{Timeout: time.Minute}, c.flags...)
		f.ground = &bubbles{}
		if got := f.config(nil).Timeout; got != c.want {
			t.Errorf("%v: got %v, want %v", c.flags, got, c.want)
		}
	}
}

// slowBooks are a ground of which the audit takes as long as it is let.
type slowBooks struct {
	bubbles

	audited time.Duration
}

func (s *slowBooks) audit(ctx context.Context) error {
	began := time.Now()
	<-ctx.Done()
	s.audited = time.Since(began)
	return nil
}

// The longer the run, the more there is to audit. One that does not come to its end has
// proved nothing.
func TestAnAuditMayTakeAsLongAsItsRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ took, limit, want time.Duration }{
		{time.Second, 0, auditLimit},
		{time.Hour, 0, time.Hour},
		{time.Second, 5 * time.Second, 5 * time.Second},
		{time.Minute, 5 * time.Second, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			ground := &slowBooks{}
			hooks := (&Features{ground: ground, options: options{limit: c.limit}}).after(nil)
			time.Sleep(c.took)
			for _, hook := range hooks {
				want := fmt.Sprintf("the audit did not come to its end: the time limit of %s is over", c.want)
				if err := hook.Run(t.Context()); err == nil || err.Error() != want {
					t.Errorf("got the error %v, want %q", err, want)
				}
			}
			if ground.audited != c.want {
				t.Errorf("a run of %v: got %v for its audit, want %v", c.took, ground.audited, c.want)
			}
		})
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
		"store": {func(f *Features) {
			f.options.store = "paper"
			f.options.stores = []harness.Store{{Name: "paper", BringUp: func(context.Context, harness.Need) (*harness.Server, error) {
				return nil, errors.New("there is no ink")
			}}}
		}, "the store paper cannot be brought up: there is no ink"},
	} {
		f := features(t, library())
		f.ready = true
		c.spoil(f)
		if _, err := f.prepare(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want %q in it", name, err, c.want)
		}
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
