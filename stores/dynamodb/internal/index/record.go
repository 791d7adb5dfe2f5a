package index

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.com/groupcheckout/es"
)

// Record is what the indexer looks at in a record of the stream of changes of
// a table of events.
type Record struct {
	Sequence string    // the number of the record, for messages
	View     string    // what the stream shows of an item, such as NEW_IMAGE
	Name     string    // what happened to the item, such as MODIFY
	Image    Image     // the item afterwards
	From     string    // the ARN of the stream of changes, if whoever reads it begins an index unasked
	Written  time.Time // when that was, by the clock of AWS; zero if the record does not say
}

// Image is an item as far as the indexer looks at it. Numbers are as they are
// stored, "" if they are absent.
type Image struct {
	Stream   string   // p, from the keys
	Version  string   // n
	Appended string   // a
	Types    []string // c
	Times    []string // t of the elements of e
}

// RecordError says that a record is not of a table of events, or that its
// stream was set up in another way than the indexer needs it.
type RecordError struct {
	Sequence string
	Stream   string // the name of the events' stream; "" if the record has none
	Reason   string
	View     bool // it is the stream of changes that was set up in another way, and not this record alone
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("stream record %s, of %q: %s", e.Sequence, e.Stream, e.Reason)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*RecordError) NeedsPerson() bool { return true }

// Span is the events that the record says were appended. ok is false if there
// are none: if the item was removed, if it is a calf, if only unfolds were
// written, and if the stream is of the index or another system.
//
// Pruning leaves the number of events appended by the last write as it was, so
// it may be larger than the number of events that are still there. These come
// again then.
func (r Record) Span() (span Span, ok bool, err error) {
	fail := func(format string, args ...any) (Span, bool, error) {
		return Span{}, false, &RecordError{Sequence: r.Sequence, Stream: r.Image.Stream, Reason: fmt.Sprintf(format, args...)}
	}
	if r.View != "NEW_IMAGE" && r.View != "NEW_AND_OLD_IMAGES" {
		reason := fmt.Sprintf("its view type is %q; set the table's stream up with NEW_IMAGE or NEW_AND_OLD_IMAGES", r.View)
		return Span{}, false, &RecordError{r.Sequence, r.Image.Stream, reason, true}
	}
	switch r.Name {
	case "REMOVE":
		return Span{}, false, nil
	case "INSERT", "MODIFY":
	default:
		return fail("its event name is %q, want INSERT, MODIFY or REMOVE", r.Name)
	}
	image := r.Image
	if image.Stream == "" {
		return fail("its key has no text p")
	}
	if strings.HasPrefix(image.Stream, "$") || image.Appended == "" {
		return Span{}, false, nil
	}
	appended, err := parseNumber(image.Appended)
	if err != nil {
		return fail("a: %v", err)
	}
	version, err := parseNumber(image.Version)
	if err != nil {
		return fail("n: %v", err)
	}
	there := min(appended, es.Version(len(image.Types)))
	if there == 0 {
		return Span{}, false, nil
	}
	if version < there {
		return fail("%d events were appended and yet there are only %d", there, version)
	}
	return Span{image.Stream, version - there, image.Types[es.Version(len(image.Types))-there:]}, true, nil
}

// since is the earliest time of the events that the record says were appended, from
// an index on; zero if it does not say.
func (r Record) since(span Span, index es.Version) (earliest time.Time) {
	if len(r.Image.Times) != len(r.Image.Types) {
		return earliest
	}
	times := r.Image.Times[len(r.Image.Times)-len(span.Types):]
	for _, text := range times[max(index-span.Index, 0):] {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err == nil && (earliest.IsZero() || at.Before(earliest)) {
			earliest = at
		}
	}
	return earliest
}

// parseNumber reads a count of events. Indexes have 32 bits in Equinox.
func parseNumber(text string) (es.Version, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of events", text)
	}
	return es.Version(n), nil
}
