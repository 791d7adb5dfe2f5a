package suite_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin/suite"
)

func TestTryMakesOneAttempt(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"a.feature": {Data: []byte("Feature: F\n  Scenario: one\n    Given it works\n  Scenario: two\n    Given it fails\n")}}
	features, err := suite.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	config := suite.Config{Features: files, World: func(context.Context, *suite.Scenario) (suite.World, error) {
		return suite.World{Bind: func(sc *godog.ScenarioContext) error {
			sc.Given("^it works$", func() error { return nil })
			sc.Given("^it fails$", func() error { return errors.New("broken") })
			return nil
		}}, nil
	}}
	for i, want := range []suite.Status{suite.Passed, suite.Failed} {
		result, err := suite.Try(t, config, features[0].Scenarios[i])
		if err != nil || result.Status != want {
			t.Errorf("%s: got %v and the error %v, want %v", features[0].Scenarios[i].Name, result.Status, err, want)
		}
	}
	if _, err := suite.Try(t, suite.Config{}, features[0].Scenarios[0]); err == nil {
		t.Error("without a world: got no error, want one")
	}
}
