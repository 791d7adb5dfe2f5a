package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/messagedb"
)

// queryVariable has this program do no more than connect to the server that it names, ask
// it something and exit.
const queryVariable = "BENCH_QUERY"

// query is what a program can do at the least that uses a server.
func query(ctx context.Context, connection string) error {
	conn, err := pgx.Connect(ctx, connection)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SELECT 1")
	return errors.Join(err, conn.Close(ctx))
}

// starts is row 8: from the start of the reactor's program to the outcome of a group that
// was selected before. The floor is a process that connects, asks something and exits.
func starts() []figure {
	return []figure{{
		row: "8", name: "start of the program to the first group handled ÷ connect, query, exit", unit: "ms", target: atMost(3),
		prepare: func(ctx context.Context, g *ground) (*pair, error) {
			schema, err := g.checkpoints(ctx)
			if err != nil {
				return nil, err
			}
			pool, err := g.bare(ctx)
			if err != nil {
				return nil, err
			}
			folder, err := os.MkdirTemp("", "bench-")
			if err != nil {
				pool.Close()
				return nil, err
			}
			release := func() {
				pool.Close()
				_ = os.RemoveAll(folder) // the system does, in time
			}
			program, group := filepath.Join(folder, "reactor"), "bench-"+uuid.NewString()
			if text, err := exec.CommandContext(ctx, "go", "build", "-o", program, "example.com/groupcheckout/cmd/reactor").CombinedOutput(); err != nil {
				release()
				return nil, fmt.Errorf("build the reactor: %w: %s", err, text)
			}
			if err := g.atEnd(ctx, schema, group); err != nil {
				release()
				return nil, err
			}
			self, err := os.Executable()
			if err != nil {
				release()
				return nil, err
			}
			return &pair{
				subject: func(ctx context.Context) (float64, error) {
					all, err := plans(ctx, pool, 1, 1, false)
					if err == nil {
						_, err = pool.Exec(ctx, writeSQL, all[0].selected.args()...)
					}
					if err != nil {
						return 0, err
					}
					command := exec.CommandContext(ctx, program, "run", "-g", group, "mdb", "-c", g.server.ConnectionString, "--cs", schema)
					began := time.Now()
					if err := command.Start(); err != nil {
						return 0, err
					}
					took, err := awaitMerged(ctx, pool.QueryRow, all[0].selected.stream, began)
					return took, errors.Join(err, command.Process.Signal(syscall.SIGTERM), command.Wait())
				},
				floor: func(ctx context.Context) (float64, error) {
					command := exec.CommandContext(ctx, self)
					command.Env = append(os.Environ(), queryVariable+"="+g.server.ConnectionString)
					began := time.Now()
					err := command.Run()
					return milliseconds(time.Since(began)), err
				},
				close: release,
			}, nil
		},
	}}
}

// atEnd has a consumer group begin where the feed ends.
func (g *ground) atEnd(ctx context.Context, schema, group string) error {
	db, err := g.open(ctx, messagedb.Config{CheckpointSchema: schema})
	if err != nil {
		return err
	}
	backend, err := db.Backend(checkout.Categories()...)
	if err != nil {
		return err
	}
	defer backend.Close()
	running, err := checkout.Start(ctx, backend, checkout.Config{Reactor: reactor.Config{Group: group, FromEnd: true}})
	if err != nil {
		return err
	}
	_, err = running.Status(ctx) // it has found the end by then
	running.Stop()
	return errors.Join(err, running.Wait(context.WithoutCancel(ctx)))
}

// awaitMerged looks every millisecond whether a group has a second event, and returns how
// many of them it took.
func awaitMerged(ctx context.Context, ask func(context.Context, string, ...any) pgx.Row, stream string, began time.Time) (float64, error) {
	const limit = time.Minute
	for time.Since(began) < limit {
		var events int
		if err := ask(ctx, "SELECT count(*) FROM get_stream_messages($1, 1, 1)", stream).Scan(&events); err != nil {
			return 0, err
		}
		if events > 0 {
			return milliseconds(time.Since(began)), nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("%s was not handled within %v of the start", stream, limit)
}
