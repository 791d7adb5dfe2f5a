package index

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"example.com/groupcheckout/stores/dynamodb/internal/shards"
)

// HaltError says that an indexer does not go on by itself, because something is lost
// to the index, or may be: a [*shards.LossError], a [*StreamReplacedError] or an
// [*UnindexedError]. A rebuild brings it back. To go on without, give the ID to the
// next indexer; it holds for this loss and no other.
type HaltError struct {
	ID  string
	Err error
}

func (e *HaltError) Error() string { return fmt.Sprintf("%v (loss %s)", e.Err, e.ID) }

func (e *HaltError) Unwrap() error { return e.Err }

// NeedsPerson is what [es.NeedsPerson] asks.
func (*HaltError) NeedsPerson() bool { return true }

// halt is an error with the ID of the loss, if it is about one.
func halt(id string, err error) error {
	_, lost := errors.AsType[*shards.LossError](err)
	_, replaced := errors.AsType[*StreamReplacedError](err)
	_, unindexed := errors.AsType[*UnindexedError](err)
	if lost || replaced || unindexed {
		return &HaltError{id, err}
	}
	return err
}

// haltID names a loss by the place that an indexer cannot go on from. Whoever went on
// is at another.
func haltID(stream string, at reached) string {
	sum := sha256.Sum256(marshal([]any{stream, at.Stream, at.Cursors}))
	return hex.EncodeToString(sum[:4])
}

// StreamReplacedError says that the table of events has another stream than
// the one that was indexed last: its stream was switched off and on again, or the
// table was made anew. What was written in between is in neither.
type StreamReplacedError struct {
	Old, New string // ARNs
}

func (e *StreamReplacedError) Error() string {
	return fmt.Sprintf("the index was made from stream %s, which is read as far as it can be, and the table has another one now, %s; "+
		"events written in between may be missing in the index", e.Old, e.New)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*StreamReplacedError) NeedsPerson() bool { return true }

// UnindexedError says that a table holds events and its index is empty, while the
// stream of changes cannot have all of them.
type UnindexedError struct {
	Table, Index string
}

func (e *UnindexedError) Error() string {
	return fmt.Sprintf("the table %s holds events and its index %s is empty; the stream of changes goes back 24 hours at the most, "+
		"so an index that began with it would lack what is older", e.Table, e.Index)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*UnindexedError) NeedsPerson() bool { return true }
