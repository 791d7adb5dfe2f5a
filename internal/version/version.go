// Package version says which build a program is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Line is what a program of this name says of its build.
func Line(name string) string {
	version, revision := Of()
	if revision != "" {
		revision = " " + revision
	}
	return fmt.Sprintf("%s %s%s (%s, %s/%s)", name, version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// Of is the version and the commit of this program, as far as they are known.
func Of() (version, revision string) {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown", ""
	}
	return build.Main.Version, revisionIn(build.Settings)
}

// revisionIn is the commit that a build was made of, if it says so.
func revisionIn(settings []debug.BuildSetting) string {
	revision, changed := "", ""
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with changes"
		}
	}
	return revision + changed
}
