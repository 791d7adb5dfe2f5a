package table

import (
	"bytes"
	"compress/flate"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// The samples and their sizes are Equinox's.
func TestEstimates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		event Event
		want  int
	}{
		{event("StaysSelected", sampleStays), 182},
		{event("StaysMerged", sampleMerged), 131},
		{event("MergesFailed", sampleFailed), 102},
		{Event{Type: "🏨ä", Meta: Raw([]byte("{}")), CorrelationID: "日本", CausationID: "🏨"}, 3 + 2 + 2 + 2 + 40},
	} {
		if got := estimate([]Event{test.event}); got != test.want {
			t.Errorf("estimate of %s: got %d, want %d", test.event.Type, got, test.want)
		}
	}
	if got, want := estimateUnfolds([]Unfold{{Type: "Snapshotted", Data: Raw(make([]byte, 10))}}), 11+10+50; got != want {
		t.Errorf("estimate of an unfold: got %d, want %d", got, want)
	}
	tip := Tip{
		stream: streamOf(t, "GroupCheckout-5b1f7e0c9f3a4d528a7b0c1d2e3f4a5b"),
		etag:   "9f2d6c0b5f8e4c0f8d0e3a1b2c3d4e5f", before: 1000, bytes: 182,
	}
	check.Equal(t, "base bytes", 340, baseBytes(tip))
	check.Equal(t, "stream bytes", 1340, tip.StreamBytes())
	check.Equal(t, "stream bytes without a tip", 0, NoTip(tip.stream).StreamBytes())
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	long := []byte(strings.Repeat(`{"p":"GroupCheckout-1"}`, 20))
	random := []byte("zWq0R8Yc3uN7vKp1LxT5sHfD2bGmJ9aE4oIiU6yVtQwXrZnBkC")
	for _, test := range []struct {
		name string
		data []byte
		want Encoding
	}{
		{"absent", nil, Plain},
		{"short of 48 bytes", long[:47], Plain},
		{"long", long, Brotli},
		{"not worth it", random, Plain},
	} {
		body := Compressed(test.data)
		check.Equal(t, test.name+": encoding", test.want, body.Encoding)
		if got, err := body.Decode(); err != nil || !bytes.Equal(got, test.data) {
			t.Errorf("%s: got %q and error %v, want %q", test.name, got, err, test.data)
		}
	}

	var deflated bytes.Buffer
	writer, err := flate.NewWriter(&deflated, flate.BestCompression)
	check.Must(t, err)
	check.Must(t, check.Error(writer.Write(long)))
	for _, end := range []struct {
		name string
		do   func() error
	}{{"flushed", writer.Flush}, {"closed", writer.Close}} { // in this order
		check.Must(t, end.do())
		if got, err := (Body{Deflate, deflated.Bytes()}).Decode(); err != nil || !bytes.Equal(got, long) {
			t.Errorf("deflate, %s: got %q and error %v, want %q", end.name, got, err, long)
		}
	}
	if got, err := (Body{Encoding: 7, Bytes: long}).Decode(); err != nil || !bytes.Equal(got, long) {
		t.Errorf("an unknown encoding: got %q and error %v, want the bytes as they are", got, err)
	}
	for _, encoding := range []Encoding{Deflate, Brotli} {
		if got, err := (Body{encoding, []byte("this is no such thing")}).Decode(); err == nil {
			t.Errorf("encoding %d of nonsense: got %q, want an error", encoding, got)
		}
	}
	check.Failsf(t, check.Error(Compressed(make([]byte, maxDecoded+1)).Decode()), "a body that is too large when decoded")
}

// What compresses bodies has compressed others before, and what decompresses them has met
// some that were cut off. Neither is seen in a body.
func TestABodyDoesNotDependOnThoseBefore(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	defer func() {
		if t.Failed() {
			t.Logf("the seed is %d", seed)
		}
	}()
	chance := rand.New(rand.NewPCG(seed, 0))
	for range 40 {
		data := bytes.Repeat([]byte(strings.Repeat("x", 1+chance.IntN(9))), 1+chance.IntN(200))
		for range chance.IntN(len(data)) {
			data[chance.IntN(len(data))] = byte('a' + chance.IntN(4))
		}
		body := Compressed(data)
		if got, err := body.Decode(); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("got %q and error %v, want %q", got, err, data)
		}
		if body.Encoding != Brotli {
			continue
		}
		var fresh bytes.Buffer
		writer := brotli.NewWriter(&fresh)
		check.Must(t, check.Error(writer.Write(data)))
		check.Must(t, writer.Close())
		if !bytes.Equal(fresh.Bytes(), body.Bytes) {
			t.Fatalf("%q: got the body %x, want that of a new compressor, %x", data, body.Bytes, fresh.Bytes())
		}
		cut := body.Bytes[:chance.IntN(len(body.Bytes))]
		check.Failsf(t, check.Error((Body{Brotli, cut}).Decode()), "a body that was cut off: %x", cut)
	}
}

// All that an item can hold comes back as it was.
func TestItemsRoundTrip(t *testing.T) {
	t.Parallel()
	stream := newStream(t)
	amsterdam := time.FixedZone("", 3600)
	tip := Tip{
		stream: stream, version: 7, before: 1234, etag: "e",
		events: []Event{
			{Index: 5, Type: "A", Time: sampleTime().Add(100).In(amsterdam), Data: Compressed(bytes.Repeat([]byte("x"), 100)), Meta: Raw([]byte("m"))},
			{Index: 6, Type: "B", Time: sampleTime(), CorrelationID: "x", CausationID: "y", Meta: Body{Deflate, []byte("d")}},
		},
		unfolds: []Unfold{{Index: 7, Type: "S", Time: sampleTime(), Data: Raw([]byte("{}"))}},
	}
	tip.bytes = estimate(tip.events)
	compare := cmp.AllowUnexported(Tip{}, es.StreamName{})
	got, err := decodeItem(stream, tipItem(tip, 2))
	if diff := cmp.Diff(tip, got.Tip, compare); err != nil || !got.tip || diff != "" {
		t.Errorf("tip: got error %v, tip %v; (-want +got):\n%s", err, got.tip, diff)
	}
	got, err = decodeItem(stream, calfItem(tip))
	want := Tip{stream: stream, version: 7, events: tip.events}
	if diff := cmp.Diff(want, got.Tip, compare); err != nil || got.tip || diff != "" {
		t.Errorf("calf: got error %v, tip %v; (-want +got):\n%s", err, got.tip, diff)
	}
	if got := tip.events[0].Time.Format(timeFormat); got != "2026-11-23T12:35:27.6876851+01:00" {
		t.Errorf("a time with an offset: got %s", got)
	}
}

// An item that nobody should have written gives an error, and never a panic.
func TestItemsThatAreAmiss(t *testing.T) {
	t.Parallel()
	stream := newStream(t)
	list := func(values ...types.AttributeValue) types.AttributeValue {
		return &types.AttributeValueMemberL{Value: values}
	}
	object := func(it item) types.AttributeValue { return &types.AttributeValueMemberM{Value: it} }
	good := object(item{"t": text("2026-11-23T11:35:27.6876850+00:00")})
	for name, change := range map[string]item{
		"lengths of c and e differ": {"c": list(text("A"), text("B"))},
		"a name is no text":         {"c": list(number(1))},
		"an event is no map":        {"e": list(text("e"))},
		"e is no list":              {"e": text("e")},
		"an event has no time":      {"e": list(object(item{}))},
		"n is below the count":      {"n": number(0)},
		"n is negative":             {"n": number(-1)},
		"n is too large":            {"n": &types.AttributeValueMemberN{Value: "99999999999999999999"}},
		"n is beyond an index":      {"n": number(tipKey + 1)},
		"n is a text":               {"n": text("1")},
		"no etag":                   {"etag": &types.AttributeValueMemberNULL{Value: true}},
		"etag is a number":          {"etag": number(1)},
		"a body is a text":          {"e": list(object(item{"t": text("2026-11-23T11:35:27+00:00"), "d": text("d")}))},
		"an unfold is no map":       {"u": list(number(1))},
	} {
		it := tipItem(Tip{stream: stream, version: 1, etag: "e"}, 0)
		it["c"], it["e"] = list(text("A")), list(good)
		check.Mustf(t, check.Error(decodeItem(stream, it)), "the item to change")
		for attribute, value := range change {
			it[attribute] = value
		}
		_, err := decodeItem(stream, it)
		if _, ok := errors.AsType[*ItemError](err); !ok {
			t.Errorf("%s: got error %v, want an ItemError", name, err)
		}
	}
}

// Attributes that are absent or NULL have their defaults.
func TestItemsWithLittleInThem(t *testing.T) {
	t.Parallel()
	null := &types.AttributeValueMemberNULL{Value: true}
	it := item{"i": number(tipKey), "etag": text("e"), "n": null, "b": null, "c": null, "e": null, "u": null, "unknown": number(1)}
	got, err := decodeItem(newStream(t), it)
	if err != nil || got.version != 0 || got.events != nil || got.unfolds != nil {
		t.Errorf("got %+v and error %v, want an empty tip", got, err)
	}
}
