package features_test

import (
	"errors"
	"flag"
	"fmt"
)

// options are the flags.
type options struct {
	store   string
	way     string
	tagged  string
	seed    uint64
	summary string

	time     string
	messages string
	junit    string
}

// check refuses what does not go together.
func (o *options) check() error {
	var errs []error
	if o.time != "real" && o.time != "virtual" {
		errs = append(errs, fmt.Errorf("-time is %q: choose real or virtual", o.time))
	}
	if o.time == "virtual" && o.store != "memory" {
		errs = append(errs, fmt.Errorf("-time virtual does not go with -store %s: only the memory store is in the same process as its clock", o.store))
	}
	return errors.Join(errs...)
}

// virtual tells whether time costs nothing.
func (o *options) virtual() bool { return o.time == "virtual" }

func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(&o.store, "store", "memory", "the `store` to run on: memory, messagedb or dynamodb")
	flags.StringVar(&o.way, "provision", "", "the only `way` to bring a real store up: address, container or local; by default they are tried in this order")
	flags.StringVar(&o.tagged, "tagged", "", "run only scenarios that match this tag `expression`, such as '@competing and not @slow'")
	flags.Uint64Var(&o.seed, "seed", 0, "repeat the shuffled order with this `number`; -shuffle=on shuffles")
	flags.StringVar(&o.time, "time", "real", "`real`, or virtual on the memory store: pauses and days cost nothing")
	flags.StringVar(&o.messages, "messages", "", "write the run as Cucumber Messages, one JSON object a line, to this `file`")
	flags.StringVar(&o.junit, "junit", "", "write the run as JUnit XML to this `file`")
	flags.StringVar(&o.summary, "summary", "", "write what ran, and how the store was brought up, to this `file`")
}
