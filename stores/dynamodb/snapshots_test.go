package dynamodb

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

const snapshotType = "Snapshotted.1"

// kept takes snapshots every ten events and counts what it was asked for.
type kept struct {
	es.SnapshotTaking

	states, ended int
}

func keeping(state string) *kept {
	k := &kept{}
	k.SnapshotTaking = es.SnapshotTaking{
		Type: snapshotType, Every: 10,
		State: func() ([]byte, error) { k.states++; return []byte(state), nil },
		Ended: func(error) { k.ended++ },
	}
	return k
}

// mustKeep appends events one by one, each with the chance of a snapshot.
func mustKeep(t testing.TB, store *Store, stream es.StreamName, from, until es.Version, taking es.SnapshotTaking) {
	t.Helper()
	for at := from; at < until; at++ {
		check.Must(t, check.Error(store.AppendSnapshot(within(t), stream, at, newEvents(1), taking)))
	}
}

func mustReadSnapshot(t testing.TB, store *Store, stream es.StreamName) es.Snapshotted {
	t.Helper()
	found, err := store.ReadSnapshots(within(t), []es.StreamName{stream}, snapshotType, es.FromReplica)
	check.Must(t, err)
	return found[0]
}

// incompressible is a JSON text of so many letters that Brotli can make little of.
func incompressible(letters int) string {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same ones each time
	text := make([]byte, letters)
	for i := range text {
		text[i] = 'A' + byte(random.IntN(26))
	}
	return `"` + string(text) + `"`
}

func tipOf(stream es.StreamName) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"p": &types.AttributeValueMemberS{Value: stream.String()}, "i": &types.AttributeValueMemberN{Value: "2147483647"},
	}
}

// Equinox's unfold: it lies in the tip, of the version that the tip has, and every append
// replaces it or takes it away.
func TestGoldenUnfold(t *testing.T) {
	t.Parallel()
	db, transport := open(t, Config{MaxEvents: 4})
	store, stream := db.Store(), newStream(t)
	state := `{"ids":"` + strings.Repeat("0123456789", 4) + `"}`
	unfolds := func() (n string, all []map[string]types.AttributeValue) {
		t.Helper()
		output, err := shared.Client(t, nil).GetItem(within(t), &dynamodb.GetItemInput{TableName: aws.String(sharedTable), Key: tipOf(stream), ConsistentRead: aws.Bool(true)})
		check.Must(t, err)
		if u, ok := output.Item["u"].(*types.AttributeValueMemberL); ok {
			for _, unfold := range u.Value {
				all = append(all, unfold.(*types.AttributeValueMemberM).Value)
			}
		}
		return output.Item["n"].(*types.AttributeValueMemberN).Value, all
	}
	mustAppend(t, store, stream, 0, newEvents(40)...)
	if _, all := unfolds(); len(all) != 0 {
		t.Errorf("got the unfolds %v behind an append without a snapshot", all)
	}
	transport.Taken()
	for at := es.Version(40); at < 60; at++ {
		events := newEvents(1)
		check.Must(t, check.Error(store.AppendSnapshot(within(t), stream, at, events, keeping(state).SnapshotTaking)))
		n, all := unfolds()
		if at+1 < 50 {
			if len(all) != 0 {
				t.Fatalf("got a snapshot for version %s, want the first for version 50", n)
			}
			continue
		}
		want := []map[string]types.AttributeValue{{
			"i": &types.AttributeValueMemberN{Value: n}, "c": &types.AttributeValueMemberS{Value: snapshotType},
			"t": &types.AttributeValueMemberS{Value: events[0].Time.UTC().Format("2006-01-02T15:04:05.0000000-07:00")},
			"d": &types.AttributeValueMemberB{Value: all[0]["d"].(*types.AttributeValueMemberB).Value}, "D": &types.AttributeValueMemberN{Value: "2"},
		}}
		check.Same(t, fmt.Sprintf("unfolds of version %s", n), want, all, cmp.Comparer(sameAttribute))
	}
	for _, request := range transport.Taken() {
		if request != "UpdateItem" && request != "TransactWriteItems" {
			t.Errorf("an append took the request %s besides", request)
		}
	}
	found := mustReadSnapshot(t, store, stream)
	check.Same(t, "a long stream: requests", []string{"GetItem"}, transport.Taken())
	if found.Snapshot.Version != 60 || string(found.Snapshot.Data) != state || len(found.Events) != 0 {
		t.Errorf("got %+v, want the state at version 60", found)
	}
	found.Snapshot.Data[0] = ' '
	if again := mustReadSnapshot(t, store, stream); string(again.Snapshot.Data) != state {
		t.Errorf("got %s after a caller had changed what it was given", again.Snapshot.Data)
	}
	transport.Taken()

	mustAppend(t, store, stream, 60, newEvents(1)...) // as by a program that takes no snapshots
	if _, all := unfolds(); len(all) != 0 {
		t.Errorf("got the unfolds %v behind an append without a snapshot", all)
	}
	transport.Taken()
	if found := mustReadSnapshot(t, store, stream); found.Snapshot.Version != 0 || len(found.Events) != 61 {
		t.Errorf("got a snapshot for version %d and %d events, want none and 61", found.Snapshot.Version, len(found.Events))
	}
	check.Same(t, "a long stream without a snapshot: requests", []string{"GetItem", "Query"}, transport.Taken())
	mustKeep(t, store, stream, 61, 70, keeping(state).SnapshotTaking)
	if found := mustReadSnapshot(t, store, stream); found.Snapshot.Version != 70 {
		t.Errorf("got a snapshot for version %d, want 70, where the next is due", found.Snapshot.Version)
	}
}

func sameAttribute(a, b types.AttributeValue) bool {
	switch a := a.(type) {
	case *types.AttributeValueMemberB:
		b, ok := b.(*types.AttributeValueMemberB)
		return ok && bytes.Equal(a.Value, b.Value)
	default:
		return fmt.Sprintf("%T %+v", a, a) == fmt.Sprintf("%T %+v", b, b)
	}
}

// What stands in a tip need not be ours, nor fit the stream.
func TestUnfoldsThatCannotBeTrustedArePassedOver(t *testing.T) {
	t.Parallel()
	db, _ := open(t, Config{MaxEvents: 4})
	number := func(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }
	for name, test := range map[string]struct {
		change func(unfold map[string]types.AttributeValue)
		want   es.Version
	}{
		"as it should be":             {func(map[string]types.AttributeValue) {}, 7},
		"with more in it":             {func(u map[string]types.AttributeValue) { u["more"] = number("1") }, 7},
		"of an earlier version":       {func(u map[string]types.AttributeValue) { u["i"] = number("6") }, 0},
		"of a later version":          {func(u map[string]types.AttributeValue) { u["i"] = number("8") }, 0},
		"without a version":           {func(u map[string]types.AttributeValue) { delete(u, "i") }, 0},
		"of another type":             {func(u map[string]types.AttributeValue) { u["c"] = &types.AttributeValueMemberS{Value: "Snapshotted"} }, 0},
		"without data":                {func(u map[string]types.AttributeValue) { delete(u, "d") }, 0},
		"compressed, and it is not":   {func(u map[string]types.AttributeValue) { u["D"] = number("2") }, 0},
		"compressed in an odd manner": {func(u map[string]types.AttributeValue) { u["D"] = number("7") }, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := newStream(t)
			mustAppend(t, db.Store(), stream, 0, newEvents(3)...)
			mustAppend(t, db.Store(), stream, 3, newEvents(4)...)
			unfold := map[string]types.AttributeValue{
				"i": number("7"), "c": &types.AttributeValueMemberS{Value: snapshotType},
				"t": &types.AttributeValueMemberS{Value: "2026-11-28T04:40:45.3345962+00:00"}, "d": &types.AttributeValueMemberB{Value: []byte(`{"events":7}`)},
			}
			test.change(unfold)
			_, err := shared.Client(t, nil).UpdateItem(within(t), &dynamodb.UpdateItemInput{
				TableName: aws.String(sharedTable), Key: tipOf(stream), UpdateExpression: aws.String("SET u = :u, etag = :e"),
				ExpressionAttributeValues: map[string]types.AttributeValue{
					":u": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: unfold}}},
					":e": &types.AttributeValueMemberS{Value: "another"},
				},
			})
			check.Must(t, err)
			found := mustReadSnapshot(t, db.Store(), stream)
			if found.Snapshot.Version != test.want || len(found.Events) != 7-int(test.want) {
				t.Errorf("got version %d and %d events behind it, want %d and %d", found.Snapshot.Version, len(found.Events), test.want, 7-test.want)
			}
			mustAppend(t, db.Store(), stream, 7, newEvents(1)...)
			if got := mustRead(t, db.Store(), stream, 0); len(got) != 8 {
				t.Errorf("got %d events behind an append, want 8", len(got))
			}
		})
	}
}

// A state that is large for its stream costs each append more than it spares a reader. It is
// not made anew with each append, to find that out.
func TestALargeStateHasNoUnfold(t *testing.T) {
	t.Parallel()
	db, _ := open(t, Config{MaxEvents: 4})
	store, stream := db.Store(), newStream(t)
	keep := keeping(incompressible(200))
	mustKeep(t, store, stream, 0, 55, keep.SnapshotTaking)
	if found := mustReadSnapshot(t, store, stream); found.Snapshot.Version != 0 || len(found.Events) != 55 {
		t.Errorf("got a snapshot for version %d and %d events, want none and 55", found.Snapshot.Version, len(found.Events))
	}
	if keep.states != 5 || keep.ended != 0 {
		t.Errorf("the state was asked for %d times, and %d snapshots ended, want 5 and none", keep.states, keep.ended)
	}
	mustAppend(t, store, stream, 55, newEvents(244)...)
	mustKeep(t, store, stream, 299, 303, keep.SnapshotTaking)
	if found := mustReadSnapshot(t, store, stream); found.Snapshot.Version != 303 {
		t.Errorf("got a snapshot for version %d, want 303, where the stream is long enough for it", found.Snapshot.Version)
	}
	if keep.ended != 4 {
		t.Errorf("%d snapshots were taken, want 4", keep.ended)
	}
}

// An append that fits into an item without a snapshot does so with one.
func TestASnapshotFailsNoLargeAppend(t *testing.T) {
	t.Parallel()
	db, _ := open(t, Config{MaxBytes: 400 << 10})
	store, stream := db.Store(), newStream(t)
	large := newEvents(1)
	large[0].Data = []byte(`"` + strings.Repeat("x", 380<<10) + `"`)
	for at := range es.Version(9) {
		mustAppend(t, store, stream, at, large...)
	}
	large[0].Data = []byte(`"` + strings.Repeat("x", 408_000) + `"`)
	keep := keeping(incompressible(60 << 10))
	if _, err := store.AppendSnapshot(within(t), stream, 9, large, keep.SnapshotTaking); err != nil || keep.states != 1 || keep.ended != 0 {
		t.Errorf("got error %v, %d states and %d snapshots, want an append without a snapshot", err, keep.states, keep.ended)
	}
	if _, err := store.ReadSnapshots(within(t), []es.StreamName{{}}, snapshotType, es.FromReplica); !errors.As(err, new(*es.NameError)) {
		t.Errorf("without a name: got error %v, want a NameError", err)
	}
}
