package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

const (
	// openLimit is how long bringing a store up may take: a first time, it is
	// also fetched, in more than one way perhaps, and a reactor built.
	openLimit = 15 * time.Minute
	// auditLimit is how long the audit may take after a short run, unless -limit says
	// so. It reads every stream that the run has written, so it may always take as
	// long as that did.
	auditLimit = 2 * time.Minute
	// virtualLimit is how long a scenario may take where time costs nothing:
	// longer than any that one lets pass.
	virtualLimit = 2_000 * time.Hour
)

// Features are a project's features under go test. Make them with [New], in a
// variable of the test package: go test offers no other way to hand something
// from TestMain to a test. Call Main from TestMain, and each of the others from
// a test of its own that is not parallel.
type Features struct {
	project Project
	options options
	ready   bool      // Main was called
	out     io.Writer // for people

	bringUp   sync.Once
	ground    ground // nil until a test needs it
	failure   error  // why there is none
	summaries []suite.Summary
}

// New makes a project's features. Whatever is wrong with the project is said by
// the tests.
func New(project Project) *Features { return &Features{project: project} }

// Main is what TestMain has to do: it registers and reads the flags, runs the
// tests, takes the store down and prints the summary. It returns the exit status: 2 if the flags are wrong.
func (f *Features) Main(m *testing.M) int {
	f.options.register(flag.CommandLine, f.project.Stores)
	flag.Parse()
	f.options.place(commandFolder())
	status := f.main(m.Run, os.Stdout, os.Stderr)
	if status == 0 && !testing.Verbose() {
		f.tellFlaky()
	}
	return status
}

// tellFlaky names the scenarios that were flaky to those from whom go test hides them.
func (f *Features) tellFlaky() {
	if text := flaky(f.summaries); text != "" {
		tell(text, os.Getenv("GITHUB_STEP_SUMMARY"), listener(), "/dev/tty")
	}
}

func (f *Features) main(tests func() int, out, complaints io.Writer) (status int) {
	if err := f.options.check(); err != nil {
		fmt.Fprintln(complaints, err)
		return 2
	}
	if f.options.steps {
		if err := f.listSteps(out); err != nil {
			fmt.Fprintln(complaints, err)
			return 1
		}
		return 0
	}
	f.ready, f.out = true, out
	if f.options.seedMatters() { // said at once, for a run that does not come to its end
		fmt.Fprintf(out, "to repeat what chance decides in this run: -seed %d\n", f.options.seed)
	}
	status = tests()
	fail := func(what string, err error) {
		if err != nil {
			fmt.Fprintf(complaints, "%s: %v\n", what, err)
			status = max(status, 1)
		}
	}
	if f.ground == nil { // no test needed a store
		fail("the run was not written down", f.unwritten())
		return status
	}
	retold := f.describe()
	if err := f.ground.close(); err != nil {
		what := fmt.Sprintf("after the scenarios, the store %s cannot be taken down: %v%s", f.options.store, err, f.untold())
		fmt.Fprintln(complaints, what)
		retold += "  failed    " + what + "\n"
		status = max(status, 1)
	}
	fmt.Fprint(out, retold)
	if f.options.summary != "" {
		fail("write the summary", writeFile(f.options.summary, retold))
	}
	return status
}

// untold says which reports were finished before the store was taken down.
func (f *Features) untold() string {
	var files []string
	for _, file := range f.options.given("messages", "junit") {
		files = append(files, fmt.Sprintf("-%s %s", file.flag, file.value))
	}
	if len(files) == 0 {
		return ""
	}
	return fmt.Sprintf("\n%s: written before that, so it is not said there; do not publish it as that of a good run", strings.Join(files, ", "))
}

// unwritten says which reports were asked for in vain, since no scenario was run.
func (f *Features) unwritten() error {
	var errs []error
	for _, file := range f.options.given("messages", "junit", "summary") {
		errs = append(errs, fmt.Errorf("-%s %s: no test has run the scenarios; those of -explore and -matrix are only printed", file.flag, file.value))
	}
	return errors.Join(errs...)
}

// definitions compiles the steps, once the flags were read.
func (f *Features) definitions() (*gherkin.Definitions, error) {
	if !f.ready {
		return nil, errors.New("the flags were not read: TestMain has to call Main of these features")
	}
	return f.project.definitions()
}

// prepare does what comes before the first scenario.
func (f *Features) prepare() (*gherkin.Definitions, error) {
	definitions, err := f.definitions()
	if err != nil {
		return nil, err
	}
	f.bringUp.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), openLimit)
		defer cancel()
		f.ground, f.failure = open(ctx, f.options.harness(f.project.System))
	})
	if f.failure != nil {
		return nil, fmt.Errorf("the store %s cannot be brought up: %w", f.options.store, f.failure)
	}
	return definitions, nil
}
