package table

import "example.com/groupcheckout/es"

// Tip is what is known of the tip of a stream. It is a value that never
// changes; keep it to append to the stream, or to read on from it, with one
// request. Memory that it refers to must not be changed. The zero Tip is of no
// stream.
type Tip struct {
	stream  es.StreamName
	version es.Version // n
	before  int        // b: bytes of the events in calves, by the estimate in size.go
	etag    string     // "" where there is no tip
	events  []Event
	unfolds []Unfold
	bytes   int // of events, by the estimate in size.go
}

// NoTip is the tip of a stream that nobody has written to.
func NoTip(stream es.StreamName) Tip { return Tip{stream: stream} }

// Stream is the stream that the tip is of.
func (t Tip) Stream() es.StreamName { return t.stream }

// Version is the version of the stream.
func (t Tip) Version() es.Version { return t.version }

// ETag is the text that the last write left, or "" if there is no tip.
func (t Tip) ETag() string { return t.etag }

// Exists tells whether the stream has a tip.
func (t Tip) Exists() bool { return t.etag != "" }

// Base is the index of the first event that the tip holds; the events below
// are in calves.
func (t Tip) Base() es.Version { return t.version - es.Version(len(t.events)) }

// Events are those that the tip holds.
func (t Tip) Events() []Event { return t.events }

// Unfolds are those that the last write left.
func (t Tip) Unfolds() []Unfold { return t.unfolds }

// StreamBytes is the size of the stream, with its calves, by the estimate that
// Equinox shows to deciders: 0 if there is no tip.
func (t Tip) StreamBytes() int {
	if !t.Exists() {
		return 0
	}
	return t.before + baseBytes(t)
}

// Memory is about how many bytes of memory it takes to hold the tip.
func (t Tip) Memory() int {
	const fixed, each = 200, 250
	return fixed + t.bytes + estimateUnfolds(t.unfolds) + each*(len(t.events)+len(t.unfolds))
}
