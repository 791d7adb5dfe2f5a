package dynamodb

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// DB is a pair of tables that were found usable. It may be used by many
// goroutines at once.
type DB struct {
	config  Config
	client  *dynamodb.Client
	release func()
	streams *table.Table // of the store
	index   *table.Table // of the feed and the checkpoints
	store   *Store
}

// Open looks for both tables and makes sure that they have the form that this
// package needs. It returns a [*SetupError] that names what is amiss and what
// to do about it. The end of ctx ends Open, not the DB.
func Open(ctx context.Context, config Config) (*DB, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	db := &DB{config: config}
	if db.client, db.release, err = config.connect(ctx); err != nil {
		return nil, err
	}
	if err := db.look(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func (db *DB) look(ctx context.Context) (err error) {
	for _, shape := range db.config.shapes() {
		found, err := describe(ctx, db.client, shape.name)
		if err == nil {
			err = checkUsable(shape, found)
		}
		if err != nil {
			return err
		}
	}
	if db.streams, err = table.New(db.client, db.config.Table, db.config.tableConfig()); err != nil {
		return err
	}
	if db.index, err = table.New(db.client, db.config.IndexTable, db.config.indexConfig()); err != nil {
		return err
	}
	db.store = &Store{table: db.streams, tips: newTips(db.config.CacheBytes)}
	return nil
}

// Close closes the connections that are idle, unless the client was given. It
// may be called more than once.
func (db *DB) Close() { db.release() }

// Usage counts what was asked of a table with one operation, such as GetItem.
type Usage = table.Usage

// Usage is what was asked of both tables since Open, by the name of the table and the
// operation.
func (db *DB) Usage() map[string]map[string]Usage {
	return map[string]map[string]Usage{db.config.Table: db.streams.Usage(), db.config.IndexTable: db.index.Usage()}
}

// Store returns the streams. It is the same at each call.
func (db *DB) Store() *Store { return db.store }

// checkUsable returns an error if a table that exists cannot be worked with.
func checkUsable(shape shape, found *types.TableDescription) error {
	switch status := found.TableStatus; status {
	case types.TableStatusActive, types.TableStatusUpdating:
	default:
		return &SetupError{Problem: NotReady, Table: shape.name, Err: fmt.Errorf("its status is %s, and not ACTIVE", status)}
	}
	if err := checkKeys(shape, found); err != nil {
		return err
	}
	if found.MultiRegionConsistency == types.MultiRegionConsistencyStrong {
		return &SetupError{Problem: ForeignTable, Table: shape.name, Err: errors.New(
			"it is a global table of strong consistency, which refuses transactions, and a stream that grows needs one now and then; use a table of one region, or one of eventual consistency")}
	}
	if shape.stream != "" && !viewSuffices(streamView(found)) {
		return &SetupError{Problem: StreamOff, Table: shape.name, Err: fmt.Errorf(
			"its stream view is %s, and without NEW_IMAGE or NEW_AND_OLD_IMAGES no event reaches the feed; "+
				"switch the table's stream on, in the AWS console or with aws dynamodb update-table", printableView(streamView(found)))}
	}
	return nil
}
