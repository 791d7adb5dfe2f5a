package es

import (
	"errors"
	"sync/atomic"
)

// Counts counts what became of the appends of [Decider]s, those that came after a
// conflict included, and of snapshots. The zero value is ready to use. Calls may overlap;
// a nil Counts counts nothing.
type Counts struct {
	appended, conflicts, uncertain, failed atomic.Int64

	snapshots, snapshotsFailed atomic.Int64
}

// Counted is what a [Counts] has counted.
type Counted struct {
	Appended  int64 // that were written
	Conflicts int64 // that met another version than they expected
	Uncertain int64 // of which nobody could find out whether they were written
	Failed    int64 // with another error

	Snapshots       int64 // that were taken
	SnapshotsFailed int64 // that could not be taken, or not be read
}

// Now returns what was counted so far.
func (c *Counts) Now() Counted {
	if c == nil {
		return Counted{}
	}
	return Counted{c.appended.Load(), c.conflicts.Load(), c.uncertain.Load(), c.failed.Load(), c.snapshots.Load(), c.snapshotsFailed.Load()}
}

// tried counts an append that ended.
func (c *Counts) tried(err error) {
	if c == nil {
		return
	}
	var conflict *ConflictError
	var uncertain *UncertainError
	switch {
	case err == nil:
		c.appended.Add(1)
	case errors.As(err, &uncertain):
		c.uncertain.Add(1)
	case errors.As(err, &conflict):
		c.conflicts.Add(1)
	default:
		c.failed.Add(1)
	}
}

// snapshot counts a snapshot that was taken, or that could not be taken or read.
func (c *Counts) snapshot(err error) {
	switch {
	case c == nil:
	case err == nil:
		c.snapshots.Add(1)
	default:
		c.snapshotsFailed.Add(1)
	}
}
