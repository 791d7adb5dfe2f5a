package faults

import (
	"context"

	"example.com/groupcheckout/internal/pause"
)

// Outside is what is left of a spec where the reactor is in a process of its own,
// whose store, feed and handlers nobody can wrap: what can go wrong for its clients,
// and at a gate between it and the store.
func (s Spec) Outside() Spec { return s.Just(Conflict, LostReply, Slow, Stale, Throttle, Kill, Cut) }

// sparedAtGate is how many appends go through a gate after a fault. It is not known
// there for which stream they are, so this is what makes a run end.
const sparedAtGate = 10

// AtGate decides what an append meets that passes a gate on its way from a process
// to the store: [Kill], [Cut] or [LostReply], or nothing, which is empty. If the
// store is to be [Slow] it waits first. Appends are counted as they come, by the
// name of the gate. What becomes of the append is the caller's to see to.
func (i *Injector) AtGate(ctx context.Context, name string) Kind {
	t, ok := i.endlessTurn(scope{role: Reactor, gate: name}, name, appending)
	if !ok {
		return ""
	}
	if i.slows(t, Slow) && pause.For(ctx, i.config.Spec.of(Slow).delay) != nil {
		return ""
	}
	if t.count >= i.spared(t.account, 0) {
		for _, kind := range []Kind{Kill, Cut, LostReply} {
			if i.injects(t, kind, "") {
				i.spared(t.account, t.count+1+sparedAtGate)
				return kind
			}
		}
	}
	i.succeeded(t)
	return ""
}

// spared is the count below which appends at a gate go through; it is moved on to
// another, never back.
func (i *Injector) spared(a *account, below int) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	a.spared = max(a.spared, below)
	return a.spared
}
