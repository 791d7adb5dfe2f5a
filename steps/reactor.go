package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
)

// reactorStates is what happens to the reactor, its feed and its reads.
func reactorStates(r *gherkin.Registrar, d *desk) {
	r.Given("the visits to the stays are paused", d.stopReactor)
	r.When("the visits go on", d.startReactor)
	r.Given("the system is stopped", d.stopReactor)
	r.When("the system starts again", d.startReactor)
	r.When("the system is stopped and started again", d.restartReactor)
	r.Given("the system is going to break down after {count} write(s)", d.breakAfter)
	r.When("the system has broken down", d.awaitBroken)
	r.When("the feed delivers {group} again", d.deliverAgain)
	r.Given("the store refuses what the system writes", d.refuseWrites)
	r.When("the store accepts again what the system writes", d.acceptWrites)
	r.Given("the system's next {count} read(s) of {group} miss(es) what was written", d.lag)
}

func reactorChecks(r *gherkin.Registrar, d *desk) {
	r.Then("the system was called {count} time(s) for {group}", d.calledTimes)
}

func (d *desk) stopReactor(ctx context.Context) error {
	d.reactor = down
	return d.world.StopReactor(ctx)
}

func (d *desk) startReactor(ctx context.Context) error {
	d.reactor = working
	return d.world.StartReactor(ctx)
}

func (d *desk) restartReactor(ctx context.Context) error {
	if err := d.stopReactor(ctx); err != nil {
		return err
	}
	return d.startReactor(ctx)
}

func (d *desk) breakAfter(ctx context.Context, writes count) error {
	return d.world.BreakReactorAfter(ctx, int(writes))
}

func (d *desk) awaitBroken(ctx context.Context) error {
	d.reactor = down
	return d.world.AwaitBroken(ctx)
}

func (d *desk) deliverAgain(ctx context.Context, g group) error {
	stream, err := d.knownStream(g)
	if err != nil {
		return err
	}
	return d.world.DeliverAgain(ctx, stream)
}

func (d *desk) lag(reads count, g group) error {
	return d.world.Lag(d.stream(g), int(reads))
}

func (d *desk) refuseWrites() error {
	d.reactor = down // as far as anybody can see
	return d.world.RefuseWrites(true)
}

func (d *desk) acceptWrites() error {
	d.reactor = working
	return d.world.RefuseWrites(false)
}

func (d *desk) calledTimes(ctx context.Context, want count, g group) error {
	stream, err := d.knownStream(g)
	if err != nil {
		return err
	}
	return d.world.Exactly(ctx, func(context.Context) error {
		calls, excused := d.world.Calls(stream), d.world.Excused(stream)
		if calls < int(want) || calls-excused > int(want) {
			return fmt.Errorf("got %s of the system for %s, %d of which may be owed to injected faults, want %d", plural.Of(calls, "call"), g, excused, want)
		}
		return nil
	})
}

// foreignEvents is what other programs write to the same store.
func foreignEvents(r *gherkin.Registrar, d *desk) {
	r.Given("another program writes an event of the unknown type {string} to {stay}", d.foreignStayEvent)
	r.Given("another program writes an event of the unknown type {string} to {group}", d.foreignGroupEvent)
	r.When("the older program visits {stay} for {group}", d.olderVisit)
	r.When("the older program merges {stay} into {group}", d.olderMerge)
}

func (d *desk) foreignStayEvent(ctx context.Context, eventType string, s stay) error {
	return d.writeForeign(ctx, d.stayService().Stream(d.idOf(s)), eventType)
}

func (d *desk) foreignGroupEvent(ctx context.Context, eventType string, g group) error {
	return d.writeForeign(ctx, d.stream(g), eventType)
}

// olderVisit hands a stay over as the program does that this one grew out of: it
// passes over the refusal of a stay that was not on record.
func (d *desk) olderVisit(ctx context.Context, s stay, g group) error {
	_, err := d.olderTransfer(ctx, s, g)
	return err
}

// olderMerge is olderVisit, recorded by the group.
func (d *desk) olderMerge(ctx context.Context, s stay, g group) error {
	residual, err := d.olderTransfer(ctx, s, g)
	if err != nil {
		return err
	}
	merged := groupcheckout.StaysMerged{Residuals: []groupcheckout.Residual{{Stay: d.idOf(s), Residual: residual}}}
	return write[groupcheckout.Event](ctx, d, d.stream(g), groupcheckout.Codec(), merged)
}

func (d *desk) olderTransfer(ctx context.Context, s stay, g group) (domain.Money, error) {
	state, err := d.stayService().Read(ctx, d.idOf(s))
	if err != nil {
		return domain.Money{}, err
	}
	transfer := gueststay.TransferredToGroup{At: d.moment(), GroupID: d.groupID(g), ResidualBalance: state.Balance()}
	return state.Balance(), write[gueststay.Event](ctx, d, d.stayService().Stream(d.idOf(s)), gueststay.Codec(), transfer)
}

// write appends an event that no decision of this program would have written.
func write[E any](ctx context.Context, d *desk, stream es.StreamName, codec *es.Codec[E], event E) error {
	kind, body, err := codec.Encode(event)
	if err != nil {
		return err
	}
	return d.append(ctx, stream, es.EventData{ID: uuid.New(), Type: kind, Data: body, Time: d.moment().Time()})
}

// writeForeign appends an event that no codec here knows.
func (d *desk) writeForeign(ctx context.Context, stream es.StreamName, eventType string) error {
	return d.append(ctx, stream, es.EventData{ID: uuid.New(), Type: eventType, Data: []byte(`{"by":"another program"}`), Time: d.moment().Time()})
}

// append appends an event to whatever a stream holds.
func (d *desk) append(ctx context.Context, stream es.StreamName, event es.EventData) error {
	for {
		events, err := d.world.Store().Read(ctx, stream, 0, es.FromLeader)
		if err != nil {
			return err
		}
		_, err = d.world.Store().Append(ctx, stream, es.Version(len(events)), []es.EventData{event})
		if !isA[*es.ConflictError](err) {
			return err
		}
	}
}

// passage is about time that passes. It is the world's time, which the clerks'
// notes do not depend on.
func passage(r *gherkin.Registrar, d *desk) {
	r.When("{duration} pass(es)", d.pass)
	r.Then("within {duration} {stays} is/are merged into {group}", d.mergedWithin)
}

func (d *desk) pass(ctx context.Context, length time.Duration) error {
	return d.world.Pass(ctx, length)
}

// mergedWithin checks the outcome, and that it did not take too long.
func (d *desk) mergedWithin(ctx context.Context, limit time.Duration, stays []stay, g group) error {
	return d.world.Within(ctx, limit, func(ctx context.Context) error { return d.areMerged(ctx, stays, g) })
}
