package harness

import (
	"context"
	"errors"
	"os"
	"time"

	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/messagedb"
)

// checkpointSchema is where the harness keeps its checkpoints on Message DB,
// unless MDB_SCHEMA names another schema.
const checkpointSchema = "harness"

// shortPause is that of reactors at the end of a feed that does not notify.
const shortPause = 5 * time.Millisecond

// errNoCheckpoints says why processes cannot be run.
var errNoCheckpoints = errors.New("a reactor in another process needs a checkpoint table, and there is nobody who may create one: set " + provision.EnvAdminConnectionString + ", or MDB_SCHEMA to the schema of one")

func (h *Harness) openMessageDB(ctx context.Context) error {
	server, err := provision.MessageDB(ctx, provision.Options{Way: h.options.Way, Log: h.options.Log})
	if err != nil {
		return err
	}
	h.closers = append(h.closers, server.Close)
	h.how = server.How
	h.site, err = h.messageDBSite(ctx, server)
	if err == nil && h.site.inMemory {
		h.how += ", checkpoints in memory"
	}
	return err
}

// messageDBSite opens a Message DB. It returns a site to close also beside an
// error.
func (h *Harness) messageDBSite(ctx context.Context, server *provision.Server) (*site, error) {
	config := messagedb.Config{
		Connection:           server.ConnectionString,
		CheckpointConnection: server.AdminConnectionString, // the role message_store may not create a table
		CheckpointSchema:     os.Getenv("MDB_SCHEMA"),
		MaxConns:             20,
	}
	s := &site{tailPause: shortPause}
	// At an address there may be nobody who may create a table.
	s.inMemory = config.CheckpointSchema == "" && server.AdminConnectionString == ""
	if config.CheckpointSchema == "" {
		config.CheckpointSchema = checkpointSchema
	}
	s.target = Target{Store: "messagedb", Connection: server.ConnectionString, CheckpointSchema: config.CheckpointSchema}
	s.another = func(ctx context.Context) (*site, error) {
		database, err := server.NewDatabase(ctx)
		if err != nil {
			return nil, err
		}
		another, err := h.messageDBSite(ctx, database)
		another.closers = append([]func() error{database.Close}, another.closers...)
		return another, err
	}
	s.open = func(ctx context.Context, connection string) (*stores.Backend, error) {
		through := config
		through.Connection = connection
		db, err := messagedb.Open(ctx, through)
		if err != nil {
			return nil, err
		}
		backend, err := db.Backend(h.options.System.Categories...)
		if err == nil && s.inMemory {
			backend.Checkpoints = s.backend.Checkpoints
		}
		return backend, err
	}
	if !s.inMemory {
		if _, err := messagedb.Init(ctx, config); err != nil {
			return s, err
		}
	}
	if h.options.Processes > 0 {
		if s.inMemory {
			return s, errNoCheckpoints
		}
		if server.AdminConnectionString != "" {
			if err := server.ShareCheckpoints(ctx, config.CheckpointSchema); err != nil {
				return s, err
			}
		}
	}
	db, err := messagedb.Open(ctx, config)
	if err != nil {
		return s, err
	}
	if s.backend, err = db.Backend(h.options.System.Categories...); err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() error { s.backend.Close(); return nil })
	if s.inMemory {
		s.backend.Checkpoints = memory.NewCheckpoints()
	}
	return s, nil
}
