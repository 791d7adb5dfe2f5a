package run

import (
	"errors"
	"io"
	"io/fs"
	"sync"
	"testing"
	"time"

	"groupcheckout/harness"
	"groupcheckout/harness/gherkin"
	"groupcheckout/harness/gherkin/suite"
)

// The tags that say what a scenario needs.
const (
	OwnReactor  = "@own-reactor"  // a reactor of its own, which it may stop
	VirtualTime = "@virtual-time" // time that passes without being waited for
)

// Project is what is run. Features, System and Define are required.
type Project struct {
	// Features holds the .feature files, in any folders. Folder is where that
	// is, from the root of the module, for reports.
	Features fs.FS
	Folder   string
	// System is what the scenarios specify.
	System harness.System
	// Define registers the steps of one scenario, which work in the given world.
	// It is also called once without a scenario, and then the world is nil: it
	// may keep the world and must not use it.
	Define func(r *gherkin.Registrar, world *harness.World)
	// Timeout is the time limit of a scenario, [suite.DefaultTimeout] unless
	// given.
	Timeout time.Duration
}

func (p Project) check() error {
	var errs []error
	if p.Features == nil {
		errs = append(errs, errors.New("Project.Features is required: the file system with the .feature files, such as os.DirFS(\".\")"))
	}
	if p.Define == nil {
		errs = append(errs, errors.New("Project.Define is required: the function that registers the steps"))
	}
	return errors.Join(errs...) // harness.Open sees to the system
}

// Features are a project's features under go test. Make them with [New], in a
// variable of the test package: go test offers no other way to hand something
// from TestMain to a test. Call Main from TestMain, and Run and Check from tests
// that are not parallel.
type Features struct {
	project Project
	options options
	ready   bool // Main was called

	bringUp   sync.Once
	ground    ground // nil until a test needs it
	failure   error  // why there is none
	summaries []suite.Summary
}

// New makes a project's features. Whatever is wrong with the project is said by
// the tests.
func New(project Project) *Features { return &Features{project: project} }

// definitions compiles the steps.
func (f *Features) definitions() (*gherkin.Definitions, error) {
	if err := f.project.check(); err != nil {
		return nil, err
	}
	return gherkin.Compile(func(r *gherkin.Registrar) { f.project.Define(r, nil) })
}

// usage tells which steps the features use.
func (f *Features) usage() (suite.Usage, error) {
	definitions, err := f.definitions()
	if err != nil {
		return suite.Usage{}, err
	}
	return suite.NewUsage(f.project.Features, definitions)
}

// listSteps writes all steps with their uses. The error also says what is wrong
// with them.
func (f *Features) listSteps(w io.Writer) error {
	usage, err := f.usage()
	if err != nil {
		return err
	}
	return errors.Join(usage.WriteText(w), usage.Err())
}

// Check fails t for whatever is wrong with the features or the steps, without
// running any: a step of a feature that has not just one definition, a definition
// that no feature uses, and what [suite.Lint] finds.
func (f *Features) Check(t *testing.T) {
	t.Helper()
	usage, err := f.usage()
	if err != nil {
		t.Fatal(err)
	}
	issues, err := suite.Lint(f.project.Features)
	if err != nil {
		t.Fatal(err)
	}
	for _, issue := range issues {
		t.Error(issue)
	}
	if err := usage.Err(); err != nil {
		t.Error(err)
	}
}
