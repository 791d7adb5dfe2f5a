package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
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
	version, revision := thisBuild()
	return fmt.Sprintf("reactor %s%s (%s, %s/%s)", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// thisBuild is the version and the commit of this program, as far as they are known.
func thisBuild() (version, revision string) {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown", ""
	}
	return build.Main.Version, buildRevision(build.Settings)
}

// buildInfo tells Prometheus the same.
func buildInfo() prometheus.Collector {
	version, revision := thisBuild()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "reactor_build_info",
		Help:        "Always 1. The labels say which build this is.",
		ConstLabels: prometheus.Labels{"version": version, "revision": strings.TrimSpace(revision), "goversion": runtime.Version()},
	}, func() float64 { return 1 })
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
