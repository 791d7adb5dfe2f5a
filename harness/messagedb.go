package harness

import (
	"context"
	"os"

	"groupcheckout/harness/provision"
	"groupcheckout/stores"
	"groupcheckout/stores/memory"
	"groupcheckout/stores/messagedb"
)

// checkpointSchema is where the harness keeps its checkpoints on Message DB,
// unless MDB_SCHEMA names another schema.
const checkpointSchema = "groupcheckout"

func (h *Harness) openMessageDB(ctx context.Context) error {
	server, err := provision.MessageDB(ctx, provision.Options{Way: h.options.Way, Log: h.options.Log})
	if err != nil {
		return err
	}
	h.closers = append(h.closers, server.Close)
	h.how = server.How
	config := messagedb.Config{
		Connection:           server.ConnectionString,
		CheckpointConnection: server.AdminConnectionString, // the role message_store may not create a table
		CheckpointSchema:     os.Getenv("MDB_SCHEMA"),
		MaxConns:             20,
	}
	// At an address there may be nobody who may create a table.
	inMemory := config.CheckpointSchema == "" && server.AdminConnectionString == ""
	if config.CheckpointSchema == "" {
		config.CheckpointSchema = checkpointSchema
	}
	if !inMemory {
		if _, err := messagedb.Init(ctx, config); err != nil {
			return err
		}
	}
	h.backend, err = stores.MessageDB(ctx, config, h.options.System.Categories...)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, func() error { h.backend.Close(); return nil })
	if inMemory {
		h.backend.Checkpoints = memory.NewCheckpoints()
		h.how += ", checkpoints in memory"
	}
	return nil
}
