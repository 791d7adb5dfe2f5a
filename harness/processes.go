package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/harness/internal/process"
	"example.com/groupcheckout/reactor/feed"
)

// Program is how a system's reactor is run as a program.
type Program struct {
	// Package is that of its main function, such as "example.com/groupcheckout/cmd/reactor".
	// What such a program has to do, package process says.
	Package string
	// Path, in place of Package, is that of a program that is there already, from the
	// root of the module, or its name if it is on the PATH. It has to follow the feed
	// and to keep its checkpoints where Propulsion does; [Command] makes one of a command
	// line. It works in the root of the module.
	Path string
	// Command says how it follows a store under a name, as quickly as a scenario
	// wants it: the arguments, and what its environment has besides, where
	// secrets belong.
	Command func(target Target, group string) (args, env []string)
	// Signal has it stop; TERM unless given. StopLimit is how long that may take until
	// it is killed, which is an error; as long as the scenario unless given.
	Signal    string
	StopLimit time.Duration
}

// processes runs a reactor as the program that it is in production, in one or
// several processes under one name. Between them and the store is a gate, by which
// a scenario makes them break down.
type processes struct {
	site    *Site
	journal *journal
	program Program
	exe     string
	dir     string // where it works; empty for one that does not mind
	group   string
	n       int
	gate    Gate
	tail    *tail
	strikes *strikes // of a fault run, otherwise nil
	turn    turn     // of whoever starts, stops or replaces processes

	mu      sync.Mutex
	running *process.Group // nil while it is down
}

// turn is taken by one at a time.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the reactor is being started or stopped: %w", context.Cause(ctx))
	}
}

func (t turn) pass() { <-t }

// newProcesses prepares processes that follow a site from its present end. It
// starts none. Faults tell of them by the key. Close it in the end.
func (h *Harness) newProcesses(ctx context.Context, s *Site, group, key string) (_ *processes, err error) {
	group = inWords(group)
	p := &processes{
		site: s, journal: h.journal, program: *h.options.System.Program, exe: h.exe, dir: h.dir, group: group, n: h.options.Processes,
		turn: make(turn, 1),
	}
	if p.gate, err = s.Gate(ctx); err != nil {
		return nil, err
	}
	if p.tail, err = follow(ctx, s.Backend.Source, s.TailPause); err == nil {
		err = beginAtEnd(ctx, s.Backend, group)
	}
	if err != nil {
		return nil, errors.Join(err, p.close(ctx))
	}
	if !h.options.Faults.IsZero() {
		p.strikes = h.strike(p, key)
	}
	return p, nil
}

// inWords is the name of a group without blanks, which a program that others wrote may
// not take. An underscore would not do on DynamoDB.
func inWords(group string) string { return strings.ReplaceAll(group, " ", "-") }

// saved tells how far a group has come by its checkpoints.
func (p *processes) saved(group string) func(context.Context) (map[feed.Tranche]feed.Position, error) {
	return func(ctx context.Context) (map[feed.Tranche]feed.Position, error) {
		backend := p.site.Backend
		tranches, err := backend.Source.Tranches(ctx)
		if err != nil {
			return nil, err
		}
		positions := map[feed.Tranche]feed.Position{}
		for _, tranche := range tranches {
			key := feed.Key{Source: backend.Source.ID(), Tranche: tranche, Group: group}
			if positions[tranche], _, err = backend.Checkpoints.Load(ctx, key); err != nil {
				return nil, err
			}
		}
		return positions, nil
	}
}

// config is how the program is run under a name.
func (p *processes) config(group string, gated bool) process.Config {
	address := p.site.Address
	if gated {
		address = p.gate.URL()
	}
	args, env := p.program.Command(p.site.Target(address), group)
	config := process.Config{Path: p.exe, Args: args, Env: env, Dir: p.dir, Signal: p.program.Signal, StopLimit: p.program.StopLimit}
	if p.program.Path != "" {
		config.Saved = p.saved(group)
	}
	if p.strikes != nil {
		config.Starts = starts
	}
	return config
}

// start implements host.
func (p *processes) start(ctx context.Context) error {
	if err := p.turn.take(ctx); err != nil {
		return err
	}
	defer p.turn.pass()
	if p.current() != nil {
		return errors.New("the reactor is running already")
	}
	p.gate.Mend()
	started, err := process.StartGroup(ctx, p.n, p.config(p.group, true))
	if err == nil {
		p.become(started)
	}
	return err
}

// stop implements host.
func (p *processes) stop(ctx context.Context) error {
	if err := p.turn.take(ctx); err != nil {
		return err
	}
	defer p.turn.pass()
	stopped := p.become(nil)
	if stopped == nil {
		return nil
	}
	select {
	case <-p.gate.Broken():
		return stopped.Kill() // it is to end badly
	default:
		return stopped.Stop(ctx)
	}
}

// become replaces the processes that run, nil if it is down, and returns those that
// ran. The caller has the turn.
func (p *processes) become(running *process.Group) (ran *process.Group) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ran, p.running = p.running, running
	return ran
}

func (p *processes) current() *process.Group {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// close ends everything.
func (p *processes) close(ctx context.Context) error {
	p.strikes.end()
	err := p.stop(ctx)
	if p.tail != nil {
		p.tail.close()
	}
	return errors.Join(err, p.gate.Close())
}

// breakAfter implements host.
func (p *processes) breakAfter(ctx context.Context, n int) error {
	if err := p.turn.take(ctx); err != nil {
		return err
	}
	defer p.turn.pass()
	if p.current() == nil {
		return errors.New("the reactor does not run, so it cannot break down")
	}
	return p.gate.BreakAfter(n)
}

// awaitBroken implements host.
func (p *processes) awaitBroken(ctx context.Context) error {
	if p.current() == nil {
		return errors.New("the reactor was stopped, it did not break down")
	}
	select {
	case <-p.gate.Broken():
		if err := p.turn.take(ctx); err != nil {
			return err
		}
		defer p.turn.pass()
		return p.become(nil).Kill()
	case <-ctx.Done():
		return fmt.Errorf("the reactor has not broken down: %w", context.Cause(ctx))
	}
}

// exact implements host: what follows from work in another process cannot be
// watched.
func (p *processes) exact() bool { return false }

// await implements host.
func (p *processes) await(ctx context.Context, w *World) error {
	running := p.current()
	versions := p.journal.followed(w)
	if running == nil || len(versions) == 0 {
		return nil
	}
	// A reactor that is breaking down completes nothing more.
	ctx, cancel := context.WithCancelCause(ctx)
	broken := p.gate.Broken()
	var troubles error
	var watching sync.WaitGroup
	watching.Go(func() { troubles = p.watch(ctx, w, running, broken, cancel) })
	positions, err := p.tail.await(ctx, versions)
	if err == nil {
		err = running.AwaitCompleted(ctx, positions)
	}
	cancel(nil)
	watching.Wait()
	select {
	case <-broken:
		return nil
	default:
	}
	if err != nil && troubles != nil {
		return fmt.Errorf("%w\n%w", troubles, err)
	}
	return err
}

// watchEvery is how often processes are asked which streams they have trouble with, while
// a scenario waits for them.
const watchEvery = 500 * time.Millisecond

// watch looks after processes while a scenario waits for them, until ctx ends, and
// returns why they have not finished, as far as they say so: what they cannot handle or,
// of one without a page, what it wrote last. It ends the wait if there is no point in it.
func (p *processes) watch(ctx context.Context, w *World, running *process.Group, broken <-chan struct{}, giveUp context.CancelCauseFunc) (troubles error) {
	began := time.Now()
	ask := time.NewTicker(watchEvery)
	defer ask.Stop()
	for {
		select {
		case <-broken:
			giveUp(nil)
			return nil
		case <-ctx.Done():
			if p.program.Path != "" {
				return lastWords(running)
			}
			return troubles
		case <-ask.C:
		}
		if p.program.Path != "" {
			continue // it has no page to ask
		}
		if found, known := p.troubles(ctx, w, running, began); known {
			troubles = nil
			if len(found) > 0 {
				troubles = found[0].error()
			}
			if p.strikes == nil && slices.ContainsFunc(found, func(t *trouble) bool { return t.isHopeless(hopelessCallsAway) }) {
				giveUp(errHopeless)
			}
		}
	}
}

// errHopeless ends a wait in which the reactor cannot handle a stream. The error of the
// handler comes before it.
var errHopeless = errors.New("it was not waited for any longer, since each attempt fails")

// troubles are those that processes have with the streams of a scenario that has waited
// since it began, the one with the most attempts first. They are not known while one does
// not answer.
func (p *processes) troubles(ctx context.Context, w *World, running *process.Group, began time.Time) (found []*trouble, known bool) {
	for _, member := range running.Members() {
		status, err := member.Status(ctx)
		if err != nil {
			return nil, false
		}
		for _, t := range status.Troubled {
			stream, err := es.ParseStreamName(t.Stream)
			if err != nil {
				continue
			}
			if e := p.journal.read(stream); e.owner == w {
				since := time.Now().Add(-time.Duration(t.For * float64(time.Second)))
				if since.Before(began) {
					since = began // before that somebody may have written to it
				}
				cause := errors.New(cmp.Or(t.Cause, "the handler returned an error without a text"))
				found = append(found, &trouble{about: cmp.Or(e.label, t.Stream), err: cause, times: t.Attempts, since: since})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *trouble) int { return cmp.Compare(b.times, a.times) })
	return found, true
}

// lastWords is the last line that programs without a page have written, nil if they
// are silent. A scenario that waits for one in vain begins with it: all that is known of
// its reason may be there.
func lastWords(running *process.Group) error {
	for _, member := range running.Members() {
		lines := strings.Split(strings.TrimSpace(member.Output()), "\n")
		if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
			return fmt.Errorf("the reactor has not finished, and wrote last: %s", last)
		}
	}
	return nil
}

// deliverAgain implements host: one more process under another name reads the feed
// from before the stream began.
func (p *processes) deliverAgain(ctx context.Context, w *World, stream es.StreamName) error {
	events, err := w.store.Read(ctx, stream, 0, es.FromLeader)
	if err != nil {
		return err
	}
	positions, err := p.tail.await(ctx, map[es.StreamName]es.Version{stream: es.Version(len(events))})
	if err != nil {
		return err
	}
	group := "again-" + uuid.NewString()
	tranche, first := p.tail.first(stream)
	if err := beginAtEnd(ctx, p.site.Backend, group); err != nil {
		return err
	}
	key := feed.Key{Source: p.site.Backend.Source.ID(), Tranche: tranche, Group: group}
	if err := p.site.Backend.Checkpoints.Save(ctx, key, first); err != nil {
		return err
	}
	more, err := process.Start(ctx, p.config(group, false))
	if err != nil {
		return err
	}
	err = more.AwaitCompleted(ctx, positions)
	return errors.Join(err, more.Stop(ctx))
}

// account implements host.
func (p *processes) account(ctx context.Context, w *World) string {
	running := p.current()
	if running == nil {
		return "the reactor is down"
	}
	text := ""
	for i, member := range running.Members() {
		text += fmt.Sprintf("process %d of the reactor", i+1)
		status, err := member.Status(ctx)
		if err != nil {
			text += fmt.Sprintf(" does not answer: %v\nits last lines:\n%s\n", err, member.Output())
			continue
		}
		for _, tranche := range status.Tranches {
			text += fmt.Sprintf("; tranche %s: %s", tranche.Tranche, tranche)
		}
		others := 0
		for _, trouble := range status.Troubled {
			if p.journal.isOf(w)(trouble.Stream) {
				text += failed(trouble.Stream, trouble.Attempts, trouble.Cause)
			} else {
				others++
			}
		}
		text += failing(others) + "\n"
	}
	return text
}

// injector implements host.
func (p *processes) injector() *faults.Injector {
	if p.strikes == nil {
		return nil
	}
	return p.strikes.faults
}

// storeOf implements host.
func (p *processes) storeOf(w *World, store es.Store) es.Store {
	return w.recorded(w.front(store, p.injector()))
}

// ownProcesses gives a scenario a store of its own, since processes cannot share
// one and leave some streams alone, and processes that follow it.
func (w *World) ownProcesses(ctx context.Context, group string) error {
	s, err := w.harness.server.Site(ctx, true)
	if err != nil {
		return errors.Join(err, s.close())
	}
	w.leave = func(context.Context) error { return s.close() }
	own, err := w.harness.newProcesses(ctx, s, group, w.key)
	if err != nil {
		return err
	}
	w.use(own, s)
	w.leave = func(ctx context.Context) error {
		return errors.Join(own.close(ctx), w.auditAlone(ctx), s.close())
	}
	return own.start(ctx)
}

// readsAtOnce bounds the reads with which a scenario is read back.
const readsAtOnce = 8

// readBack completes what is known of the scenario's streams with what reactors in
// other processes wrote to them. It does so as far as they can be read before the
// first error, which it returns.
func (w *World) readBack(ctx context.Context) error {
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	streams := w.harness.journal.claimed(w)
	stored := make([][]es.Event, len(streams))
	for i, stream := range streams {
		reads.Go(func() (err error) {
			stored[i], err = w.site.Backend.Events.Read(ctx, stream, 0, es.FromLeader)
			return err
		})
	}
	err := reads.Wait()
	for i, stream := range streams { // in the order in which the scenario met them
		w.harness.journal.complete(stream, stored[i])
	}
	return err
}
