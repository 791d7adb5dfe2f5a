package messagedb

import (
	"errors"

	"example.com/groupcheckout/stores"
)

// Backend is what a reactor needs of the store, with the feed of these categories.
// It takes the DB over: closing the backend closes it, and so does an error. Without
// [Config.CheckpointSchema] that is a [*SetupError].
func (db *DB) Backend(categories ...string) (*stores.Backend, error) {
	source, err := db.Source(categories...)
	checkpoints, missing := db.Checkpoints()
	if err = errors.Join(err, missing); err != nil {
		db.Close()
		return nil, err
	}
	return &stores.Backend{
		Name: backendName, Events: db.Store(), Source: source, Checkpoints: checkpoints,
		Unavailable:      unavailable,
		ReadsApart:       db.config.ReadConnection != db.config.Connection,
		CheckpointsApart: db.config.CheckpointConnection != db.config.Connection,
		CallsAtOnce:      min(callsAtOnce, db.config.Gather),
		Release:          db.Close,
	}, nil
}

const backendName = "messagedb"

// callsAtOnce is as many appends as are worth to have in one transaction: they use one
// connection together, however many they are, and what was read together before uses none.
const callsAtOnce = 32
