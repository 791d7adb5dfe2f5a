package messagedb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
)

// An append is lost when its connection breaks, or its transaction is cut off, after the
// request was sent and before the reply to COMMIT has come. The appends of one
// transaction are lost together, and looked for together, each by its own ids. To send
// one again would not tell: the same ids at the same version give a conflict, whoever
// wrote them. So we look, and there are three things to see:
//
//   - Our events stand at the version that we expected, ids and all. Then the
//     append was done, whatever became of the reply.
//   - Other events stand there. Then ours can never come to stand there, not
//     even if the server is still at work on them: it was a conflict.
//   - Nothing stands there. This alone proves nothing. The transaction may be
//     running, waiting for the category's lock, or not have been received yet
//     although we sent it, and it may commit a moment after we looked.
//
// In the third case the transaction has to be dead before we look for the last
// time. Taking the category's lock ourselves would wait for one that runs, but
// not for one whose request is still on its way. So we ask for the backend of
// the broken connection, by pid and start time: if the server no longer has
// it, nothing that was sent to it can have an effect any more; if it has, we
// terminate it, which a role may do to its own sessions, and wait until it is
// gone. A backend that is in the midst of committing finishes that first, and
// the commit is visible before the backend is gone. After a restart of the
// server, or on the replica that took over, the backend is gone from the
// start, and what such a server does not have it will not get. A commit that
// waits for a synchronous replica stops waiting when its backend is
// terminated: it counts as done once the leader shows it.
//
// No proof is to be had if no leader answers in time, if the role may not
// terminate the backend or see its own, or if a pooler is in between: then the
// backend that we know may be at work for others. The outcome is an
// [*es.UncertainError].

// settlePauses are those between two looks, at a server that does not answer yet or
// at a backend that is still there. They grow, since a server in recovery has many
// appends that want to know, and each look is a connection.
func settlePauses() *backoff.ExponentialBackOff {
	const first, longest = 20 * time.Millisecond, 500 * time.Millisecond
	return pause.Doubling(first, longest)
}

var (
	errNotLeader = errors.New("the server that answers is a replica")
	errPooled    = errors.New("a connection pooler hides which session of the server the append ran in, or the role may not see its own session in pg_stat_activity")
)

// settle finds out what became of the appends of a transaction. It returns the outcome
// of each: nil if it was written, and the error for its caller if it was not, or if
// that cannot be known.
func (s *Store) settle(ctx context.Context, writes []write, lost *lostReplyError) []error {
	ctx, cancel := context.WithTimeout(ctx, s.db.config.SettleTimeout)
	defer cancel()
	outcomes := make([]error, len(writes))
	for pauses := settlePauses(); ; {
		found, err := s.look(ctx, writes, lost.session)
		giveUp := errors.Is(err, errPooled) || hasCode(err, codeNoPrivilege)
		if err != nil && !giveUp && pause.For(ctx, pauses.NextBackOff()) == nil {
			continue
		}
		for i, w := range writes {
			switch {
			case found[i] == ours:
			case found[i] == theirs:
				outcomes[i] = &es.ConflictError{Stream: w.stream, Expected: w.expected, Actual: es.UnknownVersion}
			case err == nil:
				outcomes[i] = appendError(w, lost.err)
			default:
				outcomes[i] = uncertain(w, lost.err, err)
			}
		}
		return outcomes
	}
}

func uncertain(w write, cause, why error) error {
	return &es.UncertainError{Stream: w.stream, Expected: w.expected, Err: fmt.Errorf("%w (and it could not be settled: %w)", cause, why)}
}

// finding is what stands where an append wanted to write. The finding nothing
// is final if it comes without an error.
type finding int

const (
	nothing finding = iota
	ours
	theirs
)

// look makes a connection of its own: those of the pool may be as dead as the
// one that broke, or all be busy. The findings are there with an error too: what
// was found then is true, and what was not may be there all the same.
func (s *Store) look(ctx context.Context, writes []write, of session) ([]finding, error) {
	found := make([]finding, len(writes))
	conn, err := pgx.ConnectConfig(ctx, s.db.write.Config().ConnConfig)
	if err != nil {
		return found, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := pin(ctx, conn, ForWriting); err != nil {
		return found, err
	}
	missing, err := lookFor(ctx, conn, writes, found)
	if err != nil || !missing {
		return found, err
	}
	if err := end(ctx, conn, of); err != nil {
		return found, err
	}
	_, err = lookFor(ctx, conn, writes, found)
	return found, err
}

// lookFor looks where nothing was found so far, and tells whether there is nothing
// still.
func lookFor(ctx context.Context, conn *pgx.Conn, writes []write, found []finding) (missing bool, err error) {
	for i, w := range writes {
		if found[i] != nothing {
			continue
		}
		if found[i], err = whatStands(ctx, conn, w); err != nil {
			return true, err
		}
		missing = missing || found[i] == nothing
	}
	return missing, nil
}

// whatStands compares the ids at the place of the append.
func whatStands(ctx context.Context, conn *pgx.Conn, w write) (finding, error) {
	rows, err := conn.Query(ctx, "SELECT position, id FROM get_stream_messages($1, $2, $3)",
		w.stream.String(), int64(w.expected), len(w.events))
	if err != nil {
		return nothing, err
	}
	next, found := w.expected, ours
	var position int64
	var id string
	_, err = pgx.ForEachRow(rows, []any{&position, &id}, func() error {
		written, err := uuid.Parse(id)
		if index := int(next - w.expected); position != int64(next) || written != w.events[index].ID {
			found = theirs
		}
		next++
		return err
	})
	switch {
	case err != nil:
		return nothing, err
	case next == w.expected:
		return nothing, nil
	case next != w.after():
		// An append is written whole, so part of one is another's.
		return theirs, nil
	}
	return found, nil
}

// end returns once the session is no more. It terminates it if need be.
func end(ctx context.Context, conn *pgx.Conn, of session) error {
	if !of.direct {
		return errPooled
	}
	var replica bool
	if err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&replica); err != nil {
		return err
	}
	if replica {
		return errNotLeader
	}
	for pauses := settlePauses(); ; {
		tag, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2",
			of.pid, of.started)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		if pause.For(ctx, pauses.NextBackOff()) != nil {
			return ctx.Err()
		}
	}
}
