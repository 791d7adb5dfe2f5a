package main

import (
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/internal/version"
)

// versionCommand is reactor version.
type versionCommand struct{}

// Run prints what the build says of itself.
func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, version.Line("reactor"))
	return err
}

// buildInfo tells Prometheus the same.
func buildInfo() prometheus.Collector {
	build, revision := version.Of()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "reactor_build_info",
		Help:        "Always 1. The labels say which build this is.",
		ConstLabels: prometheus.Labels{"version": build, "revision": revision, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}
