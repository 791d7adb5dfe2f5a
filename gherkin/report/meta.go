package report

import (
	"net/url"
	"os"
	"runtime"
	"strings"

	protocol "github.com/cucumber/messages/go/v34"
)

// protocolVersion is that of the schema by which the tests check what is written.
const protocolVersion = "34.2.1"

// meta names the implementation as readers of earlier runs know it.
func (c Config) meta() *protocol.Meta {
	implementation := &protocol.Product{Name: "harness"}
	if c.On != "" {
		implementation = &protocol.Product{Name: "harness on " + c.On, Version: c.How}
	}
	return &protocol.Meta{
		ProtocolVersion: protocolVersion,
		Implementation:  implementation,
		Runtime:         &protocol.Product{Name: "go", Version: strings.TrimPrefix(runtime.Version(), "go")},
		Os:              &protocol.Product{Name: runtime.GOOS, Version: kernel()},
		Cpu:             &protocol.Product{Name: runtime.GOARCH},
		Ci:              ci(c.Getenv),
	}
}

// kernel returns the version of the operating system where that is easily had.
func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(release))
}

// ci says which CI job this is, or returns nil if it is none that is known.
func ci(env func(string) string) *protocol.Ci {
	switch {
	case env("GITHUB_ACTIONS") == "true":
		repository := env("GITHUB_SERVER_URL") + "/" + env("GITHUB_REPOSITORY")
		job := &protocol.Ci{
			Name: "GitHub Actions", Url: repository + "/actions/runs/" + env("GITHUB_RUN_ID"), BuildNumber: env("GITHUB_RUN_ID"),
		}
		branch, tag := env("GITHUB_HEAD_REF"), "" // set for pull requests only
		switch {
		case env("GITHUB_REF_TYPE") == "tag":
			tag = env("GITHUB_REF_NAME")
		case branch == "":
			branch = env("GITHUB_REF_NAME")
		}
		job.Git = git(repository+".git", env("GITHUB_SHA"), branch, tag)
		return job
	case env("GITLAB_CI") == "true":
		// CI_REPOSITORY_URL would hold a token.
		return &protocol.Ci{
			Name: "GitLab CI", Url: env("CI_JOB_URL"), BuildNumber: env("CI_JOB_ID"),
			Git: git(env("CI_PROJECT_URL")+".git", env("CI_COMMIT_SHA"), env("CI_COMMIT_BRANCH"), env("CI_COMMIT_TAG")),
		}
	case env("BUILDKITE") == "true":
		return &protocol.Ci{
			Name: "Buildkite", Url: env("BUILDKITE_BUILD_URL"), BuildNumber: env("BUILDKITE_BUILD_NUMBER"),
			Git: git(env("BUILDKITE_REPO"), env("BUILDKITE_COMMIT"), env("BUILDKITE_BRANCH"), env("BUILDKITE_TAG")),
		}
	default:
		return nil
	}
}

// git needs a revision. It takes a password out of the remote's address.
func git(remote, revision, branch, tag string) *protocol.Git {
	if revision == "" {
		return nil
	}
	if parsed, err := url.Parse(remote); err == nil && parsed.User != nil && parsed.Host != "" {
		parsed.User = nil
		remote = parsed.String()
	}
	return &protocol.Git{Remote: remote, Revision: revision, Branch: branch, Tag: tag}
}
