package messagedb

import (
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

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
		Servers:          stores.Servers{Leader: serversOf(db.write), Reads: serversOf(db.read), Checkpoints: serversOf(db.checkpoint)},
		CallsAtOnce:      min(callsAtOnce, db.config.Gather),
		Release:          db.Close,
	}, nil
}

// serversOf are the hosts and ports that a pool connects to, the first that answers.
func serversOf(pool *pgxpool.Pool) string {
	config := pool.Config().ConnConfig
	places := []string{net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))}
	for _, other := range config.Fallbacks { // those without encryption are there twice
		if place := net.JoinHostPort(other.Host, strconv.Itoa(int(other.Port))); !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	return strings.Join(places, " or ")
}

const backendName = "messagedb"

// callsAtOnce is as many appends as are worth to have in one transaction: they use one
// connection together, however many they are, and what was read together before uses none.
const callsAtOnce = 32
