// Package messagedb brings Message DB up for scenarios: a server at an address, in a
// container or as processes of this machine, and room on it.
package messagedb

import (
	"context"
	"errors"
	"os"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/internal/gate"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/messagedb"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

// Name is what flags and reports call the store.
const Name = "messagedb"

// Store is Message DB on PostgreSQL.
func Store() harness.Store { return harness.Store{Name: Name, BringUp: bringUp} }

// checkpointSchema is where the harness keeps its checkpoints, unless MDB_SCHEMA
// names another schema.
const checkpointSchema = "harness"

// errNoCheckpoints says why processes cannot be run.
var errNoCheckpoints = errors.New("a reactor in another process needs a checkpoint table, and there is nobody who may create one: set " + provision.EnvAdminConnectionString + ", or MDB_SCHEMA to the schema of one")

func bringUp(ctx context.Context, need harness.Need) (*harness.Server, error) {
	server, err := provision.MessageDB(ctx, provision.Options{Way: provision.Way(need.Way), Log: need.Log})
	if err != nil {
		return nil, err
	}
	up := &harness.Server{How: server.How, Close: server.Close}
	if withoutTable(server) {
		up.How += ", checkpoints in memory"
	}
	up.Site = func(ctx context.Context, apart bool) (*harness.Site, error) {
		made, on := &harness.Site{}, server
		// A reactor in another process takes every stream of its database for its own,
		// also those of whoever else tests something on this server.
		if apart || need.Processes && server.AdminConnectionString != "" {
			var err error
			if on, err = server.NewDatabase(ctx); err != nil {
				return nil, err
			}
			made.OnClose(on.Close)
		}
		return made, fill(ctx, made, need, on)
	}
	return up, nil
}

// withoutTable tells whether checkpoints are kept in memory: at an address there may
// be nobody who may create a table.
func withoutTable(server *provision.Server) bool {
	return os.Getenv("MDB_SCHEMA") == "" && server.AdminConnectionString == ""
}

// fill opens a Message DB for a site.
func fill(ctx context.Context, site *harness.Site, need harness.Need, server *provision.Server) error {
	config := messagedb.Config{
		Connection:           server.ConnectionString,
		CheckpointConnection: server.AdminConnectionString, // the role message_store may not create a table
		CheckpointSchema:     os.Getenv("MDB_SCHEMA"),
		MaxConns:             20,
	}
	if config.CheckpointSchema == "" {
		config.CheckpointSchema = checkpointSchema
	}
	if err := prepare(ctx, need, server, config); err != nil {
		return err
	}
	said, err := dsn.Parse(server.ConnectionString)
	if err != nil {
		return err
	}
	site.TailPause = harness.ShortPause
	site.Address = said.URL()
	site.Target = func(address string) harness.Target {
		return harness.Target{Store: Name, Connection: address, ConnectionNpgsql: npgsql(address), CheckpointSchema: config.CheckpointSchema}
	}
	var checkpoints *memory.Checkpoints
	if withoutTable(server) {
		checkpoints = memory.NewCheckpoints()
	}
	site.Open = func(ctx context.Context, address string) (*stores.Backend, error) {
		config := config
		config.Connection = address
		db, err := messagedb.Open(ctx, config)
		if err != nil {
			return nil, err
		}
		backend, err := db.Backend(need.Categories...)
		if err == nil && checkpoints != nil {
			backend.Checkpoints = checkpoints
		}
		return backend, err
	}
	site.Gate = func(ctx context.Context) (harness.Gate, error) {
		server, through, err := said.Plain()
		if err != nil {
			return nil, err
		}
		return gate.MessageDB(ctx, server, *through)
	}
	if site.Backend, err = site.Open(ctx, server.ConnectionString); err != nil {
		return err
	}
	site.OnClose(func() error { site.Backend.Close(); return nil })
	return nil
}

// prepare makes the table of the checkpoints, where that can be had and is needed.
func prepare(ctx context.Context, need harness.Need, server *provision.Server, config messagedb.Config) error {
	if withoutTable(server) {
		if need.Processes {
			return errNoCheckpoints
		}
		return nil
	}
	if _, err := messagedb.Init(ctx, config); err != nil {
		return err
	}
	if need.Processes && server.AdminConnectionString != "" {
		return server.ShareCheckpoints(ctx, config.CheckpointSchema)
	}
	return nil
}
