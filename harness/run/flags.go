package run

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
)

// options are the flags, and what follows from them.
type options struct {
	store string
	way   string
	time  string
	limit time.Duration

	reactor   string
	signal    string
	stopLimit time.Duration
	processes int              // as reactor says; 0 for none of its own
	program   *harness.Program // in place of the project's own; nil for none

	tagged  string
	only    string
	reverse bool
	seed    uint64

	faultSpec string
	faults    faults.Spec // as faultSpec says

	retries     int
	retryTagged string
	flakyBudget int

	explore int // seeds
	matrix  int // seeds

	steps    bool
	summary  string
	messages string
	junit    string

	stores []harness.Store // that -store may name, besides memory
	flags  *flag.FlagSet
}

func (o *options) register(flags *flag.FlagSet, stores []harness.Store) {
	o.flags, o.stores = flags, stores
	flags.StringVar(&o.store, "store", harness.Memory, "the `store` to run on: "+oneOf(o.storeNames()))
	flags.StringVar(&o.way, "provision", "", "the only `way` to bring a real store up: address, container or local; by default they are tried in this order")
	flags.StringVar(&o.time, "time", "real", "`real`, or virtual on the memory store: pauses and days cost nothing")
	flags.StringVar(&o.reactor, "reactor", inProcess, "`whose` reactor: inprocess; binary, which is the built program in a process of its own, on a real store; a number of such processes under one name; "+
		"exec:COMMAND, which is any program, told of the store by placeholders; or 3*exec:COMMAND; see docs/other-reactors.md")
	flags.StringVar(&o.signal, "reactor-signal", "TERM", "the `signal` that stops the program of -reactor exec: TERM or INT")
	flags.DurationVar(&o.stopLimit, "reactor-stop-limit", 0, "how long the program of -reactor exec may take to stop, as a `duration`; by default as long as its scenario may")
	flags.DurationVar(&o.limit, "limit", 0, "how long a scenario may take, as a `duration`, and the audit, unless the run was longer; by default what the project says, and 2,000 hours of virtual time")

	flags.StringVar(&o.tagged, "tagged", "", "run only scenarios that match this tag `expression`, such as '@competing and not @slow'")
	flags.StringVar(&o.only, "only", "", "run only what stands `here`: path:line of a feature, rule, scenario or row, several with commas between them")
	flags.BoolVar(&o.reverse, "reverse", false, "run everything backwards")
	flags.Uint64Var(&o.seed, "seed", 0, "repeat the shuffled order, or the faults, with this `number`; -shuffle=on shuffles")
	flags.StringVar(&o.faultSpec, "faults", "", "have things go wrong: a `list` such as conflict,lost-reply=0.3,slow=20ms, or all; "+
		"the run prints its seed. There are "+kinds())

	flags.IntVar(&o.retries, "retries", 0, "try a scenario that fails so many `times` again; one that passes then is flaky, and not passed")
	flags.StringVar(&o.retryTagged, "retry-tagged", "", "try only those again that match this tag `expression`")
	flags.IntVar(&o.flakyBudget, "flaky-budget", 0, "fail if more scenarios than this `number` are flaky; 0 tolerates all")

	flags.IntVar(&o.explore, "explore", 0, "in TestExplore, try this `number` of orders and faults, from -seed on")
	flags.IntVar(&o.matrix, "matrix", 0, "in TestEveryScenarioHoldsUnderEveryFault, try this `number` of seeds, from -seed on, of each kind of -faults, or of all")
	flags.BoolVar(&o.steps, "steps", false, "list all steps with their uses, and run nothing")
	flags.StringVar(&o.messages, "messages", "", "write the run as Cucumber Messages, one JSON object a line, to this `file`, which may be relative to the folder where go test is called (on other systems than Linux, which do not tell it, to that of go.mod); with -count the last run, or the first that failed")
	flags.StringVar(&o.junit, "junit", "", "write the run as JUnit XML to this `file`; its folder and -count as with -messages")
	flags.StringVar(&o.summary, "summary", "", "write what ran, and how the store was brought up, to this `file`; its folder as with -messages")
}

// kinds lists the kinds of faults, for the help text.
func kinds() string {
	var names []string
	for _, kind := range faults.Kinds() {
		names = append(names, string(kind.Kind)+" ("+kind.About+")")
	}
	return strings.Join(names, ", ")
}

// complaints are what is wrong with flags.
type complaints []error

// add adds one if there is reason to.
func (c *complaints) add(wrong bool, format string, args ...any) {
	if wrong {
		*c = append(*c, fmt.Errorf(format, args...))
	}
}

// check refuses what does not go together, and fills in what follows from the
// flags.
func (o *options) check() error {
	var wrong complaints
	wrong.add(o.flags.NArg() > 0, "%q is no flag, and what comes after it was not read: put quotation marks around a value that has blanks in it", o.flags.Arg(0))
	o.checkGround(&wrong)
	o.checkSelection(&wrong)
	wrong.add(o.time != "real" && o.time != "virtual", "-time is %q: choose real or virtual", o.time)
	wrong.add(o.virtual() && o.store != harness.Memory, "-time virtual does not go with -store %s: only the memory store is in the same process as its clock", o.store)
	wrong.add(o.limit < 0, "-limit is %v: a scenario needs some time", o.limit)
	o.checkReactor(&wrong)
	for _, f := range o.given("explore", "matrix") {
		negative := strings.HasPrefix(f.value, "-")
		wrong.add(negative, "-%s is %s: say how many seeds to try, or leave it out", f.flag, f.value)
		wrong.add(!negative && o.store != harness.Memory, "-%s does not go with -store %s: it needs virtual time, which only the memory store has", f.flag, o.store)
	}
	spec, err := faults.Parse(o.faultSpec)
	wrong.add(err != nil, "-faults: %w", err)
	wrong.add(err == nil && o.faultSpec != "" && spec.IsZero(), "-faults %s lets nothing go wrong, since every rate is 0: leave it out", o.faultSpec)
	if outside := spec.Outside(); o.processes > 0 {
		wrong.add(!spec.IsZero() && outside.IsZero(), "-faults %s does not go with -reactor %s: what is in another process cannot be made to fail like this; choose among %s",
			o.faultSpec, o.reactor, specOf("all").Outside())
		spec = outside
	}
	o.faults = spec
	if o.seed == 0 && o.seedMatters() {
		o.seed = shortSeed()
		if n, err := strconv.ParseUint(shuffle(), 10, 64); err == nil && n > 0 {
			o.seed = n // go test has one already
		}
	}
	return errors.Join(wrong...)
}

// checkGround looks at the names of what scenarios may run on.
func (o *options) checkGround(wrong *complaints) {
	names := o.storeNames()
	wrong.add(!slices.Contains(names, o.store), "-store is %q: choose %s; a project names its stores in Project.Stores", o.store, oneOf(names))
	wrong.add(o.way != "" && !slices.Contains(harness.Ways(), o.way), "-provision is %q: choose %s", o.way, oneOf(harness.Ways()))
}

// storeNames are what -store may be.
func (o *options) storeNames() []string {
	names := []string{harness.Memory}
	for _, store := range o.stores {
		names = append(names, store.Name)
	}
	return names
}

// chosen is the store that -store names.
func (o *options) chosen() harness.Store {
	for _, store := range o.stores {
		if store.Name == o.store {
			return store
		}
	}
	return harness.Store{}
}

// oneOf is a list to choose from: a, b or c.
func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// checkSelection looks at what is to be run, in which order, and how often.
func (o *options) checkSelection(wrong *complaints) {
	for _, f := range o.given("tagged", "retry-tagged") {
		_, err := gherkin.ParseTags(f.value)
		wrong.add(err != nil, "-%s: %w", f.flag, err)
	}
	wrong.add(o.retries < 0, "-retries is %d: say how many times to try again, or leave it out", o.retries)
	wrong.add(o.flakyBudget < 0, "-flaky-budget is %d: say how many scenarios may be flaky, or leave it out", o.flakyBudget)
	wrong.add(o.retries == 0 && (o.retryTagged != "" || o.flakyBudget > 0), "-retry-tagged and -flaky-budget do nothing without -retries")
	wrong.add(o.reverse && shuffled(), "-reverse does not go with -shuffle: choose one order")
}

// seedMatters tells whether a seed decides something in every run with these flags.
func (o *options) seedMatters() bool { return !o.faults.IsZero() || o.explore > 0 || shuffled() }

// order is the seed of the order of a run, counted from 0: with -count each has
// another, unless the seed is also that of the faults.
func (o *options) order(run int) uint64 {
	if !o.faults.IsZero() {
		return o.seed
	}
	return o.seed + uint64(run) //nolint:gosec // it is not negative
}

// inProcess and binary are what -reactor may be besides a number; a command has
// foreign in front.
const (
	inProcess = "inprocess"
	binary    = "binary"
	foreign   = "exec:"
)

// mostProcesses is far more than anybody has use for.
const mostProcesses = 16

// checkReactor reads -reactor.
func (o *options) checkReactor(wrong *complaints) {
	count, command, isCommand := o.reactor, "", false
	if before, after, found := strings.Cut(o.reactor, foreign); found && (before == "" || strings.HasSuffix(before, "*")) {
		count, command, isCommand = strings.TrimSuffix(before, "*"), after, true
	}
	switch {
	case o.reactor == inProcess:
		o.processes = 0
	case o.reactor == binary, isCommand && count == "":
		o.processes = 1
	default:
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || n > mostProcesses {
			wrong.add(true, "-reactor is %q: choose %s, %s, from 1 to %d processes, exec:COMMAND, or as many of it as in 3*exec:COMMAND", o.reactor, inProcess, binary, mostProcesses)
			return
		}
		o.processes = n
	}
	for _, f := range o.given("reactor-signal", "reactor-stop-limit") {
		wrong.add(!isCommand, "-%s does nothing without -reactor exec:COMMAND", f.flag)
	}
	wrong.add(o.signal != "TERM" && o.signal != "INT", "-reactor-signal is %q: choose TERM or INT", o.signal)
	wrong.add(o.stopLimit < 0, "-reactor-stop-limit is %v: a program needs some time to stop", o.stopLimit)
	if o.processes > 0 && o.store == harness.Memory {
		wrong.add(true, "-reactor %s does not go with -store %s: another process cannot see it", o.reactor, o.store)
		return
	}
	if isCommand {
		program, err := harness.Command(command, o.chosen())
		if err != nil {
			wrong.add(true, "-reactor %s: %w", o.reactor, err)
			return
		}
		program.Signal, program.StopLimit = o.signal, o.stopLimit
		o.program = program
	}
}

// shuffled tells whether go test is to shuffle.
func shuffled() bool { return shuffle() != "off" }

// shuffle is go test's flag: on, off, or a seed.
func shuffle() string {
	if f := flag.Lookup("test.shuffle"); f != nil {
		return f.Value.String()
	}
	return "off"
}

// shortSeed is a seed that somebody can type.
func shortSeed() uint64 { return rand.Uint64N(1_000_000) + 1 }

// virtual tells whether time costs nothing.
func (o *options) virtual() bool { return o.time == "virtual" }

// locations is the list of -only.
func (o *options) locations() []string {
	if o.only == "" {
		return nil
	}
	return strings.Split(o.only, ",")
}

// harness is what the flags ask of the harness. What a flag means to it is said
// here and nowhere else; one that changes how a scenario runs also belongs to
// the commands of repeat.go.
func (o *options) harness(system harness.System) harness.Options {
	if o.program != nil {
		system.Program = o.program
	}
	options := harness.Options{
		System:    system,
		Store:     o.chosen(),
		Way:       o.way,
		Log:       slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Virtual:   o.virtual(),
		Processes: o.processes,
		Faults:    o.faults,
		// In virtual time the seed then decides everything.
		Schedule: o.virtual() && !o.faults.IsZero(),
		Seed:     o.seed,
		Record:   o.messages != "",
	}
	if !o.faults.IsZero() && !o.virtual() {
		options.CheckpointInterval = someCheckpoints
	}
	return options
}

// someCheckpoints is how often a reactor saves its checkpoints in a fault run where
// time is real: often enough that some can go wrong before the run is over.
const someCheckpoints = 100 * time.Millisecond

// unsupported says which scenarios cannot be run, by their tags.
func (o *options) unsupported(tags []string) (reason string, skip bool) {
	return unsupported(o.store, o.virtual(), tags)
}

// unsupported reads tags such as @skip-on-messagedb:needs-an-exact-wait.
func unsupported(store string, virtual bool, tags []string) (reason string, skip bool) {
	if slices.Contains(tags, VirtualTime) && !virtual {
		return "days pass in it, and here time cannot be made to pass", true
	}
	for _, tag := range tags {
		if reason, found := strings.CutPrefix(tag, "@skip-on-"+store+":"); found {
			return strings.ReplaceAll(reason, "-", " "), true
		}
	}
	return "", false
}
