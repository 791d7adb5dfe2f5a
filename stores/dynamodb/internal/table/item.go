package table

import (
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/groupcheckout/es"
)

// tipKey is the sort key of every tip. It stands behind those of all calves.
const tipKey = math.MaxInt32

// timeFormat always has seven digits and a numeric offset, as .NET writes a
// DateTimeOffset.
const timeFormat = "2006-01-02T15:04:05.0000000-07:00"

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number[T ~int | ~int64](n T) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

func key(stream es.StreamName, i int64) item {
	return item{"p": text(stream.String()), "i": number(i)}
}

// tipItem is the item of a tip of which the write appended so many events.
func tipItem(t Tip, appended int) item {
	it := key(t.stream, tipKey)
	it["b"], it["etag"], it["n"], it["a"] = number(t.before), text(t.etag), number(t.version), number(appended)
	if len(t.events) > 0 {
		it["c"], it["e"] = lists(t.events)
	}
	if len(t.unfolds) > 0 {
		it["u"] = unfoldList(t.unfolds)
	}
	return it
}

// calfItem is the item that the events of a tip move to.
func calfItem(t Tip) item {
	it := key(t.stream, int64(t.Base()))
	it["n"] = number(t.version)
	it["c"], it["e"] = lists(t.events)
	return it
}

// lists are the attributes c and e, which run side by side.
func lists(events []Event) (c, e types.AttributeValue) {
	names, bodies := make([]types.AttributeValue, len(events)), make([]types.AttributeValue, len(events))
	for i, event := range events {
		body := item{"t": text(event.Time.Format(timeFormat))}
		setBody(body, "d", "D", event.Data)
		setBody(body, "m", "M", event.Meta)
		if event.CorrelationID != "" {
			body["x"] = text(event.CorrelationID)
		}
		if event.CausationID != "" {
			body["y"] = text(event.CausationID)
		}
		names[i], bodies[i] = text(event.Type), &types.AttributeValueMemberM{Value: body}
	}
	return &types.AttributeValueMemberL{Value: names}, &types.AttributeValueMemberL{Value: bodies}
}

// unfoldList is the attribute u.
func unfoldList(unfolds []Unfold) types.AttributeValue {
	list := make([]types.AttributeValue, len(unfolds))
	for i, unfold := range unfolds {
		body := item{"i": number(unfold.Index), "t": text(unfold.Time.Format(timeFormat)), "c": text(unfold.Type)}
		setBody(body, "d", "D", unfold.Data)
		setBody(body, "m", "M", unfold.Meta)
		list[i] = &types.AttributeValueMemberM{Value: body}
	}
	return &types.AttributeValueMemberL{Value: list}
}

// setBody leaves out what is absent, and the encoding if it is the default.
func setBody(into item, data, encoding string, body Body) {
	if len(body.Bytes) == 0 {
		return
	}
	into[data] = &types.AttributeValueMemberB{Value: body.Bytes}
	if body.Encoding != Plain {
		into[encoding] = number(body.Encoding)
	}
}

// checkTime returns false for a time that .NET has no DateTimeOffset for.
func checkTime(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}

// isTip tells the item of a tip from that of a calf and from none.
func isTip(it item) bool {
	i, ok := it["i"].(*types.AttributeValueMemberN)
	return ok && i.Value == strconv.Itoa(tipKey)
}
