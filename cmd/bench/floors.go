package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/harness/provision"
)

// The floors of PostgreSQL.

const writeSQL = "SELECT write_message($1, $2, $3, $4, NULL, $5)"

// writers is how many appends of one event a second some clients make to new streams
// of one category, each with its own connection and its own commits: as pgbench does, or, where there is none,
// as the driver does.
func writers(ctx context.Context, g *ground, clients, appends int) (func(context.Context) (float64, error), func(), error) {
	server, err := g.messageDB(ctx)
	if err != nil {
		return nil, nil, err
	}
	if path, err := pgbench(); err == nil {
		return pgbenchWriters(path, server, clients, appends)
	}
	g.log.Warn("there is no pgbench: the floor of appends is the bare driver, which is slower")
	pool, err := g.bare(ctx)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context) (float64, error) {
		category := newCategory("Floor")
		took, err := together(ctx, clients, appends, func(ctx context.Context, _ int) error {
			_, err := pool.Exec(ctx, writeSQL, uuid.NewString(), category+"-"+plain(uuid.New()), "Charged", []byte(body), -1)
			return err
		})
		return perSecond(appends, took), err
	}, pool.Close, nil
}

// pgbench finds the program.
func pgbench() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		return "", errors.New("pgbench is not there")
	}
	return found[len(found)-1], nil
}

var transactionsPerSecond = regexp.MustCompile(`tps = ([0-9.]+) \(without initial connection time\)`)

func pgbenchWriters(path string, server *provision.Server, clients, appends int) (func(context.Context) (float64, error), func(), error) {
	config, err := pgx.ParseConfig(server.ConnectionString)
	if err != nil {
		return nil, nil, errors.New("the connection string of the server cannot be read")
	}
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { _ = os.RemoveAll(folder) } // the system does, in time
	script := filepath.Join(folder, "append.sql")
	category := newCategory("Floor")
	sql := fmt.Sprintf(`SELECT write_message(gen_random_uuid()::varchar, '%s-' || gen_random_uuid()::varchar, 'Charged', '%s'::jsonb, NULL, -1);`, category, body)
	if err := os.WriteFile(script, []byte(sql), 0o600); err != nil {
		remove()
		return nil, nil, err
	}
	return func(ctx context.Context) (float64, error) {
		bench := exec.CommandContext(ctx, path, "-n", "-M", "prepared", "-f", script,
			"-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, 2)), "-t", strconv.Itoa(max(appends/clients, 1)))
		bench.Env = append(os.Environ(), "PGHOST="+config.Host, "PGPORT="+strconv.Itoa(int(config.Port)), "PGUSER="+config.User, "PGPASSWORD="+config.Password,
			"PGDATABASE="+config.Database, "PGOPTIONS=-c search_path=message_store,pg_temp -c enable_seqscan=off")
		output, err := bench.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("pgbench: %w: %s", err, bytes.TrimSpace(output))
		}
		found := transactionsPerSecond.FindSubmatch(output)
		if found == nil {
			return 0, fmt.Errorf("pgbench did not tell the transactions per second: %s", bytes.TrimSpace(output))
		}
		return strconv.ParseFloat(string(found[1]), 64)
	}, remove, nil
}

// together has some callers do something so many times in all. The first error ends it.
func together(ctx context.Context, callers, times int, do func(ctx context.Context, i int) error) (time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var all sync.WaitGroup
	began := time.Now()
	for range callers {
		all.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range times {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	all.Wait()
	return time.Since(began), context.Cause(ctx)
}

const categorySQL = "SELECT position, type, data, metadata, id, time, global_position, stream_name FROM get_category_messages($1, $2, $3)"

// readCategory reads a category in pages of 1,000 and forgets what it reads.
func readCategory(ctx context.Context, pool *pgxpool.Pool, category string, from int64) (events int, err error) {
	for {
		rows, err := pool.Query(ctx, categorySQL, category, from, 1000)
		if err != nil {
			return events, err
		}
		var position, global int64
		var eventType, id, stream string
		var data, meta []byte
		var stamp time.Time
		tag, err := pgx.ForEachRow(rows, []any{&position, &eventType, &data, &meta, &id, &stamp, &global, &stream}, func() error { return nil })
		if err != nil {
			return events, err
		}
		if tag.RowsAffected() == 0 {
			return events, nil
		}
		from, events = global+1, events+int(tag.RowsAffected())
	}
}

const streamSQL = "SELECT position, type, data, metadata, id, time FROM get_stream_messages($1, 0, 1000)"

// rawAppend is one event that is written by itself.
type rawAppend struct {
	stream   string
	name     string
	body     []byte
	expected int
}

func (a rawAppend) args() []any {
	return []any{uuid.NewString(), a.stream, a.name, a.body, a.expected}
}

// callByCall is a group checkout without anything of this project: each read and each append is a round
// trip, each append a commit, and five stays are visited at once.
func callByCall(ctx context.Context, pool *pgxpool.Pool, p *plan) error {
	write := func(ctx context.Context, a rawAppend) error {
		_, err := pool.Exec(ctx, writeSQL, a.args()...)
		return err
	}
	read := func(ctx context.Context, stream string) error { return readStream(ctx, pool, stream) }
	if err := write(ctx, p.selected); err != nil {
		return err
	}
	if err := read(ctx, p.selected.stream); err != nil {
		return err
	}
	_, err := together(ctx, 5, len(p.transferred), func(ctx context.Context, i int) error {
		if err := read(ctx, p.transferred[i].stream); err != nil {
			return err
		}
		return write(ctx, p.transferred[i])
	})
	if err != nil {
		return err
	}
	if err := write(ctx, p.merged); err != nil {
		return err
	}
	if err := read(ctx, p.selected.stream); err != nil { // the clerk, for the balance
		return err
	}
	if err := write(ctx, p.paid); err != nil {
		return err
	}
	return write(ctx, p.confirmed)
}

// batched is the reaction to a selection in four round trips: the reads of all streams
// together, the transfers in one transaction, and the outcome.
func batched(ctx context.Context, pool *pgxpool.Pool, p *plan) error {
	if err := readStream(ctx, pool, p.selected.stream); err != nil {
		return err
	}
	reads, writes := &pgx.Batch{}, &pgx.Batch{}
	writes.Queue("BEGIN")
	for _, a := range p.transferred {
		reads.Queue(streamSQL, a.stream)
		writes.Queue(writeSQL, a.args()...)
	}
	writes.Queue("COMMIT")
	for _, batch := range []*pgx.Batch{reads, writes} {
		if err := pool.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
	}
	_, err := pool.Exec(ctx, writeSQL, p.merged.args()...)
	return err
}

func readStream(ctx context.Context, pool *pgxpool.Pool, stream string) error {
	rows, err := pool.Query(ctx, streamSQL, stream)
	if err != nil {
		return err
	}
	var position int64
	var eventType, id string
	var data, meta []byte
	var stamp time.Time
	_, err = pgx.ForEachRow(rows, []any{&position, &eventType, &data, &meta, &id, &stamp}, func() error { return nil })
	return err
}
