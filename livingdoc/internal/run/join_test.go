package run_test

import (
	"errors"
	"strings"
	"testing"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/fixture"
	"example.com/groupcheckout/livingdoc/internal/run"
)

func TestRunsAreJoinedRowByRow(t *testing.T) {
	t.Parallel()
	fails := func(s *suite.Scenario) fixture.Outcome {
		if s.Row == 2 {
			return fixture.Outcome{Failure: "no"}
		}
		return fixture.Outcome{}
	}
	joined, err := run.Join([]*run.Run{read(t, fixture.Run{Store: "paper"}), read(t, fixture.Run{Store: "stone", Outcome: fails})})
	check.Must(t, err)
	rule := joined.Features[0].Rules[1]
	if len(joined.Runs) != 2 || joined.Runs[0].Store != "paper" || joined.Runs[1].Store != "stone" {
		t.Errorf("got the runs %+v", joined.Runs)
	}
	check.Equal(t, "for the other scenario", run.Passed, rule.Scenarios[1].Rows[0].Results[1].Verdict)
	rows := rule.Scenarios[0].Rows
	failed := rows[1].Results[1]
	if rows[0].Results[1].Verdict != run.Passed || rows[1].Results[0].Verdict != run.Passed || failed.Verdict != run.Failed || failed.Failure != "no" {
		t.Errorf("got the results %v and %v", rows[0].Results, rows[1].Results)
	}
}

func TestRunsOfOtherFeaturesAreRefused(t *testing.T) {
	t.Parallel()
	other := files(strings.Replace(library, "It is open", "It is closed", 1))
	_, err := run.Join([]*run.Run{read(t, fixture.Run{Store: "paper"}), read(t, fixture.Run{Store: "stone", Features: other})})
	if _, ok := errors.AsType[*run.MismatchError](err); !ok || !strings.Contains(err.Error(), "features/a/lending.feature") || !strings.Contains(err.Error(), "Run the features again") {
		t.Errorf("got %v, want a MismatchError with the feature and the cure", err)
	}
}

func TestRunsOnOneStoreInDifferentWaysAreOneRun(t *testing.T) {
	t.Parallel()
	one := func(how string, first, second fixture.Outcome) *run.Run {
		return read(t, fixture.Run{Store: "paper", How: how, Outcome: func(s *suite.Scenario) fixture.Outcome {
			if s.Row == 1 {
				return first
			}
			return second
		}})
	}
	skipped, failed := fixture.Outcome{Skip: "not here"}, fixture.Outcome{Failure: "no"}
	joined, err := run.Join([]*run.Run{
		one("by day", skipped, fixture.Outcome{}), read(t, fixture.Run{Store: "stone"}), one("by night", fixture.Outcome{}, failed),
	})
	check.Must(t, err)
	if len(joined.Runs) != 2 || joined.Runs[0].How != "by day, and by night" || joined.Runs[0].Took <= joined.Runs[1].Took {
		t.Errorf("got the runs %+v", joined.Runs)
	}
	rows := joined.Features[0].Rules[1].Scenarios[0].Rows
	if len(rows[0].Results) != 2 || rows[0].Results[0].Verdict != run.Passed || rows[1].Results[0].Verdict != run.Failed {
		t.Errorf("got %v and %v, want passed and failed on paper", rows[0].Results, rows[1].Results)
	}
}

func TestTwoRunsOnOneStoreAreRefused(t *testing.T) {
	t.Parallel()
	_, err := run.Join([]*run.Run{read(t, fixture.Run{Store: "paper"}), read(t, fixture.Run{Store: "paper"})})
	if double, ok := errors.AsType[*run.DoubleError](err); !ok || double.Store != "paper" {
		t.Errorf("got %v, want a DoubleError", err)
	}
	if _, err := run.Join(nil); err == nil {
		t.Error("joining nothing: got no error")
	}
}

func TestARunTellsWhetherTheFolderIsAnother(t *testing.T) {
	t.Parallel()
	joined, err := run.Join([]*run.Run{read(t, fixture.Run{})})
	check.Must(t, err)
	const path = "features/a/lending.feature"
	for name, test := range map[string]struct {
		sources map[string]string
		want    int
	}{
		"the same":     {map[string]string{path: library}, 0},
		"changed":      {map[string]string{path: library + " "}, 1},
		"gone":         {nil, 1},
		"one more":     {map[string]string{path: library, "features/b.feature": ""}, 1},
		"another path": {map[string]string{"x": library}, 2},
	} {
		if got := joined.Differing(test.sources); len(got) != test.want {
			t.Errorf("%s: got %q, want %d", name, got, test.want)
		}
	}
}

func TestTheFolderIsThatInWhichTheRunsHaveMostFeatures(t *testing.T) {
	t.Parallel()
	of := func(paths ...string) *run.Joined {
		joined := &run.Joined{}
		for _, path := range paths {
			joined.Features = append(joined.Features, &run.Feature{Path: path})
		}
		return joined
	}
	for name, test := range map[string]struct {
		joined *run.Joined
		names  []string
		want   string
		found  bool
	}{
		"one folder":            {of("examples/parcels/sorting.feature"), []string{"sorting.feature"}, "examples/parcels", true},
		"the folder at the top": {of("sorting.feature", "b/a.feature"), []string{"b/a.feature", "sorting.feature"}, "", true},
		"one name twice":        {of("x/a.feature", "x/y/a.feature"), []string{"a.feature", "y/a.feature"}, "x", true},
		"part of a name":        {of("x/my-sorting.feature"), []string{"sorting.feature"}, "", false},
		"no feature of it":      {of("x/a.feature"), []string{"b.feature"}, "", false},
		"one more":              {of("x/a.feature"), []string{"a.feature", "b.feature"}, "x", true},
	} {
		if got, found := test.joined.Folder(test.names); got != test.want || found != test.found {
			t.Errorf("%s: got %q, %v, want %q, %v", name, got, found, test.want, test.found)
		}
	}
}
