package run

import (
	"fmt"
	"strings"

	"example.com/groupcheckout/gherkin/suite"
)

// repeat is the command that runs just one scenario again, in the same way.
func (o *options) repeat(folder string, scenario *suite.Scenario) string {
	return command(folder, append(o.givens(), at(scenario))...)
}

// again is the command that makes the whole run again, in the same way.
func (o *options) again(folder string, run int) string {
	list := append(o.givens(), o.given("tagged", "only", "retries", "retry-tagged", "flaky-budget")...)
	if shuffled() {
		list = append(list, given{"shuffle", "on"})
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
	list := o.given("store", "provision", "time", "reactor", "reactor-signal", "reactor-stop-limit", "limit", "faults")
	if o.faultSpec != "" {
		list = append(list, seedOf(o.seed))
	}
	return list
}

// repeatTrial is the command that tries a seed again on the scenario that it
// chose. It is a run of test, in which flag says how many seeds are tried.
func (o *options) repeatTrial(folder, test, flag string, trial trial) string {
	list := append([]given{{"run", suite.RunPattern(test)}, {flag, "1"}}, o.given("limit", "faults")...)
	return command(folder, append(list, seedOf(trial.seed), at(trial.scenario))...)
}

// given is a flag with its value.
type given struct{ flag, value string }

// given returns those of the flags of which the value is not the usual one.
func (o *options) given(names ...string) []given {
	var list []given
	if o.flags == nil {
		return nil // TestMain does not call Main, as the run will say
	}
	for _, name := range names {
		if f := o.flags.Lookup(name); f.Value.String() != f.DefValue {
			list = append(list, given{name, f.Value.String()})
		}
	}
	return list
}

func seedOf(seed uint64) given { return given{"seed", fmt.Sprint(seed)} }

func at(scenario *suite.Scenario) given { return given{"only", scenario.Location()} }

// command is a command of go test for the package in a folder, which is given
// from the root of the module.
func command(folder string, flags ...given) string {
	text := "go test ./" + folder + " -count=1"
	for _, f := range flags {
		text += " -" + f.flag + " " + quoted(f.value)
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
