package run

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness"
)

// repeat is the command that runs just one scenario again, in the same way.
func (o *options) repeat(folder string, scenario *suite.Scenario) string {
	return command(folder, append(o.givens(), at(scenario))...)
}

// again is the command that makes the whole run again, in the same way.
func (o *options) again(folder string, run int) string {
	list := append(o.givens(), given{"tagged", o.tagged, ""}, given{"only", o.only, ""},
		given{"retries", strconv.Itoa(o.retries), "0"}, given{"retry-tagged", o.retryTagged, ""},
		given{"flaky-budget", strconv.Itoa(o.flakyBudget), "0"})
	if shuffled() {
		list = append(list, given{"shuffle", "on", ""})
		if o.faultSpec == "" {
			list = append(list, seedOf(o.order(run)))
		}
	}
	text := command(folder, list...)
	if o.reverse {
		text += " -reverse"
	}
	return text
}

// givens are the flags that decide how a scenario runs.
func (o *options) givens() []given {
	list := []given{
		{"store", o.store, harness.Memory},
		{"provision", o.way, ""},
		{"time", o.time, "real"},
		{"reactor", o.reactor, inProcess},
		{"limit", o.limit.String(), "0s"},
		{"faults", o.faultSpec, ""},
	}
	if o.faultSpec != "" {
		list = append(list, seedOf(o.seed))
	}
	return list
}

// repeatTrial is the command that tries a seed again on the scenario that it
// chose. It is a run of test, in which flag says how many seeds are tried.
func (o *options) repeatTrial(folder, test, flag string, trial trial) string {
	return command(folder,
		given{"run", suite.RunPattern(test), ""},
		given{flag, "1", ""},
		given{"limit", o.limit.String(), "0s"},
		given{"faults", o.faultSpec, ""},
		seedOf(trial.seed),
		at(trial.scenario))
}

// given is a flag that matters if its value is not the usual one.
type given struct{ flag, value, usual string }

func seedOf(seed uint64) given { return given{"seed", fmt.Sprint(seed), ""} }

func at(scenario *suite.Scenario) given { return given{"only", scenario.Location(), ""} }

// command is a command of go test for the package in a folder, which is given
// from the root of the module.
func command(folder string, flags ...given) string {
	text := "go test ./" + folder + " -count=1"
	for _, f := range flags {
		if f.value != f.usual {
			text += " -" + f.flag + " " + quoted(f.value)
		}
	}
	return text
}

// quoted is a word as a shell has to be given it.
func quoted(word string) string {
	if !strings.ContainsAny(word, " \t'\"\\$`^&;|<>()[]{}*?#~!") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
