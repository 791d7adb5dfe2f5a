package report

import (
	"encoding/json"
	"runtime"
	"testing"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

func TestCIIsTakenFromTheEnvironment(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"none": {nil, `null`},
		"GitHub": {
			map[string]string{
				"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b",
				"GITHUB_RUN_ID": "7", "GITHUB_SHA": "abc", "GITHUB_REF_NAME": "main", "GITHUB_REF_TYPE": "branch",
			},
			`{"name":"GitHub Actions","url":"https://github.com/a/b/actions/runs/7","buildNumber":"7","git":{"remote":"https://github.com/a/b.git","revision":"abc","branch":"main"}}`,
		},
		"GitHub, a pull request": {
			map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_SHA": "abc", "GITHUB_HEAD_REF": "topic", "GITHUB_REF_NAME": "7/merge"},
			`{"name":"GitHub Actions","url":"//actions/runs/","git":{"remote":"/.git","revision":"abc","branch":"topic"}}`,
		},
		"GitHub, a tag": {
			map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_SHA": "abc", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"},
			`{"name":"GitHub Actions","url":"//actions/runs/","git":{"remote":"/.git","revision":"abc","tag":"v1"}}`,
		},
		"GitLab": {
			map[string]string{
				"GITLAB_CI": "true", "CI_JOB_URL": "https://g/1", "CI_JOB_ID": "1", "CI_PROJECT_URL": "https://g/a/b",
				"CI_COMMIT_SHA": "abc", "CI_COMMIT_BRANCH": "main", "CI_REPOSITORY_URL": "https://gitlab-ci-token:secret@g/a/b.git",
			},
			`{"name":"GitLab CI","url":"https://g/1","buildNumber":"1","git":{"remote":"https://g/a/b.git","revision":"abc","branch":"main"}}`,
		},
		"Buildkite, with a password": {
			map[string]string{"BUILDKITE": "true", "BUILDKITE_REPO": "https://me:secret@g/a/b.git", "BUILDKITE_COMMIT": "abc"},
			`{"name":"Buildkite","git":{"remote":"https://g/a/b.git","revision":"abc"}}`,
		},
		"Buildkite, no revision": {map[string]string{"BUILDKITE": "true", "BUILDKITE_REPO": "git@g:a/b.git"}, `{"name":"Buildkite"}`},
	} {
		got, err := json.Marshal(ci(func(name string) string { return test.env[name] }))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got  %s, %v\nwant %s", name, got, err, test.want)
		}
	}
}

func TestReferencesAreTheSameOnEveryMachine(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the paths below are those of other systems")
	}
	w := &messages{config: Config{Root: "/home/me/project"}}
	for file, want := range map[string]string{
		"/home/me/project/steps/shelf.go":          "steps/shelf.go",
		"/home/me/other/steps/shelf.go":            "steps/shelf.go",
		"example.com/groupcheckout/steps/shelf.go": "example.com/groupcheckout/steps/shelf.go",
		"": "",
	} {
		check.Equal(t, file, want, w.reference(gherkin.Location{File: file, Line: 3}).Uri)
	}
}

func TestGroupsCountAsUTF16(t *testing.T) {
	t.Parallel()
	const text = "ø𝄞 Ann"
	got := groupOf(text, gherkin.Group{Text: "Ann", Start: 7, End: 10, Inner: []gherkin.Group{{Start: -1, End: -1}}})
	if *got.Start != 4 || *got.Value != "Ann" || len(got.Children) != 1 || got.Children[0].Start != nil {
		t.Errorf("got %+v, want a start of 4 and one group that took no part", got)
	}
}
