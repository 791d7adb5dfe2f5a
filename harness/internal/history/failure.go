package history

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"example.com/groupcheckout/es"
)

// NoOrderError says that the answers about a stream cannot have been given one after the
// other.
type NoOrderError struct {
	Stream es.StreamName
	Reason string // what has no place, in a line

	court *court
	model porcupine.Model
	info  porcupine.LinearizationInfo
}

func (f *NoOrderError) Error() string {
	return fmt.Sprintf("the answers about %s cannot have been given one after the other: %s", f.Stream, f.Reason)
}

// maxShown is how many operations an account lists.
const maxShown = 30

// Account lists the operations with their answers, and what is stored; several lines.
func (f *NoOrderError) Account() string {
	var text strings.Builder
	records := slices.Clone(f.court.records)
	slices.SortFunc(records, func(a, b record) int { return cmp.Compare(a.start, b.start) })
	text.WriteString("what was asked, from when to when, and what was answered:\n")
	for i, made := range records {
		if i == maxShown {
			fmt.Fprintf(&text, "  … and %d more\n", len(records)-maxShown)
			break
		}
		fmt.Fprintf(&text, "  %4d to %-4d  %s\n", made.start, made.end, made.describe())
	}
	text.WriteString("what is stored:")
	for i, event := range f.court.stored {
		if i == maxShown {
			fmt.Fprintf(&text, "\n  … and %d more", len(f.court.stored)-maxShown)
			break
		}
		fmt.Fprintf(&text, "\n  %4d  %s", event.Index, f.court.content[i])
	}
	return text.String()
}

// Draw writes porcupine's picture, a page of HTML.
func (f *NoOrderError) Draw(to io.Writer) error {
	return porcupine.Visualize(f.model, f.info, to)
}

// describe says what was asked by whom, and what was answered.
func (r *record) describe() string {
	name := cmp.Or(r.Name, "query")
	switch {
	case r.answer.Outcome == es.Done && r.Name == "":
		return fmt.Sprintf("%s by %s: version %d", name, r.client, r.answer.Version)
	case r.answer.Outcome == es.Done && len(r.answer.Written) == 0:
		return fmt.Sprintf("%s by %s: done at version %d, with nothing to write", name, r.client, r.answer.Version)
	case r.answer.Outcome == es.Done:
		return fmt.Sprintf("%s by %s: done, version %d, %s", name, r.client, r.answer.Version, contents(r.answer.Written))
	case r.answer.Err == nil: // it was done, after the stream was read
		return fmt.Sprintf("%s by %s: not known", name, r.client)
	case r.answer.Outcome == es.Unknown:
		return fmt.Sprintf("%s by %s: not known: %s", name, r.client, oneLine(r.answer.Err))
	default:
		return fmt.Sprintf("%s by %s: %s: %s", name, r.client, r.answer.Outcome, oneLine(r.answer.Err))
	}
}

func contents(events []es.EventData) string {
	texts := make([]string, len(events))
	for i, data := range events {
		texts[i] = contentOf(data)
	}
	return strings.Join(texts, ", ")
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// describe says what an operation is, for the picture.
func (c *court) describe(in input) string {
	switch {
	case in.foreign != nil:
		return fmt.Sprintf("event %d of somebody else: %s", in.foreign.Index, c.content[in.foreign.Index])
	case in.record == nil:
		return fmt.Sprintf("the end: all %d events are accounted for", len(c.stored))
	default:
		return in.record.describe()
	}
}

// reason says what has no place in the longest order that there is.
func (c *court) reason(operations []porcupine.Operation, info porcupine.LinearizationInfo) string {
	var longest []int
	for _, order := range slices.Concat(info.PartialLinearizations()...) {
		if len(order) > len(longest) {
			longest = order
		}
	}
	versions := []es.Version{0} // that the stream may be at behind it
	for _, i := range longest {
		var next []es.Version
		for _, version := range versions {
			next = append(next, c.step(version, operations[i].Input.(input))...) //nolint:forcetypeassert // it is ours
		}
		slices.Sort(next)
		versions = slices.Compact(next)
	}
	reached := versions[len(versions)-1]
	var left []*record // first the one that ended first
	for i, o := range operations {
		if in := o.Input.(input); in.record != nil && !slices.Contains(longest, i) { //nolint:forcetypeassert // it is ours
			left = append(left, in.record)
		}
	}
	slices.SortFunc(left, func(a, b *record) int { return cmp.Compare(a.end, b.end) })
	if int(reached) < len(c.stored) && !slices.ContainsFunc(left, func(made *record) bool { return made.accountsFor(c.content[reached]) }) {
		return fmt.Sprintf("event %d (%s) is stored, and nobody was told so: it was written twice, or somebody was told that it was not written", reached, c.content[reached])
	}
	if len(left) == 0 {
		return "there is no order in which each answer is right"
	}
	first := left[0]
	const never = "and that was right at no moment between its start and its end"
	switch {
	case first.answer.Outcome == es.Done && len(first.answer.Written) > 0 && !c.holds(first.answer.Version-es.Version(len(first.answer.Written)), first.answer.Written):
		return first.describe() + ", and that is not what is stored there"
	default:
		return first.describe() + ", " + never
	}
}

// accountsFor tells whether an operation may have written an event, and says so.
func (r *record) accountsFor(content string) bool {
	written := r.answer.Written
	if r.answer.Outcome == es.Unknown {
		written = r.answer.Tried
	}
	return slices.ContainsFunc(written, func(data es.EventData) bool { return contentOf(data) == content })
}
