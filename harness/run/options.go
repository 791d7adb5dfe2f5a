package run

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
)

// options are the flags.
type options struct {
	store     string
	provision string
	tagged    string
	seed      uint64
	time      string

	messages string
	junit    string
	summary  string
}

func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(&o.store, "store", "memory", "the `store` to run on: memory, messagedb or dynamodb")
	flags.StringVar(&o.provision, "provision", "", "the only `way` to bring a real store up: address, container or local; by default they are tried in this order")
	flags.StringVar(&o.tagged, "tagged", "", "run only scenarios that match this tag `expression`, such as '@competing and not @slow'")
	flags.Uint64Var(&o.seed, "seed", 0, "repeat the shuffled order with this `number`; -shuffle=on shuffles")
	flags.StringVar(&o.time, "time", "real", "`real`, or virtual on the memory store: pauses and days cost nothing")
	flags.StringVar(&o.messages, "messages", "", "write the run as Cucumber Messages, one JSON object a line, to this `file`")
	flags.StringVar(&o.junit, "junit", "", "write the run as JUnit XML to this `file`")
	flags.StringVar(&o.summary, "summary", "", "write what ran, and how the store was brought up, to this `file`")
}

// check refuses what does not go together.
func (o *options) check() error {
	var errs []error
	if o.time != "real" && o.time != "virtual" {
		errs = append(errs, fmt.Errorf("-time is %q: choose real or virtual", o.time))
	}
	if o.virtual() && o.store != "memory" {
		errs = append(errs, fmt.Errorf("-time virtual does not go with -store %s: only the memory store is in the same process as its clock", o.store))
	}
	return errors.Join(errs...)
}

// virtual tells whether time costs nothing.
func (o *options) virtual() bool { return o.time == "virtual" }

// unsupported says which scenarios cannot be run, by their tags.
func (o *options) unsupported(tags []string) (reason string, skip bool) {
	if slices.Contains(tags, VirtualTime) && !o.virtual() {
		return "time passes in it: it runs with -time virtual only", true
	}
	for _, tag := range tags {
		if reason, found := strings.CutPrefix(tag, "@skip-on-"+o.store+":"); found {
			return strings.ReplaceAll(reason, "-", " "), true
		}
	}
	return "", false
}

// command is what runs a test again.
func (o *options) command(folder, pattern string) string {
	text := "go test ./" + folder
	if o.store != "memory" {
		text += " -store " + o.store
	}
	if o.virtual() {
		text += " -time virtual"
	}
	return text + " -run '" + pattern + "'"
}
