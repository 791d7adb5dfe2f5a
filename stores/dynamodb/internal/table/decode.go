package table

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/groupcheckout/es"
)

// batch is an item that was read: a tip or a calf.
type batch struct {
	tip bool
	Tip // of a calf only the version, the events and the stream
}

// decodeItem reads an item. What is absent or NULL has its default, and
// attributes that nobody here knows are passed over, as Equinox does; whatever
// else is amiss is an [*ItemError].
func decodeItem(stream es.StreamName, it item) (batch, error) {
	d := &decoder{stream: stream}
	d.index = d.number(it, "i")
	b := batch{tip: d.index == tipKey, Tip: Tip{stream: stream, version: es.Version(d.number(it, "n"))}}
	b.events = d.events(it)
	if b.version > tipKey {
		d.fail("n is %d, and no index may be above %d", b.version, tipKey)
	}
	if b.version < es.Version(len(b.events)) {
		d.fail("n is %d, but it holds %d events", b.version, len(b.events))
	}
	for i := range b.events {
		b.events[i].Index = b.Base() + es.Version(i)
	}
	if b.tip {
		b.before, b.etag, b.unfolds = int(d.number(it, "b")), d.text(it, "etag"), d.unfolds(it)
		b.bytes = estimate(b.events)
		if b.etag == "" {
			d.fail("a tip needs an etag")
		}
	}
	if d.err != nil {
		return batch{}, d.err
	}
	return b, nil
}

// decoder keeps the first thing that is amiss.
type decoder struct {
	stream es.StreamName
	index  int64
	err    error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = &ItemError{d.stream, d.index, fmt.Sprintf(format, args...)}
	}
}

func (d *decoder) unexpected(name string, value types.AttributeValue) {
	d.fail("attribute %s has the unexpected type %T", name, value)
}

func (d *decoder) number(it item, name string) int64 {
	switch value := it[name].(type) {
	case nil, *types.AttributeValueMemberNULL:
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(value.Value, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt32*1000 {
			d.fail("attribute %s is %s, which cannot be", name, value.Value)
			return 0
		}
		return n
	default:
		d.unexpected(name, value)
	}
	return 0
}

func (d *decoder) text(it item, name string) string {
	switch value := it[name].(type) {
	case nil, *types.AttributeValueMemberNULL:
	case *types.AttributeValueMemberS:
		return value.Value
	default:
		d.unexpected(name, value)
	}
	return ""
}

func (d *decoder) list(it item, name string) []types.AttributeValue {
	switch value := it[name].(type) {
	case nil, *types.AttributeValueMemberNULL:
	case *types.AttributeValueMemberL:
		return value.Value
	default:
		d.unexpected(name, value)
	}
	return nil
}

func (d *decoder) body(it item, data, encoding string) Body {
	switch value := it[data].(type) {
	case nil, *types.AttributeValueMemberNULL:
	case *types.AttributeValueMemberB:
		return Body{Encoding(d.number(it, encoding)), value.Value}
	default:
		d.unexpected(data, value)
	}
	return Body{}
}

func (d *decoder) time(it item) time.Time {
	value := d.text(it, "t")
	at, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		d.fail("t is %q, which is not a time", value)
	}
	return at
}

func (d *decoder) maps(it item, name string) []item {
	list := d.list(it, name)
	maps := make([]item, len(list))
	for i, value := range list {
		m, ok := value.(*types.AttributeValueMemberM)
		if !ok {
			d.unexpected(fmt.Sprintf("%s[%d]", name, i), value)
			return nil
		}
		maps[i] = m.Value
	}
	return maps
}

func (d *decoder) events(it item) []Event {
	names, bodies := d.list(it, "c"), d.maps(it, "e")
	if len(names) != len(bodies) {
		d.fail("c lists %d events and e %d", len(names), len(bodies))
		return nil
	}
	if len(names) == 0 {
		return nil
	}
	events := make([]Event, len(names))
	for i, body := range bodies {
		name, ok := names[i].(*types.AttributeValueMemberS)
		if !ok {
			d.unexpected(fmt.Sprintf("c[%d]", i), names[i])
			return nil
		}
		events[i] = Event{
			Type: name.Value, Time: d.time(body), Data: d.body(body, "d", "D"), Meta: d.body(body, "m", "M"),
			CorrelationID: d.text(body, "x"), CausationID: d.text(body, "y"),
		}
	}
	return events
}

func (d *decoder) unfolds(it item) []Unfold {
	bodies := d.maps(it, "u")
	if len(bodies) == 0 {
		return nil
	}
	unfolds := make([]Unfold, len(bodies))
	for i, body := range bodies {
		unfolds[i] = Unfold{
			Index: es.Version(d.number(body, "i")), Type: d.text(body, "c"), Time: d.time(body),
			Data: d.body(body, "d", "D"), Meta: d.body(body, "m", "M"),
		}
	}
	return unfolds
}
