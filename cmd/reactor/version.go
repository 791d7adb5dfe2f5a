package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand is reactor version.
type versionCommand struct{}

// Run prints what the build says of itself.
func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, versionOf())
	return err
}

// versionOf is what the build says of itself.
func versionOf() string {
	version, revision := "unknown", ""
	if build, ok := debug.ReadBuildInfo(); ok {
		version = build.Main.Version
		revision = buildRevision(build.Settings)
	}
	return fmt.Sprintf("reactor %s%s (%s, %s/%s)", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// buildRevision is the commit that a build was made of, if it says so.
func buildRevision(settings []debug.BuildSetting) string {
	revision, changed := "", ""
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with changes"
		}
	}
	return revision + changed
}
