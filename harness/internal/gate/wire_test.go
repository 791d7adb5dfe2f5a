package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// turn is what a client sends without waiting, and how many appends have succeeded
// once it has read the answers.
type turn struct {
	messages []pgproto3.FrontendMessage
	want     int
}

// sends is a turn of these messages, which are given one by one or as lists.
func sends(want int, lists ...[]pgproto3.FrontendMessage) turn {
	return turn{messages: slices.Concat(lists...), want: want}
}

func query(sql string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{&pgproto3.Query{String: sql}}
}

// execute is the extended protocol's way to run a statement, without Sync.
func execute(sql string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{
		&pgproto3.Parse{Query: sql}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{},
	}
}

func synced(lists ...[]pgproto3.FrontendMessage) []pgproto3.FrontendMessage {
	return append(slices.Concat(lists...), &pgproto3.Sync{})
}

// writes is a statement that writes an event to a stream of that length.
func writes(stream es.StreamName, length int) string {
	return fmt.Sprintf("SELECT message_store.write_message('%s', '%s', 'Happened', '{}', NULL, %d)", uuid.NewString(), stream, length-1)
}

// guarded is a statement that writes an event if the stream has that length, and is an
// append of its own.
func guarded(stream es.StreamName, length int) string {
	return fmt.Sprintf(`SELECT v, CASE WHEN v = %d THEN message_store.write_message('%s', '%s', 'Happened', '{}', NULL, v) END
		FROM (SELECT coalesce(message_store.stream_version('%[3]s'), -1) AS v OFFSET 0) s`, length-1, uuid.NewString(), stream)
}

// listedSQL is a statement of several such appends to one stream, at the lengths of it that
// are in a list.
func listedSQL(stream es.StreamName) string {
	const sql = `SELECT v, CASE WHEN v = length - 1 THEN message_store.write_message(gen_random_uuid()::varchar, '%[1]s', 'Happened', '{}', NULL, v) END
		FROM (SELECT e.length, coalesce(message_store.stream_version('%[1]s'), -1) AS v FROM unnest($1::int[]) e(length) OFFSET 0) s`
	return fmt.Sprintf(sql, stream)
}

func listed(stream es.StreamName, lengths ...int) []pgproto3.FrontendMessage {
	return withList(listedSQL(stream), listOf(lengths))
}

func withList(sql, list string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{
		&pgproto3.Parse{Query: sql}, &pgproto3.Bind{Parameters: [][]byte{[]byte(list)}}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{},
	}
}

func listOf(numbers []int) string {
	return strings.NewReplacer("[", "{", "]", "}", " ", ",").Replace(fmt.Sprint(numbers))
}

// inserted is a statement of several appends, to streams with these numbers, that writes
// the rows itself.
func inserted(stream es.StreamName, numbers ...int) []pgproto3.FrontendMessage {
	const sql = `WITH e AS (
			SELECT n, coalesce((SELECT max(position) FROM message_store.messages WHERE stream_name = '%[1]s' || n), -1) AS v FROM unnest($1::int[]) n
		), w AS (
			INSERT INTO message_store.messages (stream_name, position, type) SELECT '%[1]s' || n, 0, 'Happened' FROM e WHERE v = -1 RETURNING stream_name
		)
		SELECT v, (SELECT 0 FROM w WHERE w.stream_name = '%[1]s' || n) FROM e`
	return withList(fmt.Sprintf(sql, stream), listOf(numbers))
}

// locked is the statement that goes ahead of those.
func locked(stream es.StreamName) []pgproto3.FrontendMessage {
	return slices.Concat(execute("BEGIN"), execute(fmt.Sprintf("SELECT message_store.acquire_lock('%s')", stream)))
}

// frontend is a client of a gate that sends just what it is told to.
func frontend(t *testing.T, g *Gate) *pgproto3.Frontend {
	t.Helper()
	conn, err := pgx.Connect(within(t), g.URL())
	check.Must(t, err)
	hijacked, err := conn.PgConn().Hijack()
	check.Must(t, err)
	t.Cleanup(func() { _ = hijacked.Conn.Close() })
	stop := context.AfterFunc(within(t), func() { _ = hijacked.Conn.Close() })
	t.Cleanup(func() { stop() })
	return hijacked.Frontend
}

// takes sends a turn and reads until everything is answered.
func takes(f *pgproto3.Frontend, turn turn) error {
	readies := 0
	for _, message := range turn.messages {
		switch message.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
			readies++
		}
		f.Send(message)
	}
	if err := f.Flush(); err != nil {
		return err
	}
	for readies > 0 {
		message, err := f.Receive()
		if err != nil {
			return err
		}
		if _, ready := message.(*pgproto3.ReadyForQuery); ready {
			readies--
		}
	}
	return nil
}

// turns are what clients do with one stream.
func turns(s es.StreamName) map[string][]turn {
	return map[string][]turn{
		"a simple query":                  {sends(1, query(writes(s, 0)))},
		"the extended protocol":           {sends(1, synced(execute(writes(s, 0))))},
		"several calls before one sync":   {sends(1, synced(execute(writes(s, 0)), execute(writes(s, 1))))},
		"several queries at once":         {sends(3, query(writes(s, 0)), query(writes(s, 1)), query(writes(s, 2)))},
		"a pipeline":                      {sends(2, synced(execute(writes(s, 0))), synced(execute(writes(s, 1))))},
		"one query with its transaction":  {sends(1, query("BEGIN; "+writes(s, 0)+"; COMMIT"))},
		"a commit that something follows": {sends(1, query("BEGIN; "+writes(s, 0)+"; COMMIT; SELECT 1/0"))},
		"commit sent apart":               {sends(0, query("BEGIN")), sends(0, synced(execute(writes(s, 0)))), sends(1, query("COMMIT"))},
		"commit with other statements":    {sends(1, synced(execute("BEGIN"), execute(writes(s, 0)), execute("COMMIT")))},
		"as Npgsql does on a connection of its pool": {
			sends(0, query("DISCARD ALL"), query("BEGIN"), synced(execute(writes(s, 0)))), sends(1, query("COMMIT")),
			sends(1, query("DISCARD ALL"), query("BEGIN"), synced(execute(writes(s, 1)), execute(writes(s, 2)))), sends(2, query("COMMIT")),
		},
		"the next transaction with the commit of the last": {
			sends(0, query("BEGIN"), query(writes(s, 0))), sends(1, query("COMMIT"), query("BEGIN"), query(writes(s, 1))), sends(2, query("COMMIT")),
		},
		"transactions in a row": {sends(2, query("BEGIN"), query(writes(s, 0)), query("COMMIT"), query("BEGIN"), query(writes(s, 1)), query("COMMIT"))},
		"several calls in one transaction": {
			sends(0, query("BEGIN"), query(writes(s, 0))), sends(0, query(writes(s, 1))), sends(0, query("SELECT 1")), sends(1, query("COMMIT")),
		},
		"what is rolled back":         {sends(0, query("BEGIN"), query(writes(s, 0))), sends(0, query("ROLLBACK")), sends(1, query(writes(s, 0)))},
		"a call that fails":           {sends(0, query(writes(s, 9))), sends(0, synced(execute(writes(s, 9)))), sends(1, query(writes(s, 0)))},
		"a transaction that fails":    {sends(0, query("BEGIN"), query(writes(s, 0)), query(writes(s, 9))), sends(0, query("COMMIT")), sends(1, query(writes(s, 0)))},
		"a statement beside it fails": {sends(0, synced(execute(writes(s, 0)), execute("SELECT 1/0"))), sends(1, query(writes(s, 0)))},
		"undone to a savepoint":       {sends(0, query("BEGIN"), query(writes(s, 0)), query("SAVEPOINT x"), query(writes(s, 9)), query("ROLLBACK TO x")), sends(1, query("COMMIT"))},
		"appends that share a transaction": {
			sends(2, synced(locked(s), execute(guarded(s, 0)), execute(guarded(s, 7)), execute(guarded(s, 1)), execute("COMMIT"))),
			sends(3, query(writes(s, 2))),
		},
		"appends that share a statement": {
			sends(4, synced(locked(s), listed(s, 0, 1, 7, 2), execute(guarded(s, 3)), execute("COMMIT"))),
			sends(4, synced(locked(s), listed(s, 0, 1), execute("COMMIT"))),
			sends(5, query(writes(s, 4))),
		},
		"appends that are written as rows": {
			sends(2, synced(locked(s), inserted(s, 1, 2), execute("COMMIT"))),
			sends(3, synced(locked(s), inserted(s, 2, 3), execute("COMMIT"))),
			sends(4, query(fmt.Sprintf(`insert INTO "messages" (stream_name, position, type) VALUES ('%s', 0, 'Happened')`, s))),
		},
		"none of those that share a transaction": {sends(0, synced(locked(s), execute(guarded(s, 1)), execute(guarded(s, 7)), execute("COMMIT")))},
		"one of those that share a transaction is wrong": {
			sends(0, synced(locked(s), execute(guarded(s, 0)), execute("SELECT 1/0"), execute(guarded(s, 1)), execute("COMMIT"))), sends(0, query("ROLLBACK")),
			sends(1, query(writes(s, 0))),
		},
		"two that are shared, in a row": {
			sends(4, synced(locked(s), execute(guarded(s, 0)), execute(guarded(s, 1)), execute("COMMIT")), synced(locked(s), execute(guarded(s, 2)), execute(guarded(s, 2)), execute(guarded(s, 3)), execute("COMMIT"))),
		},
		"a lock without a call":        {sends(0, synced(locked(s), execute("COMMIT"))), sends(1, query(writes(s, 0)))},
		"a transaction without a call": {sends(0, query("BEGIN"), query("SELECT 1"), query("COMMIT")), sends(0, query("SELECT to_regproc('write_message')"))},
	}
}

func TestAnAppendCountsOnceItsCommitIsAnswered(t *testing.T) {
	t.Parallel()
	server := messageDBServer.Get(t)
	for name := range turns(es.StreamName{}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opening, err := inFrontOf(within(t), server.ConnectionString)
			g := opened(t, opening, err)
			client := frontend(t, g)
			const many = 100
			check.Must(t, g.BreakAfter(many))
			list := turns(newStream(t))[name]
			for i, turn := range list {
				check.Must(t, takes(client, turn))
				g.mu.Lock()
				got, taken := many-g.missing, g.missing-g.left
				g.mu.Unlock()
				if got != turn.want {
					t.Errorf("after turn %d: got %d appends, want %d", i+1, got, turn.want)
				}
				if i == len(list)-1 && taken != 0 {
					t.Errorf("in the end: got %d places that are still taken, want none", taken)
				}
			}
		})
	}
}

// A client that resets its connection together with the append must not be cut off
// before it has sent the commit.
func TestTheLastAppendIsCommittedBeforeTheGateBreaks(t *testing.T) {
	t.Parallel()
	server := messageDBServer.Get(t)
	opening, err := inFrontOf(within(t), server.ConnectionString)
	g, s := opened(t, opening, err), newStream(t)
	client := frontend(t, g)
	check.Must(t, g.BreakAfter(1))
	check.Must(t, takes(client, sends(0, query("DISCARD ALL"), query("BEGIN"), synced(execute(writes(s, 0))))))
	if isClosed(g.Broken()) {
		t.Fatal("the gate broke before the commit")
	}
	if err := takes(client, sends(1, query("COMMIT"))); err == nil {
		t.Error("the reply to the commit came through")
	}
	if !isClosed(g.Broken()) {
		t.Error("the gate did not break with the commit")
	}
	written, err := openMessageDB(t, server.ConnectionString).Read(within(t), s, 0, es.FromLeader)
	if err != nil || len(written) != 1 {
		t.Errorf("got %d events and the error %v, want one event", len(written), err)
	}
}

// More appends than may still succeed cannot share a transaction, and those that cannot be
// counted may be more.
func TestMoreTogetherThanMaySucceedAreCutOff(t *testing.T) {
	t.Parallel()
	server := messageDBServer.Get(t)
	opening, err := inFrontOf(within(t), server.ConnectionString)
	g, s := opened(t, opening, err), newStream(t)
	check.Must(t, g.BreakAfter(2))
	for name, many := range map[string][]pgproto3.FrontendMessage{
		"three statements":     slices.Concat(execute(guarded(s, 0)), execute(guarded(s, 1)), execute(guarded(s, 2))),
		"a list of three":      listed(s, 0, 1, 2),
		"one of three is NULL": withList(listedSQL(s), "{0,NULL,1}"),
		"two by two":           withList(listedSQL(s), "{{0,1},{2,3}}"),
		"what is no list":      withList(listedSQL(s), "0"),
	} {
		if err := takes(frontend(t, g), sends(0, synced(locked(s), many, execute("COMMIT")))); err == nil {
			t.Errorf("%s passed, and two may", name)
		}
	}
	if err := takes(frontend(t, g), sends(0, query("PREPARE several(int[]) AS "+listedSQL(s)+"; EXECUTE several('{0,1,2}')"))); err == nil {
		t.Error("a list in the text of a statement passed, and cannot be counted")
	}
	if isClosed(g.Broken()) {
		t.Fatal("the gate broke without an append")
	}
	if err := takes(frontend(t, g), sends(0, synced(locked(s), execute(guarded(s, 0)), execute(guarded(s, 1)), execute("COMMIT")))); err == nil {
		t.Error("the reply to the last append came through")
	}
	if !isClosed(g.Broken()) {
		t.Error("the gate did not break after two appends")
	}
}
