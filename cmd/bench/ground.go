package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/stores/messagedb"
)

// ground is the servers that figures share. They are brought up when they are first asked for.
type ground struct {
	log    *slog.Logger
	server *provision.Server
	dynamo *provision.DynamoDBServer
}

func (g *ground) close() {
	if g.server != nil {
		if err := g.server.Close(); err != nil {
			g.log.Error("stop Message DB", "error", err)
		}
	}
	if g.dynamo != nil {
		if err := g.dynamo.Close(); err != nil {
			g.log.Error("stop DynamoDB", "error", err)
		}
	}
}

// messageDB is a server that keeps what it acknowledges.
func (g *ground) messageDB(ctx context.Context) (*provision.Server, error) {
	if g.server == nil {
		server, err := provision.MessageDB(ctx, provision.Options{Durable: true, Log: g.log})
		if err != nil {
			return nil, err
		}
		g.server = server
	}
	return g.server, nil
}

// maxConns is as many connections as any figure needs.
const maxConns = 20

// open opens the store on the server.
func (g *ground) open(ctx context.Context, config messagedb.Config) (*messagedb.DB, error) {
	server, err := g.messageDB(ctx)
	if err != nil {
		return nil, err
	}
	config.Connection, config.MaxConns = server.ConnectionString, maxConns
	return messagedb.Open(ctx, config)
}

// checkpoints makes the table of checkpoints and returns the name of its schema.
func (g *ground) checkpoints(ctx context.Context) (string, error) {
	server, err := g.messageDB(ctx)
	if err != nil {
		return "", err
	}
	if server.AdminConnectionString == "" {
		return "", errors.New("a table for checkpoints takes an administrator: name one, see harness/provision")
	}
	const schema = "bench"
	if _, err := messagedb.Init(ctx, messagedb.Config{Connection: server.AdminConnectionString, CheckpointSchema: schema}); err != nil {
		return "", err
	}
	admin, err := pgx.Connect(ctx, server.AdminConnectionString)
	if err != nil {
		return "", err
	}
	defer func() { _ = admin.Close(ctx) }()
	_, err = admin.Exec(ctx, "GRANT USAGE ON SCHEMA "+schema+" TO message_store; GRANT SELECT, INSERT, UPDATE ON "+schema+".propulsion_checkpoint TO message_store")
	return schema, err
}

// bare is a pool of connections without anything of this project, set as a writer ought to be.
func (g *ground) bare(ctx context.Context) (*pgxpool.Pool, error) {
	server, err := g.messageDB(ctx)
	if err != nil {
		return nil, err
	}
	return barePool(ctx, server)
}

func barePool(ctx context.Context, server *provision.Server) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(server.ConnectionString)
	if err != nil {
		return nil, errors.New("the connection string of the server cannot be read")
	}
	config.MaxConns = maxConns
	config.ConnConfig.RuntimeParams["search_path"] = "message_store,pg_temp"
	config.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	return pgxpool.NewWithConfig(ctx, config)
}

var categories atomic.Int64 //nolint:gochecknoglobals // numbers the categories of a run

// newCategory is one that nobody has written to.
func newCategory(name string) string {
	return fmt.Sprintf("%s%dx%s", name, categories.Add(1), plain(uuid.New()))
}

func plain(id uuid.UUID) string { return strings.ReplaceAll(id.String(), "-", "") }

// newStream is one of a category.
func newStream(category string) es.StreamName {
	stream, err := es.NewStreamName(category, plain(uuid.New()))
	if err != nil {
		panic("bench: " + err.Error()) // a mistake in this program's text
	}
	return stream
}

// newEvent is one like those of the hotel.
func newEvent() es.EventData {
	return es.EventData{ID: uuid.New(), Type: "Charged", Data: []byte(body)}
}

const body = `{"amount":100.50,"at":"2026-11-23T11:35:27.687685+00:00","chargeId":"7c9e6679-7425-40de-944b-e07fc1f90ae7"}`
