package run

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
)

func TestFlagsThatAreWrongRunNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-time", "slow"}, `-time is "slow": choose real or virtual`},
		{[]string{"-time", "virtual", "-store", "messagedb"}, "-time virtual does not go with -store messagedb"},
		{[]string{"-limit", "-1s"}, "-limit is -1s: a scenario needs some time"},
		{[]string{"-faults", "earthquake"}, "-faults: "},
		{[]string{"-faults", "kill=0"}, "-faults kill=0 lets nothing go wrong"},
		{[]string{"-faults", "stale=0,slow=0%"}, "-faults stale=0,slow=0% lets nothing go wrong"},
		{
			[]string{"-store", "messagedb", "-reactor", "3", "-faults", "reorder,die-after"},
			"-faults reorder,die-after does not go with -reactor 3: what is in another process cannot be made to fail like this; choose among conflict,lost-reply,slow,stale,throttle,kill,cut",
		},
		{[]string{"-store", "messagedb", "-reactor", "many"}, `-reactor is "many": choose inprocess, binary, from 1 to 16 processes, exec:COMMAND, or as many of it as in 3*exec:COMMAND`},
		{[]string{"-store", "messagedb", "-reactor", "99*exec:run"}, `-reactor is "99*exec:run": choose`},
		{[]string{"-store", "messagedb", "-reactor", "my exec:run"}, `-reactor is "my exec:run": choose`},
		{[]string{"-store", "messagedb", "-reactor", "exec:"}, "-reactor exec:: there is no command"},
		{[]string{"-store", "messagedb", "-reactor", "exec:run 'a"}, "-reactor exec:run 'a: the command has a quotation mark"},
		{[]string{"-store", "messagedb", "-reactor", "exec:run {table}"}, "{table} stands for nothing on the store messagedb"},
		{[]string{"-reactor", "exec:run"}, "-reactor exec:run does not go with -store memory"},
		{[]string{"-store", "messagedb", "-reactor", "binary", "-reactor-signal", "INT"}, "-reactor-signal does nothing without -reactor exec:COMMAND"},
		{[]string{"-store", "messagedb", "-reactor", "exec:run", "-reactor-signal", "HUP"}, `-reactor-signal is "HUP": choose TERM or INT`},
		{[]string{"-store", "messagedb", "-reactor", "exec:run", "-reactor-stop-limit", "-1s"}, "-reactor-stop-limit is -1s"},
		{[]string{"-explore", "-1"}, "-explore is -1: say how many seeds to try"},
		{[]string{"-matrix", "-1"}, "-matrix is -1: say how many seeds to try"},
		{[]string{"-explore", "5", "-store", "dynamodb"}, "-explore does not go with -store dynamodb"},
		{[]string{"-matrix", "5", "-store", "dynamodb"}, "-matrix does not go with -store dynamodb"},
		{[]string{"-store", "paper"}, `-store is "paper": choose memory, messagedb or dynamodb; a project names its stores`},
		{[]string{"-provision", "magic"}, `-provision is "magic": choose address, container or local`},
		{[]string{"-tagged", "@a && @b"}, `-tagged: the tag expression "@a && @b" has the word "&&"`},
		{[]string{"-tagged", "@a", "and", "@b", "-store", "dynamodb"}, `"and" is no flag, and what comes after it was not read: put quotation marks`},
		{[]string{"-retries", "-1"}, "-retries is -1: say how many times"},
		{[]string{"-flaky-budget", "-1", "-retries", "1"}, "-flaky-budget is -1: say how many"},
		{[]string{"-retry-tagged", "slow", "-retries", "1"}, `-retry-tagged: the tag expression "slow" has the word "slow"`},
		{[]string{"-retry-tagged", "@slow"}, "do nothing without -retries"},
		{[]string{"-flaky-budget", "2"}, "do nothing without -retries"},
	} {
		f := features(t, library(), c.args...)
		var complaints strings.Builder
		status := f.main(func() int { t.Error("the tests were run"); return 0 }, &complaints, &complaints)
		if status != 2 || !strings.Contains(complaints.String(), c.want) {
			t.Errorf("%v: got the status %d and %q, want 2 and %q", c.args, status, complaints.String(), c.want)
		}
	}
}

func TestACommandIsRunAsTheReactor(t *testing.T) {
	t.Parallel()
	for reactor, processes := range map[string]int{"exec:run {schema}": 1, "3*exec:run {schema}": 3} {
		f := features(t, library(), "-store", "messagedb", "-reactor", reactor, "-reactor-signal", "INT", "-reactor-stop-limit", "30s")
		if err := f.options.check(); err != nil {
			t.Errorf("%s: %v", reactor, err)
			continue
		}
		got := f.options.harness(library().System)
		if got.Processes != processes || got.System.Program == nil || got.System.Program.Path != "run" || got.System.Program.Signal != "INT" || got.System.Program.StopLimit != 30*time.Second {
			t.Errorf("%s: got %d processes of %+v, want %d of run, which INT stops within 30s", reactor, got.Processes, got.System.Program, processes)
		}
	}
}

func TestWhatGoesBeyondTheOriginalIsCountedApart(t *testing.T) {
	t.Parallel()
	result := func(status suite.Status, attempt int, tags ...string) suite.Result {
		return suite.Result{Scenario: &suite.Scenario{Tags: tags}, Status: status, Attempt: attempt}
	}
	got := apart(suite.Summary{Results: []suite.Result{
		result(suite.Passed, 1), result(suite.Passed, 1, "@slow"), result(suite.Passed, 2), result(suite.Undefined, 1), result(suite.Skipped, 1),
		result(suite.Passed, 1, "@slow", Beyond), result(suite.Failed, 1, Beyond), result(suite.Failed, 1, Beyond),
	}})
	if want := "  as the original: 2 passed, 1 flaky, 1 failed, 1 skipped\n  beyond it (@beyond-the-original): 1 passed, 0 flaky, 2 failed, 0 skipped\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestEachRunOfAShuffledCountHasAnOrderOfItsOwn(t *testing.T) {
	t.Parallel()
	o := options{seed: 7}
	if got := []uint64{o.order(0), o.order(1)}; !slices.Equal(got, []uint64{7, 8}) {
		t.Errorf("got the seeds %d, want 7 and 8", got)
	}
	o.faults = specOf("kill")
	check.Equal(t, "seed", 7, o.order(1))
}

func TestFaultsHaveASeed(t *testing.T) {
	t.Parallel()
	f := features(t, library(), "-faults", "kill")
	if err := f.options.check(); err != nil || f.options.seed == 0 {
		t.Errorf("got the seed %d and the error %v, want a seed", f.options.seed, err)
	}
	if got := f.options.harness(library().System); !got.Faults.Has(faults.Kill) || got.Seed != f.options.seed {
		t.Errorf("got the faults %q and the seed %d for the harness, want kill and %d", got.Faults, got.Seed, f.options.seed)
	}
}

func TestTheHelpNamesEveryKindOfFault(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(&help)
	new(options).register(flags, nil)
	flags.PrintDefaults()
	for _, kind := range faults.Kinds() {
		if want := string(kind.Kind) + " (" + kind.About + ")"; !strings.Contains(help.String(), want) {
			t.Errorf("the help does not say %q", want)
		}
	}
}

func TestTagsSayWhatCannotBeRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ store, time, tag, want string }{
		{"memory", "real", "@slow", ""},
		{"memory", "real", VirtualTime, "days pass in it, and here time cannot be made to pass"},
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

func TestStepsAreListedAndNothingIsRun(t *testing.T) {
	t.Parallel()
	strange := library()
	unused := library()
	unused.Define = func(r *gherkin.Registrar, world *harness.World) {
		define(r, world)
		r.When("the shelf is painted", func() error { return nil })
	}
	strange.Features = fstest.MapFS{"lending.feature": {Data: []byte(lending + "      And a step that nobody wrote\n")}}
	for name, c := range map[string]struct {
		project    Project
		status     int
		complaints string
	}{
		"all defined": {library(), 0, ""},
		"undefined":   {strange, 1, "a step that nobody wrote"},
		"unused":      {unused, 1, `no feature uses the step "the shelf is painted"`},
		"no features": {Project{Stores: library().Stores}, 1, "Project.Features is required"},
	} {
		var out, complaints strings.Builder
		f := features(t, c.project, "-steps", "-store", "messagedb", "-provision", "address")
		status := f.main(func() int { t.Error("the tests were run"); return 0 }, &out, &complaints)
		if status != c.status || !strings.Contains(complaints.String(), c.complaints) || c.complaints == "" && complaints.String() != "" {
			t.Errorf("%s: got the status %d and %q, want %d and %q", name, status, complaints.String(), c.status, c.complaints)
		}
		if want := "its reader is reminded once"; c.project.Define != nil && !strings.Contains(out.String(), want) {
			t.Errorf("%s: got\n%s\nwant %q in it", name, out.String(), want)
		}
	}
}

func TestFilesStandWhereTheCommandWasGiven(t *testing.T) {
	t.Parallel()
	absolute := filepath.Join(t.TempDir(), "run.xml")
	for folder, want := range map[string]string{"/at/home": filepath.Join("/at/home", "build", "run.ndjson"), "": filepath.Join("build", "run.ndjson")} {
		o := options{messages: filepath.Join("build", "run.ndjson"), junit: absolute}
		o.place(folder)
		if o.messages != want || o.junit != absolute || o.summary != "" {
			t.Errorf("in %q: got %q, %q and %q, want %q, the absolute one as it was, and none", folder, o.messages, o.junit, o.summary, want)
		}
	}
	// Under go test it is not the folder of this package, unless that was called there.
	here, err := os.Getwd()
	check.Must(t, err)
	if folder := commandFolder(); folder != "" && !strings.HasPrefix(here, folder) {
		t.Errorf("got %q, want the folder %q or one above it", folder, here)
	}
}

// Where there is no /proc, as on macOS, lsof tells where a process is.
func TestWhereAProcessIsIsListed(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("lsof"); err != nil {
		t.Skip("lsof is not here")
	}
	here, err := os.Getwd()
	check.Must(t, err)
	check.Equal(t, "folder", here, folderByList(os.Getpid()))
	check.Equal(t, "folder of no process", "", folderByList(1<<30))
}
