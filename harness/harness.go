package harness

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/harness/internal/history"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/proxy"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
)

// Options says what to run, on which store, and how to bring that up.
type Options struct {
	System System       // required
	Store  Store        // by default the memory store
	Way    string       // the only one of [Ways] to bring it up; empty: the first that works
	Log    *slog.Logger // what bringing up does; nobody if nil

	// Virtual says that the harness is opened, used and closed in a bubble of
	// testing/synctest, where time costs nothing: the reactor then makes the
	// pauses of production. Only the memory store can be used in one.
	Virtual bool
	// Processes, unless it is 0, is in how many processes the reactor runs, under
	// one name, as the program that System.Program says.
	Processes int
	// Faults are what is to go wrong, and Seed says when: the same seed, on
	// memory in virtual time, gives the same run. Of a reactor in processes there
	// are those of [faults.Spec.Outside].
	Faults faults.Spec
	Seed   uint64
	// Only has the last word on each fault, if given; see faults.Config.
	Only func(faults.Injected) bool
	// Schedule has the seed also decide in which order goroutines get on, where
	// time is virtual.
	Schedule bool
	// CheckpointInterval is how often the reactor saves its checkpoints; the
	// default is that of production, and a minute in virtual time.
	CheckpointInterval time.Duration
	// Record keeps the evidence of each scenario for the reports; see
	// [World.Close].
	Record bool
}

// Harness is a store that was brought up with the reactor running on it. Calls
// may overlap.
type Harness struct {
	options Options
	how     string
	exact   bool // a check that follows a wait need not be made again
	server  *Server
	site    *Site
	through *stores.Backend // the site's store as reactors of this process see it, perhaps through a proxy
	cut     func()          // cuts the connections of all of them; nil where there is no proxy
	cuts    atomic.Int64    // how often that was done
	journal *journal
	history *history.Recorder
	cache   *es.Cache
	exe     string // the reactor as a program, where it runs in processes
	dir     string // where it works; empty for one that does not mind
	shared  host
	group   string                         // the name of the reactor that scenarios share
	from    map[feed.Tranche]feed.Position // where the feed was before the scenarios that are to be audited
	retries atomic.Int64
	closers []func() error // in the order of opening

	mu        sync.Mutex
	broken    []error            // promises of the reactor that were seen broken
	injectors []*faults.Injector // of a fault run, one for each reactor
}

// Open brings a store up and starts the reactor on it. The error says what was
// tried. Close the harness in the end.
func Open(ctx context.Context, options Options) (*Harness, error) {
	if options.System.Start == nil || len(options.System.Categories) == 0 {
		return nil, errors.New("the harness was given no system: Options.System needs Start and Categories")
	}
	h := &Harness{
		options: options,
		history: history.NewRecorder(),
		cache:   es.NewCache(0, 0),
	}
	h.journal = newJournal(options.System, h.breach)
	err := h.bringUp(ctx)
	h.closers = append(h.closers, h.site.close)
	if err == nil {
		err = h.goThroughProxy(ctx)
	}
	h.journal.truthful = options.Processes == 0 && h.cut == nil
	if err == nil {
		err = h.startShared(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, h.Close(context.WithoutCancel(ctx)))
	}
	return h, nil
}

func (h *Harness) bringUp(ctx context.Context) error {
	store := h.options.Store
	if h.options.Virtual && !store.InProcess() {
		return fmt.Errorf("time cannot be virtual on the store %q: it is not in this process; use memory", store.Name)
	}
	if h.options.Processes > 0 {
		switch {
		case h.options.System.Program == nil:
			return errors.New("the system has no program that could run in a process of its own: System.Program is not set")
		case store.InProcess():
			return errors.New("a reactor in a process of its own cannot see the memory store: use messagedb or dynamodb")
		case !h.options.Faults.IsZero() && h.options.Faults.Outside().IsZero():
			return fmt.Errorf("none of the faults %s can be injected around a reactor that is in another process", h.options.Faults)
		}
	}
	need := Need{Categories: h.options.System.Categories, Processes: h.options.Processes > 0, Way: h.options.Way, Log: h.options.Log}
	var err error
	if h.exact = store.InProcess(); h.exact {
		h.server = inMemory(need)
	} else if h.server, err = store.BringUp(ctx, need); err != nil {
		return err
	}
	h.closers = append(h.closers, h.server.Close)
	h.how = h.server.How
	if h.options.Virtual {
		h.how += ", in virtual time"
	}
	h.site, err = h.server.Site(ctx, false)
	return err
}

// startShared starts the reactor that scenarios share.
func (h *Harness) startShared(ctx context.Context) error {
	group := "harness " + uuid.NewString()
	h.group = group
	var err error
	if h.from, err = endsOf(ctx, h.site.Backend.Source); err != nil {
		return err
	}
	if h.options.Processes > 0 {
		if h.exe, h.dir, err = h.options.System.Program.find(ctx); err != nil {
			return err
		}
		h.how += fmt.Sprintf("; the reactor in %s of its own", plural.Of(h.options.Processes, "process", "processes"))
		return h.startProcesses(ctx, group)
	}
	// It leaves alone the streams of scenarios with a reactor of their own, and
	// those of nobody.
	shared := h.newRunner(group, 0, func(s es.StreamName) bool {
		owner := h.journal.owner(s)
		return owner != nil && !owner.own
	})
	h.shared = shared
	h.closers = append(h.closers, func() error { return shared.stop(context.Background()) })
	if err := beginAtEnd(ctx, h.site.Backend, group); err != nil {
		return err
	}
	return shared.start(ctx)
}

func (h *Harness) startProcesses(ctx context.Context, group string) error {
	shared, err := h.newProcesses(ctx, h.site, group, "shared")
	if err != nil {
		return err
	}
	h.shared = shared
	h.closers = append(h.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), endLimit)
		defer cancel()
		return shared.close(ctx)
	})
	return shared.start(ctx)
}

// endLimit is how long processes may take to end in an orderly way before they are
// killed, which is an error. The reactor of this project cuts off what still runs
// after 30 s.
const endLimit = 2 * time.Minute

// Scenario is what the harness has to know of one.
type Scenario struct {
	// Key names the scenario in reports, and is the same in each run.
	Key string
	// Title is how messages name it, such as `"A parcel is sent" (parcels.feature:12)`;
	// the key, unless it is given.
	Title string
	// OwnReactor gives the scenario a reactor of its own, which it may stop.
	OwnReactor bool
}

// World makes the surroundings of one scenario. Close it when the scenario is
// over, also if there is an error beside it.
func (h *Harness) World(ctx context.Context, scenario Scenario) (*World, error) {
	w := newWorld(h, scenario)
	group := "scenario " + uuid.NewString()
	w.group = group
	switch {
	case !scenario.OwnReactor:
		w.group = h.group
		w.use(h.shared, h.site)
		return w, nil
	case h.options.Processes > 0:
		return w, w.ownProcesses(ctx, group)
	}
	own := h.newRunner(group, 1, func(s es.StreamName) bool { return h.journal.owner(s) == w })
	w.use(own, h.site)
	w.leave = own.stop
	if err := beginAtEnd(ctx, h.site.Backend, group); err != nil {
		return w, err
	}
	return w, own.start(ctx)
}

// How says in words how the store was brought up.
func (h *Harness) How() string { return h.how }

// Retries is how many checks had to be made again so far. On an exact store it
// is always 0.
func (h *Harness) Retries() int { return int(h.retries.Load()) }

// Injected lists the faults that were injected so far.
func (h *Harness) Injected() []faults.Injected {
	var all []faults.Injected
	for _, injector := range h.allInjectors() {
		all = append(all, injector.Log()...)
	}
	return all
}

// Occasions are how often each kind of fault could have come so far, by its rate.
func (h *Harness) Occasions() map[faults.Kind]int {
	all := map[faults.Kind]int{}
	for _, injector := range h.allInjectors() {
		for kind, n := range injector.Occasions() {
			all[kind] += n
		}
	}
	return all
}

func (h *Harness) allInjectors() []*faults.Injector {
	h.mu.Lock()
	defer h.mu.Unlock() // before anybody asks one: an injector asks the journal, and the journal reports breaches here
	return slices.Clone(h.injectors)
}

// Impossible says why there cannot be some of the kinds of faults that the options
// ask for.
func (h *Harness) Impossible() map[faults.Kind]string {
	reasons := map[faults.Kind]string{}
	if h.options.Faults.Has(faults.Cut) && h.options.Processes == 0 && h.cut == nil {
		reasons[faults.Cut] = "there are no connections to it that could be cut"
	}
	return reasons
}

// injects keeps an injector of a fault run.
func (h *Harness) injects(injector *faults.Injector) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.injectors = append(h.injectors, injector)
}

func (h *Harness) countRetries(n int) { h.retries.Add(int64(n)) }

// breach notes a promise of the reactor that was seen broken.
func (h *Harness) breach(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.broken = append(h.broken, err)
}

// Close stops the reactor and takes down what was brought up, also when the
// context has ended. The error also has the promises that were seen broken, and that
// no audit has told of.
func (h *Harness) Close(context.Context) error {
	err := closeAll(h.closers)
	h.closers = nil
	if broken := h.breaches(); len(broken) > 0 {
		err = errors.Join(fmt.Errorf("the reactor broke a promise: %w", errors.Join(broken...)), err)
	}
	return err
}

// goThroughProxy has the reactors of this process use the store through a proxy,
// if the faults of the run are to cut their connections. Scenarios do not go through
// it: whoever writes there has no second try.
func (h *Harness) goThroughProxy(ctx context.Context) error {
	h.through = h.site.Backend
	if !h.options.Faults.Has(faults.Cut) || h.site.Open == nil || h.options.Processes > 0 {
		return nil
	}
	fail := func(err error) error {
		return fmt.Errorf("put a proxy in front of the store, to cut connections: %w", err)
	}
	_, target, err := proxy.Redirect(h.site.Address, "127.0.0.1:0")
	if err != nil {
		return fail(err)
	}
	between, err := proxy.Listen(context.WithoutCancel(ctx), target, proxy.Config{})
	if err != nil {
		return fail(err)
	}
	h.closers = append(h.closers, func() error { between.Close(); return nil })
	redirected, _, err := proxy.Redirect(h.site.Address, between.Addr())
	if err != nil {
		return fail(err)
	}
	if h.through, err = h.site.Open(ctx, redirected); err != nil {
		return fail(err)
	}
	h.closers = append(h.closers, func() error { h.through.Close(); return nil })
	h.cut = func() {
		h.cuts.Add(1)
		between.Cut()
	}
	return nil
}
