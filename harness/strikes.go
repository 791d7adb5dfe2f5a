package harness

import (
	"context"
	"fmt"
	"sync"

	"example.com/groupcheckout/harness/faults"
)

// strikes is what goes wrong around processes in a fault run: at their gate they
// lose replies and connections, and some are killed there and replaced at once.
type strikes struct {
	processes *processes
	faults    *faults.Injector
	kills     chan struct{} // one is to be killed
	stop      context.CancelFunc
	replacing sync.WaitGroup
}

// starts is how often a reactor is started that ends while it starts, as it may when
// what others write has all connections cut. Whoever supervises a reactor does so.
const starts = 10

// strike begins with the strikes on processes. End them in the end.
func (h *Harness) strike(p *processes, key string) *strikes {
	s := &strikes{
		processes: p,
		faults: faults.New(faults.Config{
			Spec: h.options.Faults.Outside(), Seed: h.options.Seed, Name: p.journal.key, Only: h.options.Only,
		}),
		kills: make(chan struct{}, 1),
	}
	h.injects(s.faults)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.replacing.Go(func() { s.replace(ctx, h.breach) })
	p.gate.Judge(func() faults.Kind { return s.verdict(ctx, key+keyEnds+"what the processes write") })
	return s
}

// end ends the strikes. Nil has none.
func (s *strikes) end() {
	if s == nil {
		return
	}
	s.processes.gate.Judge(nil)
	s.faults.Rest()
	s.stop()
	s.replacing.Wait()
}

// verdict decides about an append at the gate.
func (s *strikes) verdict(ctx context.Context, gateName string) faults.Kind {
	kind := s.faults.AtGate(ctx, gateName)
	if kind == faults.Kill {
		select {
		case s.kills <- struct{}{}:
		default: // one is being killed already
		}
		return faults.LostReply // which the dead do not read
	}
	return kind
}

// replace kills one process after the other, when it is time, and starts another
// in its place, until ctx ends.
func (s *strikes) replace(ctx context.Context, breach func(error)) {
	for i := 0; ; i++ {
		select {
		case <-s.kills:
		case <-ctx.Done():
			return
		}
		if err := s.replaceOne(ctx, i); err != nil && ctx.Err() == nil {
			breach(fmt.Errorf("replace a process of the reactor that was killed: %w", err))
		}
	}
}

// replaceOne spares processes that a scenario has stopped or broken meanwhile.
func (s *strikes) replaceOne(ctx context.Context, i int) error {
	p := s.processes
	if err := p.turn.take(ctx); err != nil {
		return err
	}
	defer p.turn.pass()
	running := p.current()
	if running == nil {
		return nil
	}
	select {
	case <-p.gate.Broken():
		return nil
	default:
	}
	members := running.Members()
	for n := range members { // it is no strike to kill one that stands by
		if status, err := members[(i+n)%len(members)].Status(ctx); err == nil && !status.StandsBy {
			return running.Replace(ctx, (i+n)%len(members))
		}
	}
	return running.Replace(ctx, i%len(members))
}
