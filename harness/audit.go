package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
)

// Left is what scenarios that are over have left behind, for [System.Audit]. Its
// zero fields have left nothing.
type Left struct {
	Reader  es.Reader       // of the store
	Streams []es.StreamName // of these scenarios

	backend *stores.Backend
	pause   func(context.Context) error    // where a feed gets no further
	from    map[feed.Tranche]feed.Position // where the feed was before the first of them
	endings map[es.StreamName]*finish      // of the scenarios of these streams
	ends    map[feed.Tranche]feed.Position // where the feed was when the audit began
}

// finish is where the reactor of a scenario was when the scenario was over.
type finish struct {
	group       string // the reactor's name
	checkpoints map[feed.Tranche]feed.Position
}

// Deliveries visits what the store's feed delivers of these streams, in its order.
// A feed that only tells that there are events delivers them without their bodies.
func (l Left) Deliveries(ctx context.Context, visit func(es.StreamName, es.Event)) error {
	mine := make(map[es.StreamName]bool, len(l.Streams))
	for _, stream := range l.Streams {
		mine[stream] = true
	}
	return l.walk(ctx, l.from, func(d feed.Delivery) {
		if mine[d.Stream] {
			visit(d.Stream, d.Event)
		}
	})
}

// Passed tells which events of a stream the checkpoint of the scenario's reactor
// lay behind when the scenario ended, so that the reactor would never be told of them
// again: those below a version. The reactor went by the name of group.
func (l Left) Passed(ctx context.Context, stream es.StreamName) (group string, below es.Version, err error) {
	over := l.endings[stream]
	if over == nil {
		return "", 0, nil
	}
	// Deliveries have no positions of their own, so the feed is read again from the
	// checkpoint on: of what there is, what does not come lies before it.
	first := es.Version(math.MaxInt64)
	note := func(d feed.Delivery) {
		if d.Stream == stream {
			first = min(first, d.Event.Index)
		}
	}
	if err := l.walk(ctx, over.checkpoints, note); err != nil {
		return "", 0, err
	}
	there := func(d feed.Delivery) {
		if d.Stream == stream {
			below = max(below, d.Event.Index+1)
		}
	}
	if err := l.walk(ctx, l.from, there); err != nil {
		return "", 0, err
	}
	return over.group, min(below, first), nil
}

// walk visits what the feed delivers from some positions on.
func (l Left) walk(ctx context.Context, from map[feed.Tranche]feed.Position, visit func(feed.Delivery)) error {
	for _, tranche := range slices.Sorted(maps.Keys(l.ends)) {
		for at := from[tranche]; at < l.ends[tranche]; {
			batch, err := l.backend.Source.Read(ctx, tranche, at)
			if err != nil {
				return fmt.Errorf("read the feed again: %w", err)
			}
			for _, d := range batch.Events {
				visit(d)
			}
			if batch.Next > at {
				at = batch.Next
			} else if err := l.pause(ctx); err != nil {
				return fmt.Errorf("tranche %s of the feed was read up to %d, and nothing more came, though it ends at %d: %w", tranche, at, l.ends[tranche], err)
			}
		}
	}
	return nil
}

// AuditError says what is wrong with what scenarios have left behind, and in which
// of them.
type AuditError struct {
	Err  error // in the words of whoever found it
	text string
}

func (e *AuditError) Error() string { return "the audit failed: " + e.text }

func (e *AuditError) Unwrap() error { return e.Err }

// Audit proves what the scenarios that ended since the audit before have left
// behind: what the system itself audits, and that the reactor has kept the promises
// that the package's comment lists. The error is an [*AuditError], which names the
// scenarios.
func (h *Harness) Audit(ctx context.Context) error {
	errs := h.breaches()
	ends, err := endsOf(ctx, h.site.Backend.Source)
	if err != nil {
		errs = append(errs, fmt.Errorf("find the end of the feed: %w", err))
	}
	past, alone := h.journal.settle()
	if audit := h.options.System.Audit; audit != nil && err == nil {
		errs = append(errs, audit(ctx, h.site.left(past, h.from, ends)))
	}
	if alone && err == nil {
		h.from = ends // no scenario has begun that the next audit is to see all of
	}
	if shared, inProcess := h.shared.(*runner); inProcess {
		errs = append(errs, shared.lives(ctx))
	}
	return append(past, h.journal.present()...).explain(errors.Join(errs...))
}

// auditAlone audits a scenario that has a store of its own.
func (w *World) auditAlone(ctx context.Context) error {
	audit := w.harness.options.System.Audit
	over, err := w.finish(ctx)
	past := w.harness.journal.disown(w, over)
	if audit == nil {
		return nil
	}
	ends, unknown := endsOf(ctx, w.site.Backend.Source)
	if err := errors.Join(err, unknown); err != nil {
		return err
	}
	return past.explain(audit(ctx, w.site.left(past, nil, ends)))
}

// breaches are the promises that were seen broken since they were asked for last.
func (h *Harness) breaches() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	broken := h.broken
	h.broken = nil
	return broken
}

// lives returns an error if the reactor should run and has ended.
func (r *runner) lives(ctx context.Context) error {
	life := r.life()
	if life.phase != running {
		return nil
	}
	select {
	case <-life.ended:
		return errors.Join(errors.New("the reactor ended by itself"), life.reactor.Wait(ctx))
	default:
		return nil
	}
}

// finish is where the scenario's reactor is now.
func (w *World) finish(ctx context.Context) (*finish, error) {
	if w.harness.options.System.Audit == nil || w.site == nil {
		return nil, nil //nolint:nilnil // nobody asks
	}
	backend := w.site.Backend
	tranches, err := backend.Source.Tranches(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the tranches of the feed: %w", err)
	}
	over := &finish{w.group, map[feed.Tranche]feed.Position{}}
	for _, tranche := range tranches {
		position, _, err := backend.Checkpoints.Load(ctx, feed.Key{Source: backend.Source.ID(), Tranche: tranche, Group: w.group})
		if err != nil {
			return nil, fmt.Errorf("read the reactor's checkpoint of tranche %s: %w", tranche, err)
		}
		over.checkpoints[tranche] = position
	}
	return over, nil
}

// left is what scenarios have left behind on a site.
func (s *Site) left(past past, from, ends map[feed.Tranche]feed.Position) Left {
	l := Left{
		Reader: s.Backend.Events, backend: s.Backend, from: from, ends: ends, endings: map[es.StreamName]*finish{},
		pause: func(ctx context.Context) error { return pause.For(ctx, cmp.Or(s.TailPause, ShortPause)) },
	}
	for _, known := range past {
		l.Streams = append(l.Streams, known.stream)
		if known.finish != nil {
			l.endings[known.stream] = known.finish
		}
	}
	return l
}

// past are the streams of scenarios that are over, and what is known of them; or
// of some that are not, to tell of them in their words.
type past []known

// known is a stream that belongs to a scenario.
type known struct {
	stream es.StreamName
	label  string // what the scenario calls it; may be empty
	title  string // of the scenario
	finish *finish
}

// explain puts the scenarios' words for streams in the place of their names. A nil
// error stays nil.
func (p past) explain(err error) error {
	if err == nil {
		return nil
	}
	// Of names of which one begins with the other, the longer comes first.
	p = slices.Clone(p)
	slices.SortFunc(p, func(a, b known) int {
		return cmp.Or(cmp.Compare(len(b.stream.String()), len(a.stream.String())), strings.Compare(a.stream.String(), b.stream.String()))
	})
	all := err.Error()
	p = slices.DeleteFunc(p, func(k known) bool { return !strings.Contains(all, k.stream.String()) })
	lines := strings.Split(all, "\n")
	for i, line := range lines {
		lines[i] = p.inWords(line)
	}
	for _, k := range p {
		if k.label != "" {
			lines = append(lines, fmt.Sprintf("  %s of %s is the stream %s", k.label, k.title, k.stream))
		}
	}
	return &AuditError{err, strings.Join(lines, "\n")}
}

// inWords tells a line in the scenarios' words. Each scenario is named once, with
// the first of its streams.
func (p past) inWords(line string) string {
	var text strings.Builder
	named := map[string]bool{}
	for line != "" {
		at, found := len(line), known{}
		for _, k := range p {
			if i := strings.Index(line, k.stream.String()); i >= 0 && i < at {
				at, found = i, k
			}
		}
		text.WriteString(line[:at])
		if at == len(line) {
			break
		}
		text.WriteString(cmp.Or(found.label, found.stream.String()))
		if !named[found.title] {
			named[found.title] = true
			text.WriteString(" in " + found.title)
		}
		line = line[at+len(found.stream.String()):]
	}
	return text.String()
}
