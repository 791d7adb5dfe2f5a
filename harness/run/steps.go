package run

import (
	"errors"
	"io"
	"testing"

	"example.com/groupcheckout/gherkin/suite"
)

// Check fails t for whatever is wrong with the features or the steps, without
// running any: a step of a feature that has not just one definition, or whose keyword
// is not that of its definition, a definition that no feature uses, and what
// [suite.Lint] finds, such as a scenario that checks nothing.
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

// listSteps writes all steps with their uses. The error also says which steps
// are undefined, ambiguous, unused, or used against their keyword.
func (f *Features) listSteps(out io.Writer) error {
	usage, err := f.usage()
	if err != nil {
		return err
	}
	return errors.Join(usage.WriteText(out), usage.Err())
}

func (f *Features) usage() (suite.Usage, error) {
	definitions, err := f.project.definitions()
	if err != nil {
		return suite.Usage{}, err
	}
	return suite.NewUsage(f.project.Features, definitions)
}
