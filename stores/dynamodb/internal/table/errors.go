package table

import (
	"fmt"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
)

// ConflictError says that a tip was not as an append expected it. Nothing was
// written.
type ConflictError struct {
	Expected Tip
	Actual   Tip // the tip that was met
}

func (e *ConflictError) Error() string {
	if e.Expected.version == e.Actual.version {
		return fmt.Sprintf("conflict on %s: somebody else wrote to its tip at version %d", e.Expected.stream, e.Expected.version)
	}
	return fmt.Sprintf("conflict on %s: expected version %d, it is at %d", e.Expected.stream, e.Expected.version, e.Actual.version)
}

// Unwrap is the conflict in the words of the contract of stores.
func (e *ConflictError) Unwrap() error {
	return &es.ConflictError{Stream: e.Expected.stream, Expected: e.Expected.version, Actual: e.Actual.version}
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*ConflictError) NeedsPerson() bool { return false }

// TooLargeError says that events do not fit into one item, which they have to
// for one append to be atomic. Nothing was written.
type TooLargeError struct {
	Stream es.StreamName
	Events int
	Bytes  int // of the item, names and overheads included; 0 if only the server knows
	Limit  int
}

func (e *TooLargeError) Error() string {
	size := "more than"
	if e.Bytes > 0 {
		size = fmt.Sprintf("%d bytes, but an item holds", e.Bytes)
	}
	return fmt.Sprintf("append of %s to %s: that would make an item of %s %d bytes; append fewer or smaller events at a time",
		plural.Of(e.Events, "event"), e.Stream, size, e.Limit)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*TooLargeError) NeedsPerson() bool { return true }

// MissingError says that events of a stream are not in the table: calves were
// pruned.
type MissingError struct {
	Stream es.StreamName
	From   es.Version // the first that is missing
	Until  es.Version // the first behind it that is there; 0 if it is the tip that is missing
}

func (e *MissingError) Error() string {
	if e.Until == 0 {
		return fmt.Sprintf("%s has events up to %d in the table, but no tip", e.Stream, e.From-1)
	}
	return fmt.Sprintf("events %d to %d of %s are not in the table; were they pruned?", e.From, e.Until-1, e.Stream)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*MissingError) NeedsPerson() bool { return true }

// ItemError says that an item is not what this package and Equinox write.
type ItemError struct {
	Stream es.StreamName
	Index  int64 // i, the sort key
	Reason string
}

func (e *ItemError) Error() string {
	return fmt.Sprintf("item %d of %s: %s", e.Index, e.Stream, e.Reason)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*ItemError) NeedsPerson() bool { return true }
