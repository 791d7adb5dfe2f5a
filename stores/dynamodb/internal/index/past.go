package index

import (
	"context"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// known is what an index, or a part of it, has of a stream.
type known struct {
	from, next int32 // the events from the one to before the other, without a gap
	at         int64 // when the last of them was indexed, in seconds
}

func (k known) nextIndex() es.Version { return es.Version(k.next) }

func (k known) fromIndex() es.Version { return es.Version(k.from) }

// and is what two parts of an index have together, of which other is the later.
// Behind a gap it is only what comes behind.
func (k known) and(other known) known {
	if other.from > k.next {
		return other
	}
	joined := known{from: min(k.from, other.from), next: k.next, at: k.at}
	if other.next >= k.next {
		joined.next, joined.at = other.next, other.at
	}
	return joined
}

// past is what the closed epochs hold, from one of them on up to the one that is
// written.
type past struct {
	from    Epoch // the lowest that is part of it; everything is if that is 0
	streams map[string]known
}

// older adds the epoch before, newer the one behind.
func (p *past) older(c *contents) {
	for stream, k := range c.streams {
		if later, ok := p.streams[stream]; ok {
			k = k.and(later)
		}
		p.streams[stream] = k
	}
	p.from--
}

func (p *past) newer(c *contents) {
	for stream, k := range c.streams {
		if earlier, ok := p.streams[stream]; ok {
			k = earlier.and(k)
		}
		p.streams[stream] = k
	}
}

// readEpoch reads an epoch.
func readEpoch(ctx context.Context, index *table.Table, epoch Epoch, consistent bool) (*contents, table.Tip, error) {
	s, err := index.Load(ctx, epochStream(onlyPartition, epoch), 0, consistent)
	if err != nil {
		return nil, table.Tip{}, err
	}
	c := newContents()
	return c, s.Tip, c.foldAll(s)
}

// foldAll folds events of an epoch's stream.
func (c *contents) foldAll(s table.Stream) error {
	for _, e := range s.Events {
		event, err := decodeEpochEvent(s.Tip.Stream(), e)
		if err != nil {
			return err
		}
		c.fold(event, e.Time)
	}
	return nil
}

// know makes sure that what the index has of the streams of runs is known, and so
// reads back through the epochs as far as it takes: one for a stream that begins,
// since a restart may repeat what came just before the end of an epoch, and for any
// other until the stream is found.
func (g *Ingester) know(ctx context.Context, runs []Span) error {
	for _, run := range runs {
		for g.past.from > 0 {
			_, here := g.contents.streams[run.Stream]
			_, earlier := g.past.streams[run.Stream]
			if here || earlier || run.Index == 0 && g.past.from < g.epoch {
				break
			}
			if err := g.lookBack(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// knowAll reads back to the beginning of the index.
func (g *Ingester) knowAll(ctx context.Context) error {
	for g.past.from > 0 {
		if err := g.lookBack(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lookBack reads the epoch before those that are known.
func (g *Ingester) lookBack(ctx context.Context) error {
	// The last one may have been closed a moment ago.
	c, _, err := readEpoch(ctx, g.index, g.past.from-1, g.past.from == g.epoch)
	if err != nil {
		return err
	}
	g.past.older(c)
	return nil
}

// has is what the index is known to have of a stream, wherever that is.
func (g *Ingester) has(stream string) (k known, ok bool) {
	earlier, before := g.past.streams[stream]
	here, now := g.contents.streams[stream]
	switch {
	case before && now:
		return earlier.and(here), true
	case now:
		return here, true
	}
	return earlier, before
}

// clockTolerance is by how much the clocks of AWS, of writers and of the indexer may
// differ. AWS refuses requests of those that are off by more than five minutes.
const clockTolerance = 15 * time.Minute
