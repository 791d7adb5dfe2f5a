package faults_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// moved is the only event: clients note, and the reactor counts what was noted.
type moved struct {
	Noted   int `json:"noted"`
	Counted int `json:"counted"`
}

type balance struct{ Noted, Counted int }

func jars(name string, store es.Store) *es.Category[balance, moved] {
	return es.NewCategory(name, es.NewCodec(es.On("Moved", func(e moved) moved { return e })), balance{},
		func(b balance, events []moved) balance {
			for _, e := range events {
				b.Noted += e.Noted
				b.Counted += e.Counted
			}
			return b
		}, store, es.Options{})
}

// counter counts what was noted in a jar, and copies the count to a ledger. It may
// be called any number of times.
type counter struct{ jars, ledgers *es.Category[balance, moved] }

func (c counter) Handle(ctx context.Context, stream es.StreamName, _ []es.Event) (es.Version, error) {
	jar, err := c.jars.Decider(stream.ID())
	if err != nil {
		return 0, err
	}
	total := 0
	version, err := jar.TransactVersion(ctx, func(b balance) ([]moved, error) {
		total = b.Noted
		if b.Noted == b.Counted {
			return nil, nil
		}
		return []moved{{Counted: b.Noted - b.Counted}}, nil
	})
	if err != nil {
		return 0, err
	}
	ledger, err := c.ledgers.Decider(stream.ID())
	if err != nil {
		return 0, err
	}
	return version, ledger.Transact(ctx, func(b balance) ([]moved, error) {
		if b.Counted >= total {
			return nil, nil
		}
		return []moved{{Counted: total - b.Counted}}, nil
	})
}

// rig is a reactor with faults around it, in a bubble of testing/synctest.
type rig struct {
	truth       *memory.Store
	checkpoints *memory.Checkpoints
	source      feed.Source
	injector    *faults.Injector
	store       es.Store // of the reactor

	mu      sync.Mutex
	retired map[es.StreamName]es.Version
	stop    context.CancelFunc
	cuts    int
	died    map[faults.Kind]int // panics of the handler
	over    bool
}

const streams, notes = 6, 4

func newRig(t *testing.T, spec string, seed uint64) *rig {
	t.Helper()
	parsed, err := faults.Parse(spec)
	check.Must(t, err)
	r := &rig{truth: memory.New(), checkpoints: memory.NewCheckpoints(), retired: map[es.StreamName]es.Version{}, died: map[faults.Kind]int{}}
	r.source, err = r.truth.Source(memory.SourceConfig{Categories: []string{"Jar"}, BatchSize: 5})
	check.Must(t, err)
	r.injector = faults.New(faults.Config{Spec: parsed, Seed: seed, Kill: r.kill, Cut: func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.cuts++
	}})
	r.store = r.injector.Store(r.truth, faults.Reactor)
	return r
}

func (r *rig) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop()
}

// Observe implements reactor.Observer.
func (r *rig) Observe(o reactor.Occurrence) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch o := o.(type) {
	case reactor.Retired:
		r.retired[o.Stream] = max(r.retired[o.Stream], o.UpTo)
	case reactor.Returned:
		if panicked, ok := errors.AsType[*reactor.PanicError](o.Err); ok {
			if fault, ok := panicked.Value.(*faults.Error); ok {
				r.died[fault.Kind]++
			}
		}
	default: // the rest does not matter
	}
}

// run starts the reactor, and again when it was killed, until it is over.
func (r *rig) run(t *testing.T, source feed.Source, checkpoints feed.Checkpoints) {
	t.Helper()
	for {
		ctx, stop := context.WithCancel(context.Background())
		r.mu.Lock()
		r.stop = stop
		if r.over {
			stop()
		}
		over := r.over
		r.mu.Unlock()
		if over {
			return
		}
		handler := counter{jars("Jar", r.store), jars("Ledger", r.store)}
		started, err := reactor.Start(ctx, source, checkpoints, handler, reactor.Config{Group: "counter", Observer: r, Pauses: reactor.GrowingPauses(50*time.Millisecond, 30*time.Second, 0)})
		if err != nil {
			t.Error(err)
			return
		}
		if err := started.Wait(context.Background()); err != nil {
			r.mu.Lock()
			over := r.over
			r.mu.Unlock()
			if over {
				t.Errorf("the reactor ended with %v, want no error", err)
			}
		}
		stop()
	}
}

// note has a client note once in each jar.
func (r *rig) note(t *testing.T) {
	t.Helper()
	clerk := jars("Jar", r.injector.Store(r.truth, faults.Client))
	for i := range streams {
		jar, err := clerk.Decider(fmt.Sprint(i))
		check.Must(t, err)
		err = jar.Transact(t.Context(), func(balance) ([]moved, error) { return []moved{{Noted: i + 1}}, nil })
		if err != nil {
			t.Errorf("a client met %v, want no error", err)
		}
	}
}

// behind says what is not as it should be in the end; empty if all is.
func (r *rig) behind(t *testing.T) (complaint string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	truth := jars("Jar", r.truth)
	for i := range streams {
		jar, err := truth.Decider(fmt.Sprint(i))
		check.Must(t, err)
		b, version, err := jar.QueryVersion(t.Context())
		check.Must(t, err)
		if want := (balance{(i + 1) * notes, (i + 1) * notes}); b != want || r.retired[jar.Stream()] != version {
			complaint += fmt.Sprintf("%s holds %v, want %v; handled to %d of %d\n", jar.Stream(), b, want, r.retired[jar.Stream()], version)
		}
		ledger, err := jars("Ledger", r.truth).Decider(fmt.Sprint(i))
		check.Must(t, err)
		copied, err := ledger.Query(t.Context())
		check.Must(t, err)
		if copied.Counted != b.Noted {
			complaint += fmt.Sprintf("%s holds %d, want %d\n", ledger.Stream(), copied.Counted, b.Noted)
		}
	}
	return complaint
}

// live runs the whole story: clients note while the reactor counts, in an order
// that the seed decides, until all is counted and the checkpoint says so.
func (r *rig) live(t *testing.T, seed uint64) {
	t.Helper()
	schedule := faults.NewSchedule(seed, nil)
	source := schedule.Source(r.injector.Source(r.source))
	checkpoints := schedule.Checkpoints(r.injector.Checkpoints(r.checkpoints))
	r.store = schedule.Store(r.store)
	r.note(t) // so that there is something to read again after an early kill
	var running sync.WaitGroup
	running.Go(func() { r.run(t, source, checkpoints) })
	for range notes - 1 {
		time.Sleep(7*time.Second + 1) // longer than from one checkpoint to the next
		r.note(t)
	}
	complaint := "never looked"
	for range 60 { // checkpoints are saved in that time too
		time.Sleep(10 * time.Second)
		if complaint = r.behind(t); complaint == "" {
			break
		}
	}
	if complaint != "" {
		t.Errorf("in the end\n%s", complaint)
	}
	r.injector.Rest()
	r.mu.Lock()
	r.over = true
	r.stop()
	r.mu.Unlock()
	running.Wait()
	end, err := r.source.End(t.Context(), "Jar")
	check.Must(t, err)
	key := feed.Key{Source: r.source.ID(), Tranche: "Jar", Group: "counter"}
	if saved, _, err := r.checkpoints.Load(t.Context(), key); err != nil || saved != end {
		t.Errorf("the checkpoint is %d, want %d (error %v)", saved, end, err)
	}
}

// story runs the whole story in a bubble, and returns the faults.
func story(t *testing.T, spec string, seed uint64) (log []faults.Injected) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, spec, seed)
		r.live(t, seed)
		log = r.injector.Log()
	})
	return log
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
