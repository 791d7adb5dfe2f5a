package run

import (
	"testing"

	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
)

func TestAKindOfFaultThatNeverCameProvesNothing(t *testing.T) {
	t.Parallel()
	none := map[faults.Kind]int{}
	some := map[faults.Kind]int{faults.Slow: 3}
	for _, c := range []struct {
		name      string
		faults    string
		flags     []string
		injected  map[faults.Kind]int
		occasions map[faults.Kind]int
		scenarios int
		want      string
	}{
		{"it came", "slow", nil, some, some, 1, ""},
		{"nothing came", "slow,kill", nil, none, none, 1, "no fault was injected in 1 scenario, so nothing was proved: give slow or kill a higher rate, such as slow=1, another -seed, or more scenarios"},
		{"there can be none", "cut", nil, none, none, 1, "no fault was injected, so nothing was proved: the store memory cannot have cut: no lines"},
		{"by chance", "slow,kill", nil, some, map[faults.Kind]int{faults.Kill: 300}, 50, ""},
		{"not by chance", "slow,kill", nil, some, map[faults.Kind]int{faults.Kill: 400}, 1, "no fault of the kind kill was injected on 400 occasions, so nothing was proved of it: this is hardly chance, see whether package faults still injects it"},
		{"no occasion", "slow,kill", nil, some, none, 20, "there was no occasion for a fault of the kind kill in 20 scenarios, so nothing was proved of it: leave it out with kill=0, if there can be none"},
		{"no occasion in a few scenarios", "slow,kill", nil, some, none, 19, ""},
		{"no occasion in a selection", "slow,kill", []string{"-tagged", "@slow"}, some, none, 20, ""},
		{"nothing to change places with", "slow,reorder", []string{"-time", "virtual"}, some, none, 20, ""},
		{"nobody to read from a replica", "slow,stale", []string{"-store", "messagedb", "-reactor", "2"}, some, none, 20, ""},
	} {
		f := features(t, library(), append(c.flags, "-faults", c.faults)...)
		check.Must(t, f.options.check())
		got := ""
		if err := f.options.proved(tally{c.injected, c.occasions, map[faults.Kind]string{faults.Cut: "no lines"}}, c.scenarios); err != nil {
			got = err.Error()
		}
		check.Equal(t, c.name, c.want, got)
	}
}
