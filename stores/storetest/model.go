package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func model() []leaf {
	return []leaf{
		{"any sequence of appends and reads goes as it does with plain lists", modelHolds},
	}
}

// modelHolds plays random steps against the store and against the simplest
// thing that obeys the contract: a list of events for each stream. A failure
// prints the seed and the shortest sequence of steps that leads to it.
func modelHolds(t testing.TB, f Fixture) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx, cancel := context.WithTimeout(rt.Context(), patience)
		defer cancel()
		category := UniqueCategory()
		batchSize := rapid.IntRange(1, 10).Draw(rt, "batch size")
		follower, err := newFollower(ctx, f.source(t, batchSize, category))
		check.Must(rt, err)
		m := &machine{
			ctx:      ctx,
			store:    f.Store,
			follower: follower,
			streams:  withCategory(category, "a", "A", "a-b"),
			lists:    appended{},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append":                    m.append,
			"append at a wrong version": m.appendWrongly,
			"read from the leader":      m.readLeader,
			"read from a replica":       m.readReplica,
			"follow the feed":           m.follow,
		})
		m.follow(rt)
	})
}

// machine is the store and the lists side by side.
type machine struct {
	ctx      context.Context
	store    es.Store
	follower *follower
	streams  []es.StreamName
	lists    appended
}

func (m *machine) append(t *rapid.T) {
	stream := m.drawStream(t)
	events := drawEvents(t, 0)
	version := es.Version(len(m.lists[stream]))
	check.Must(t, check.Error(appendAll(m.ctx, m.store, stream, version, events)))
	m.lists[stream] = append(m.lists[stream], events...)
}

func (m *machine) appendWrongly(t *rapid.T) {
	stream := m.drawStream(t)
	actual := es.Version(len(m.lists[stream]))
	expected := es.Version(rapid.IntRange(-1, int(actual)+3).
		Filter(func(v int) bool { return es.Version(v) != actual }).Draw(t, "expected"))
	_, err := m.store.Append(m.ctx, stream, expected, drawEvents(t, 1))
	check.Must(t, checkConflict(err, stream, expected, actual))
}

func (m *machine) readLeader(t *rapid.T) {
	stream, from, known := m.drawRead(t)
	got, err := m.store.Read(m.ctx, stream, from, es.FromLeader)
	if err == nil {
		err = compareEvents(got, from, known)
	}
	check.Mustf(t, err, "read %s from %d", stream, from)
}

func (m *machine) readReplica(t *rapid.T) {
	stream, from, known := m.drawRead(t)
	got, err := m.store.Read(m.ctx, stream, from, es.FromReplica)
	if err == nil {
		err = compareEvents(got, from, known[:min(len(got), len(known))])
	}
	check.Mustf(t, err, "read %s from %d from a replica", stream, from)
}

func (m *machine) follow(t *rapid.T) {
	check.Must(t, m.follower.await(m.ctx, m.lists))
}

func (m *machine) drawStream(t *rapid.T) es.StreamName {
	return rapid.SampledFrom(m.streams).Draw(t, "stream")
}

// drawRead draws where a read begins, and returns what it should find.
func (m *machine) drawRead(t *rapid.T) (stream es.StreamName, from es.Version, known []es.EventData) {
	stream = m.drawStream(t)
	list := m.lists[stream]
	from = es.Version(rapid.IntRange(0, len(list)+2).Draw(t, "from"))
	return stream, from, list[min(int(from), len(list)):]
}

// drawEvents draws up to four events, and at least as many as asked for.
func drawEvents(t *rapid.T, least int) []es.EventData {
	return rapid.SliceOfN(rapid.Custom(drawEvent), least, 4).Draw(t, "events")
}

// drawEvent draws all but the id, which is always a new one.
func drawEvent(t *rapid.T) es.EventData {
	e := NewEvent(rapid.SampledFrom([]string{"Opened", "Changed", "Closed"}).Draw(t, "type"), "")
	e.Data, e.Meta = drawBody(t, "data"), drawBody(t, "metadata")
	return e
}

// drawBody draws no body, a number with a scale, or an object with a text.
func drawBody(t *rapid.T, label string) []byte {
	switch rapid.SampledFrom([]string{"absent", "number", "text"}).Draw(t, label) {
	case "number":
		units, fraction := rapid.Int64().Draw(t, "units"), rapid.Uint16().Draw(t, "fraction")
		return fmt.Appendf(nil, `{"amount":%d.%05d}`, units, fraction)
	case "text":
		text := strings.ReplaceAll(rapid.String().Draw(t, "text"), "\x00", "")
		body, err := json.Marshal(map[string]string{"text": text})
		check.Must(t, err)
		return body
	}
	return nil
}
