package index

import (
	"fmt"

	"example.com/groupcheckout/es"
)

// Limits say when an epoch ends. A zero field means the default named with it,
// which is that of Propulsion.
type Limits struct {
	Bytes   int        // more than so many bytes of events, by the estimate of the table; default 1 MiB
	Version es.Version // so many events, or more; default 5,000
	Streams int        // so many streams, or more; default 100,000
}

// withDefaults fills in the defaults. An epoch must not grow into the positions
// of the next one; its last append may add two events.
func (l Limits) withDefaults() (Limits, error) {
	const most = maxEpochEvents - 2
	if l.Bytes < 0 || l.Streams < 0 || l.Version < 0 || l.Version > most {
		return l, fmt.Errorf("limits of an epoch: bytes %d and streams %d must not be negative, and version %d must lie between 0 and %d",
			l.Bytes, l.Streams, l.Version, most)
	}
	if l.Bytes == 0 {
		l.Bytes = 1 << 20
	}
	if l.Version == 0 {
		l.Version = 5_000
	}
	if l.Streams == 0 {
		l.Streams = 100_000
	}
	return l, nil
}

// contents is what an epoch holds: a fold of its events.
type contents struct {
	next   map[string]es.Version // behind the last event that is known of each stream
	closed bool
}

func newContents() *contents { return &contents{next: map[string]es.Version{}} }

func (c *contents) fold(event epochEvent) {
	c.closed = c.closed || event.closed
	for s := range event.spans() {
		c.next[s.Stream] = s.Next()
	}
}

// Gap is events that nobody announced to the index: the table's stream of
// changes lost them.
type Gap struct {
	Stream string
	From   es.Version // the first that is missing
	Until  es.Version // the first behind them that is there
}

// gaps are the holes between what is known of a stream and its runs, and
// between runs. What the epoch before knew of a stream counts as long as this
// one does not know it; nil if that is not known.
func (c *contents) gaps(runs []Span, before map[string]es.Version) []Gap {
	var gaps []Gap
	ends := map[string]es.Version{} // behind the runs that were looked at
	for _, run := range runs {
		next, known := c.next[run.Stream]
		if !known {
			next, known = before[run.Stream]
		}
		if end, ran := ends[run.Stream]; ran {
			next, known = max(next, end), true
		}
		if known && run.Index > next {
			gaps = append(gaps, Gap{run.Stream, next, run.Index})
		}
		ends[run.Stream] = run.Next()
	}
	return gaps
}

// rest is what the epoch does not hold of runs. It tells how many events that
// leaves out.
func (c *contents) rest(runs []Span) (rest []Span, duplicates int) {
	for _, run := range runs {
		s := run
		if next, known := c.next[run.Stream]; known {
			s = run.since(next)
		}
		duplicates += len(run.Types) - len(s.Types)
		if len(s.Types) > 0 {
			rest = append(rest, s)
		}
	}
	return rest, duplicates
}

// decide divides runs, of which the epoch holds nothing, into streams that are
// new to the epoch and streams that are not.
func (c *contents) decide(runs []Span) ingested {
	event := ingested{Add: []Span{}, App: []Span{}}
	added := map[string]bool{}
	for _, run := range runs {
		if _, known := c.next[run.Stream]; known || added[run.Stream] {
			event.App = append(event.App, run)
			continue
		}
		added[run.Stream] = true
		event.Add = append(event.Add, run)
	}
	return event
}

// closes tells whether an epoch ends with an event. The bytes and the version
// are those from before it is written.
func (l Limits) closes(c *contents, bytes int, version es.Version, event ingested) bool {
	return bytes > l.Bytes || version >= l.Version || len(c.next)+len(event.Add)+len(event.App) >= l.Streams
}
