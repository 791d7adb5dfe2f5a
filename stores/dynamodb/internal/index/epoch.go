package index

import (
	"fmt"
	"time"

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
	streams map[string]known
	closed  bool
}

func newContents() *contents { return &contents{streams: map[string]known{}} }

// fold adds an event that was written at a time.
func (c *contents) fold(event epochEvent, at time.Time) {
	c.closed = c.closed || event.closed
	for s := range event.spans() {
		k := known{int32(s.Index), int32(s.Next()), at.Unix()}
		if earlier, ok := c.streams[s.Stream]; ok {
			k = earlier.and(k)
		}
		c.streams[s.Stream] = k
	}
}

// Gap is events that nobody announced to the index: the table's stream of
// changes lost them.
type Gap struct {
	Stream string
	From   es.Version // the first that is missing
	Until  es.Version // the first behind them that is there
}

// fit divides runs, of which the epoch holds nothing, into those that it can take and
// those that would leave a gap in it, which readers on .NET do not accept. Between
// two epochs they do.
func (c *contents) fit(runs []Span) (now, later []Span) {
	ends := map[string]es.Version{}
	for _, run := range runs {
		end, ran := ends[run.Stream]
		if here, known := c.streams[run.Stream]; !ran && known {
			end, ran = here.nextIndex(), true
		}
		if ran && run.Index > end {
			later = append(later, run)
			continue
		}
		ends[run.Stream] = run.Next()
		now = append(now, run)
	}
	return now, later
}

// decide divides runs, of which the epoch holds nothing, into streams that are
// new to the epoch and streams that are not.
func (c *contents) decide(runs []Span) ingested {
	event := ingested{Add: []Span{}, App: []Span{}}
	added := map[string]bool{}
	for _, run := range runs {
		if _, known := c.streams[run.Stream]; known || added[run.Stream] {
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
	return bytes > l.Bytes || version >= l.Version || len(c.streams)+len(event.Add)+len(event.App) >= l.Streams
}
