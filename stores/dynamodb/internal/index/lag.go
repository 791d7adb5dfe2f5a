package index

import (
	"context"
	"fmt"
	"time"

	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

var _ feed.Lagger = (*Source)(nil)

// longestUnproven is how old a proof may be that everything is in the index.
const longestUnproven = time.Minute

// Lag implements [feed.Lagger]. How many events lie behind a position is known only if
// there are none: the index counts its own events, of which each has those of many
// streams. How old the first is its stream tells, which takes a read or two.
//
// Without an indexer nothing comes into the feed. That is known if the one that there
// was has given its lease back, or has not been heard of for long, and nothing was indexed
// since, or if there never was one and nothing is indexed. Whether a Lambda is at work cannot be seen, nor whether an
// indexer is behind that has reached the end of a shard into which nothing is written.
func (s *Source) Lag(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Lag, error) {
	if err := ctx.Err(); err != nil {
		return feed.Lag{}, err
	}
	partition, err := ParseTranche(tranche)
	if err != nil {
		return feed.Lag{}, fmt.Errorf("find the end of the index, tranche %q: %w", tranche, err)
	}
	end, indexed, err := s.endNear(ctx, partition, from)
	if err != nil {
		return feed.Lag{}, fmt.Errorf("find the end of the index, tranche %q: %w", tranche, err)
	}
	_, state, err := loadHeld(ctx, s.index, partition)
	if err != nil {
		return feed.Lag{}, fmt.Errorf("read the lease of the indexer, tranche %q: %w", tranche, err)
	}
	lag := feed.Lag{End: end, Events: -1}
	if end <= from {
		lag.Events = 0
	}
	if end > from {
		lag.Oldest = s.oldest(ctx, tranche, from, end)
	}
	now := time.Now()
	lag.Unproven = now.Sub(time.Time(state.Proven)) > longestUnproven
	lag.Silent = silence(end, state.Owner, time.Time(state.At), indexed, time.Duration(state.TTLMS)*time.Millisecond, now)
	return lag, nil
}

// oldestReads is in how many pages an event of the categories is looked for: those of
// others may lie before it.
const oldestReads = 4

// oldest is when the first event behind a position was appended, zero if that cannot be
// told now.
func (s *Source) oldest(ctx context.Context, tranche feed.Tranche, from, end feed.Position) time.Time {
	for range oldestReads {
		if s.config.Appended == nil || from >= end {
			return time.Time{}
		}
		batch, err := s.Read(ctx, tranche, from)
		if err != nil {
			return time.Time{}
		}
		if len(batch.Events) > 0 {
			first := batch.Events[0]
			at, err := s.config.Appended(ctx, first.Stream, first.Event.Index)
			if err != nil {
				return time.Time{}
			}
			return at
		}
		if batch.Next == from {
			return time.Time{}
		}
		from = batch.Next
	}
	return time.Time{}
}

// endNear is the end of a partition. It is looked for in the epoch of a position first,
// where it nearly always is: that takes one read rather than two. It tells too when
// something was indexed last, zero if nothing was.
func (s *Source) endNear(ctx context.Context, partition Partition, from feed.Position) (end feed.Position, indexed time.Time, err error) {
	epoch, _ := splitPosition(from)
	tip, err := s.index.Tip(ctx, table.NoTip(epochStream(partition, epoch)), true)
	switch {
	case err != nil:
		return 0, time.Time{}, err
	case tip.Exists() && !endsEpoch(tip):
		end = positionOf(epoch, tip.Version())
	default: // it may be before that epoch too
		if end, tip, err = endOf(ctx, s.index, partition); err != nil {
			return 0, time.Time{}, err
		}
	}
	indexed, err = lastIndexed(ctx, s.index, partition, end, tip)
	return end, indexed, err
}

// silence says why nothing new comes into the feed; empty unless that is known.
func silence(end feed.Position, owner string, heartbeat, indexed time.Time, ttl time.Duration, now time.Time) string {
	const remedy = "start one, with the reactor (--with-indexer) or by itself (reactor index dynamo)"
	switch {
	case heartbeat.IsZero() && end == 0:
		return "nothing was ever indexed, and no indexer is at work: " + remedy
	case elsewhere(end, heartbeat, indexed, ttl):
		return ""
	case owner == "":
		return fmt.Sprintf("no indexer is at work since %s: %s", heartbeat.UTC().Format(time.RFC3339), remedy)
	case now.Sub(heartbeat) > 2*ttl:
		return fmt.Sprintf("the indexer %s was last heard of at %s: %s", owner, heartbeat.UTC().Format(time.RFC3339), remedy)
	}
	return ""
}
