package dynamodb

import (
	"example.com/groupcheckout/stores"
)

// Backend is what a reactor needs of the store, with the feed of these categories:
// of what an indexer has indexed, [DB.Indexer] or one of another process. It takes
// the DB over: closing the backend closes it, and so does an error.
func (db *DB) Backend(categories ...string) (*stores.Backend, error) {
	source, err := db.Source(categories...)
	if err != nil {
		db.Close()
		return nil, err
	}
	where := db.config.Region
	if where == "" {
		where = printable(db.config.ServiceURL)
	}
	if db.config.Client != nil {
		where = db.config.Client.Options().Region
	}
	return &stores.Backend{
		Servers: stores.Servers{Leader: where, Reads: where, Checkpoints: where},
		Name:    "dynamodb", Events: db.Store(), Source: source, Checkpoints: db.Checkpoints(), Unavailable: unavailable,
		CallsAtOnce: callsAtOnce, Release: db.Close,
	}, nil
}

// callsAtOnce is far below what the service takes from one client. A call waits some
// milliseconds for it and costs nothing meanwhile.
const callsAtOnce = 32
