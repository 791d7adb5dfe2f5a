package harness

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/livingdoc/evidence"
)

// World is what one scenario works with: streams of its own on the store, and
// the reactor that works for it. It is made by [Harness.World].
type World struct {
	harness  *Harness
	key      string
	title    string // for messages
	group    string // the name of the scenario's reactor
	own      bool   // the reactor is this scenario's alone
	host     host   // of the reactor that works for the scenario
	site     *Site
	leave    func(context.Context) error // ends a reactor of the scenario's own; nil if there is none
	store    es.Store
	step     atomic.Int64 // which one runs, from 0; -1 before the first
	refusing atomic.Bool  // the writes of the reactor are refused

	mu    sync.Mutex
	waits []evidence.Wait
}

// newWorld makes a world that has no reactor and no store yet.
func newWorld(h *Harness, scenario Scenario) *World {
	w := &World{harness: h, key: scenario.Key, title: cmp.Or(scenario.Title, fmt.Sprintf("%q", scenario.Key)), own: scenario.OwnReactor}
	w.step.Store(-1)
	h.journal.open(w)
	return w
}

// Store is where the scenario reads and writes. What it writes first belongs to
// it from then on.
func (w *World) Store() es.Store { return w.store }

// Options are how the scenario's services work.
func (w *World) Options() es.Options { return es.Options{Cache: w.harness.cache} }

// Name tells what the scenario calls a stream. It is called before the first
// write to it.
func (w *World) Name(stream es.StreamName, label string) {
	w.harness.journal.claim(stream, w)
	w.harness.journal.update(stream, func(e *entry) { e.label = label })
}

// As says who acts with a context, where several act on one stream side by side:
// otherwise it is a matter of chance which of them meets which fault. The history of a
// stream tells of them by these names.
func (w *World) As(ctx context.Context, who string) context.Context {
	return context.WithValue(faults.As(ctx, who), actorKey{}, who)
}

// Recording tells whether somebody is going to read the evidence.
func (w *World) Recording() bool { return w.harness.options.Record }

// Follow makes the world know which step of its scenario runs. Call it before
// the scenario's steps are bound.
func (w *World) Follow(sc *godog.ScenarioContext) {
	sc.StepContext().Before(func(ctx context.Context, _ *godog.Step) (context.Context, error) {
		w.step.Add(1)
		return ctx, nil
	})
}

// use gives the world its reactor and its store.
func (w *World) use(h host, s *Site) {
	w.host, w.site = h, s
	w.store = h.storeOf(w, s.Backend.Events)
}

// Close stops a reactor of the scenario's own and lets go of its streams. The error has
// what is wrong with their histories; see [HistoryError]. If the harness records, it
// attaches the evidence of the scenario to its report.
func (w *World) Close(ctx context.Context) error {
	err := w.judge(ctx)
	if w.host != nil && !w.host.exact() && w.Recording() {
		err = errors.Join(err, w.readBack(ctx))
	}
	if w.Recording() {
		err = errors.Join(err, w.leaveEvidence(ctx))
	}
	if w.leave != nil {
		err = errors.Join(err, w.leave(ctx))
	}
	over, unknown := (*finish)(nil), error(nil)
	if w.harness.journal.owns(w) {
		over, unknown = w.finish(ctx)
	}
	w.harness.history.Forget(w.harness.journal.claimed(w)...)
	w.harness.journal.release(w, over)
	return errors.Join(err, unknown)
}

// leaveEvidence attaches to the scenario's report what really happened.
func (w *World) leaveEvidence(ctx context.Context) error {
	w.mu.Lock()
	waits := append([]evidence.Wait{}, w.waits...) // never null in JSON
	w.mu.Unlock()
	for _, part := range []struct {
		mediaType, fileName string
		value               any
	}{
		{evidence.EventsMediaType, "events.json", evidence.Events{Streams: w.harness.journal.streams(w)}},
		{evidence.WaitsMediaType, "waits.json", evidence.Waits{Waits: waits}},
	} {
		text, err := json.Marshal(part.value)
		if err != nil {
			return fmt.Errorf("write %s of the scenario: %w", part.fileName, err)
		}
		gherkin.Attach(ctx, gherkin.Attachment{MediaType: part.mediaType, FileName: part.fileName, Text: string(text)})
	}
	return nil
}
