package dynamodb

import "example.com/groupcheckout/stores/dynamodb/internal/index"

// Checkpoints keeps the positions of consumer groups.
type Checkpoints = index.Checkpoints

// Checkpoints returns the checkpoints, which are kept in the table of the index.
func (db *DB) Checkpoints() *Checkpoints { return index.NewCheckpoints(db.index) }
