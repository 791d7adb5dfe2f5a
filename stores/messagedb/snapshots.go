package messagedb

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
)

// Snapshots lie where Equinox.MessageDb puts its adjacent ones: those of the stream
// Order-1 in the stream Order:snapshot-1, the newest last, each with the metadata
// {"streamVersion":41} if it stands for the events up to that of position 41, and the id of
// that event, which Equinox does not mind. That stream is of another category, so no feed of
// orders has it, and nobody who reads orders minds it.

var _ es.Snapshotter = (*Store)(nil)

// snapshotsOf is the name of the stream of the snapshots of a stream.
func snapshotsOf(stream es.StreamName) string {
	return stream.Category() + ":snapshot-" + stream.ID()
}

// snapshotMeta is the metadata of a snapshot.
type snapshotMeta struct {
	StreamVersion *int64 `json:"streamVersion"` // as Message DB counts: -1 for an empty stream
	// Event is the id of the last event that it stands for. If that place of the stream has
	// another one now, the stream was set back and went on in another way. Equinox keeps none.
	Event string `json:"event,omitempty"`
}

// snapshotPosition is the position that stands for a snapshot among events.
const snapshotPosition = -1

// newestSnapshotSQL gives the newest snapshot of a type, if there is one. Behind it stands what gives
// a page of the events from the last one that it stands for: if that is there, the stream has
// reached the snapshot's version. Metadata that is no version is none, and all events are given.
//
// It does not call get_last_stream_message, which plans its query anew in each call: with
// it a short stream took twice as long to read as without snapshots.
const newestSnapshotSQL = `WITH snapshot AS MATERIALIZED (
		SELECT type, data::varchar, metadata::varchar, id::varchar, time,
			CASE WHEN metadata ->> 'streamVersion' ~ '^[0-9]{1,18}$' THEN (metadata ->> 'streamVersion')::bigint ELSE 0 END AS covers
		FROM messages WHERE stream_name = $2 AND type = $3 ORDER BY position DESC LIMIT 1)
	SELECT -1::bigint, type, data, metadata, id, time FROM snapshot
	UNION ALL `

// ReadSnapshots implements [es.Snapshotter]. All streams are asked for in one round trip,
// as with [Store.ReadMany], and their snapshots with them.
func (s *Store) ReadSnapshots(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
	pool := s.pool(freshness)
	what := plural.Of(len(streams), "stream")
	for _, stream := range streams {
		if stream.IsZero() {
			return nil, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
		}
		if len(streams) == 1 {
			what = stream.String()
		}
	}
	pages, err := onceMore(ctx, pool, func() ([][]es.Event, error) { return s.firstSnapshots(ctx, streams, snapshotType, pool) })
	if err != nil {
		return nil, readError(what, err)
	}
	all := make([]es.Snapshotted, len(streams))
	for i, page := range pages {
		if all[i], err = s.fromSnapshot(ctx, streams[i], page, pool); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// firstSnapshots reads a page of each of several streams, with their snapshots.
func (s *Store) firstSnapshots(ctx context.Context, streams []es.StreamName, snapshotType string, pool *pgxpool.Pool) ([][]es.Event, error) {
	all := make([][]es.Event, len(streams))
	var batch pgx.Batch
	for i, stream := range streams {
		batch.Queue(s.db.sql.snapshot, stream.String(), snapshotsOf(stream), snapshotType, s.db.config.BatchSize).Query(func(rows pgx.Rows) (err error) {
			all[i], err = pgx.CollectRows(rows, scanEvent)
			return err
		})
	}
	return all, pool.SendBatch(ctx, &batch).Close()
}

// fromSnapshot makes of a page what it stands for, and reads the pages behind it.
func (s *Store) fromSnapshot(ctx context.Context, stream es.StreamName, page []es.Event, pool *pgxpool.Pool) (found es.Snapshotted, err error) {
	var more bool
	if len(page) > 0 && page[0].Index == snapshotPosition {
		row := page[0]
		more = len(page) == 1+s.db.config.BatchSize
		version, event := standsFor(row)
		found.Snapshot = es.Snapshot{Version: version, Type: row.Type, Data: row.Data}
		if version == 0 || len(page) == 1 || page[1].Index != version-1 || event != "" && page[1].ID.String() != event {
			// Its version is not to be read, or the stream has not reached it, or not in that way.
			found.Snapshot, page, more = es.Snapshot{}, nil, true
		} else {
			page = page[2:]
		}
	} else {
		more = len(page) == s.db.config.BatchSize
	}
	found.Events = page
	if more {
		next := found.Snapshot.Version + es.Version(len(page))
		found.Events, err = s.readFrom(ctx, stream, next, page, pool)
	}
	return found, err
}

// standsFor is the version that a snapshot stands for, 0 if its metadata do not tell, and
// the id of the event in front of that, "" if they do not tell that.
func standsFor(row es.Event) (version es.Version, event string) {
	var meta snapshotMeta
	if err := json.Unmarshal(row.Meta, &meta); err != nil || meta.StreamVersion == nil ||
		*meta.StreamVersion < 0 || *meta.StreamVersion >= math.MaxInt64/10 {
		return 0, ""
	}
	return es.Version(*meta.StreamVersion + 1), meta.Event
}

// AppendSnapshot implements [es.Snapshotter]. The snapshot is written behind the append, in
// a transaction of its own, before this returns, which takes no longer than
// [Config.SettleTimeout] more.
func (s *Store) AppendSnapshot(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
	after, err := s.Append(ctx, stream, expected, events)
	if err != nil || !taking.Due(expected, after) {
		return after, err
	}
	data, err := taking.State()
	if err == nil {
		err = s.writeSnapshot(ctx, stream, es.Snapshot{Version: after, Type: taking.Type, Data: data}, events[len(events)-1].ID)
	}
	taking.Ended(err)
	return after, nil
}

// writeSnapshot writes a snapshot behind those that there are, whichever they are. last is
// the event in front of its version.
func (s *Store) writeSnapshot(ctx context.Context, stream es.StreamName, snapshot es.Snapshot, last uuid.UUID) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write a snapshot of %s: %w", stream, err)
	}
	// What is on its way is not cut off for a caller that hangs up: that would cost the
	// connection.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.db.config.SettleTimeout)
	defer cancel()
	covers := int64(snapshot.Version) - 1
	meta, err := json.Marshal(snapshotMeta{&covers, last.String()})
	if err == nil {
		_, err = s.db.write.Exec(ctx, writeSQL, uuid.NewString(), snapshotsOf(stream), snapshot.Type, jsonb(snapshot.Data), jsonb(meta), nil)
	}
	if err != nil {
		return fmt.Errorf("write a snapshot of %s: %w", stream, err)
	}
	return nil
}
