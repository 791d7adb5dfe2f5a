package history

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
)

// limit is how long the search for an order may take. Those of a scenario take
// milliseconds.
const limit = time.Minute

// input is what porcupine is given: a record, the place of an event of somebody else's,
// or, if it has neither, the end, at which every event is there.
type input struct {
	record  *record
	foreign *es.Event
}

// court judges the operations on one stream.
type court struct {
	stream  es.StreamName
	records []record
	stored  []es.Event
	content []string // of the stored events
	alone   map[at]es.Answer
	right   map[*record]bool
	known   map[[2]string]string // what is said by a type and a body; most are met several times
}

// at is an operation at a version.
type at struct {
	record  *record
	version es.Version
}

// judge returns a [*NoOrderError] if the answers cannot have been given one after the other
// on a stream that holds these events in the end.
func judge(stream es.StreamName, records []record, stored []es.Event) error {
	c := &court{
		stream: stream, records: records, stored: stored,
		alone: map[at]es.Answer{}, right: map[*record]bool{}, known: map[[2]string]string{},
	}
	for _, event := range stored {
		c.content = append(c.content, c.contentOf(event.EventData))
	}
	operations, model := c.operations(), c.model()
	result, info := porcupine.CheckOperationsVerbose(model, operations, limit)
	switch result {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("the history of %s, of %s and %s, could not be judged within %v", stream, plural.Of(len(records), "operation"), plural.Of(len(stored), "event"), limit)
	default:
		return &NoOrderError{Stream: stream, Reason: c.reason(operations, info), court: c, model: model, info: info}
	}
}

// operations are those of porcupine: the records, the events of others, and the end.
func (c *court) operations() []porcupine.Operation {
	var list []porcupine.Operation
	tried := map[string]bool{}
	last := int64(0)
	first := c.firstToShow()
	for i := range c.records {
		made := &c.records[i]
		for _, data := range made.answer.Tried {
			tried[c.contentOf(data)] = true
		}
		if shown, right := first[made.answer.Version]; made.answer.Outcome == es.Failed || right && made.end > shown && c.isRight(made) {
			continue // it has a place wherever the others have one
		}
		o := porcupine.Operation{Input: input{record: made}, Call: made.start, Return: made.end}
		if made.answer.Outcome == es.Unknown {
			o.Return = math.MaxInt64 // what was cut off may be done later
		} else {
			last = max(last, made.end)
		}
		list = append(list, o)
	}
	for i := range c.stored {
		if !tried[c.content[i]] {
			list = append(list, porcupine.Operation{Input: input{foreign: &c.stored[i]}, Return: math.MaxInt64})
		}
	}
	list = append(list, porcupine.Operation{Input: input{}, Call: last + 1, Return: math.MaxInt64})
	lanes(list)
	return list
}

// firstToShow is when each version was shown first by a query that may be old, among
// those that showed the right state. The stream is not behind it after that, so of the
// many that a reactor makes while it cannot get on the first says it all.
func (c *court) firstToShow() map[es.Version]int64 {
	first := map[es.Version]int64{}
	for i := range c.records {
		made := &c.records[i]
		if !c.isRight(made) {
			continue
		}
		version := made.answer.Version
		if end, known := first[version]; !known || made.end < end {
			first[version] = made.end
		}
	}
	return first
}

// isRight tells whether a query that may be old showed the state that its version stands
// for.
func (c *court) isRight(made *record) bool {
	if !made.mayBeOld || made.answer.Outcome != es.Done {
		return false
	}
	right, known := c.right[made]
	if !known {
		version := made.answer.Version
		right = int(version) <= len(c.stored) && same(c.answerAt(made, version).Result, made.answer.Result)
		c.right[made] = right
	}
	return right
}

// lanes gives each operation a row of the picture in which it is alone.
func lanes(list []porcupine.Operation) {
	var free []int64 // when each lane becomes free
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(list[a].Call, list[b].Call) })
	for _, i := range order {
		lane := slices.IndexFunc(free, func(from int64) bool { return from < list[i].Call })
		if lane < 0 {
			lane = len(free)
			free = append(free, 0)
		}
		free[lane], list[i].ClientId = list[i].Return, lane
	}
}

// model is that of the stream: its state is how many of the stored events are there.
func (c *court) model() porcupine.Model {
	made := porcupine.NondeterministicModel{
		Init: func() []any { return []any{es.Version(0)} },
		Step: func(state, in, _ any) (next []any) {
			for _, version := range c.step(state.(es.Version), in.(input)) { //nolint:forcetypeassert // they are ours
				next = append(next, version)
			}
			return next
		},
		DescribeOperation: func(in, _ any) string { return c.describe(in.(input)) }, //nolint:forcetypeassert // it is ours
	}
	model := made.ToModel()
	model.DescribeState = describeState
	return model
}

// describeState says which versions there may be.
func describeState(state any) string {
	versions, ok := state.([]any)
	if !ok {
		return fmt.Sprint(state)
	}
	texts := make([]string, len(versions))
	for i, version := range versions {
		texts[i] = fmt.Sprintf("version %d", version)
	}
	return strings.Join(texts, " or ")
}

// step returns the versions that an operation may bring the stream to, none if it has no
// place at this one.
func (c *court) step(version es.Version, in input) []es.Version {
	if in.foreign != nil {
		return when(in.foreign.Index == version, version+1)
	}
	if in.record == nil {
		return when(int(version) == len(c.stored), version)
	}
	answer := in.record.answer
	if answer.Outcome == es.Done && in.record.mayBeOld { // of an append of several events it may also show some
		return when(answer.Version <= version && c.isRight(in.record), version)
	}
	alone := c.answerAt(in.record, version)
	after := version + es.Version(len(alone.Written))
	written := alone.Outcome == es.Done && c.holds(version, alone.Written)
	switch answer.Outcome {
	case es.Unknown:
		return append(when(written && after > version, after), version)
	case es.Refused:
		return when(alone.Outcome == es.Refused && alone.Err.Error() == answer.Err.Error(), version)
	default:
		return when(written && answer.Version == after && len(alone.Written) == len(answer.Written) && same(alone.Result, answer.Result), after)
	}
}

// when is a version if something holds, and none otherwise.
func when(holds bool, version es.Version) []es.Version {
	if holds {
		return []es.Version{version}
	}
	return nil
}

// answerAt is what an operation would have answered at a version.
func (c *court) answerAt(made *record, version es.Version) es.Answer {
	key := at{made, version}
	answer, known := c.alone[key]
	if !known {
		answer = made.Alone(c.stored[:version:version])
		c.alone[key] = answer
	}
	return answer
}

// holds tells whether the stream holds just these events from a version on.
func (c *court) holds(version es.Version, written []es.EventData) bool {
	if int(version)+len(written) > len(c.stored) {
		return false
	}
	for i, data := range written {
		if c.contentOf(data) != c.content[int(version)+i] {
			return false
		}
	}
	return true
}

// same compares two results, or states, by value. Most are the same to the letter, or are
// texts, which is found out ten times as fast.
func same(a, b any) bool {
	if a, isText := a.(string); isText {
		return a == b
	}
	return reflect.DeepEqual(a, b) || gocmp.Equal(a, b, gocmp.Exporter(func(reflect.Type) bool { return true }), cmpopts.EquateEmpty())
}

// contentOf is what an event says.
func (c *court) contentOf(data es.EventData) string {
	key := [2]string{data.Type, string(data.Data)}
	content, known := c.known[key]
	if !known {
		content = contentOf(data)
		c.known[key] = content
	}
	return content
}

// contentOf is what an event says, whatever a store makes of the form of its JSON.
func contentOf(data es.EventData) string {
	decoder := json.NewDecoder(bytes.NewReader(data.Data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return data.Type + " " + string(data.Data)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return data.Type + " " + string(data.Data)
	}
	return data.Type + " " + string(text)
}
