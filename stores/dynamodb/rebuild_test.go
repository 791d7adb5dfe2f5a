package dynamodb

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func TestStreamsThatHaveEveryChange(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		label string
		age   time.Duration
		want  bool
	}{
		"switched on with the table":     {"2026-11-28T08:00:00.412", time.Hour, true},
		"and a day ago":                  {"2026-11-28T08:00:00.412", 24 * time.Hour, false},
		"switched on later":              {"2026-11-28T08:00:05.000", time.Hour, false},
		"of another form":                {"today", time.Hour, false},
		"of a table that does not say":   {"", time.Hour, false},
		"switched on before it, somehow": {"2026-11-28T07:00:00.000", time.Hour, false},
	} {
		found := &types.TableDescription{CreationDateTime: &made, LatestStreamLabel: &test.label}
		check.Equal(t, name, test.want, complete(found, made.Add(test.age)))
	}
}

func TestATableThatRefusesTransactionsIsRefused(t *testing.T) {
	t.Parallel()
	err := checkUsable(shape{name: "hotel"}, &types.TableDescription{
		TableStatus: types.TableStatusActive, MultiRegionConsistency: types.MultiRegionConsistencyStrong,
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("p"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("i"), KeyType: types.KeyTypeRange}},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("p"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("i"), AttributeType: types.ScalarAttributeTypeN},
		},
	})
	if !hasProblem(err, ForeignTable) || !es.NeedsPerson(err) {
		t.Errorf("got %v, want that the table is of another kind", err)
	}
}

// Streams that fit into their tips come with one request; the others are read by
// themselves.
func TestManyStreamsAreReadAtOnce(t *testing.T) {
	t.Parallel()
	db, transport := open(t, Config{MaxEvents: 3})
	store := db.Store()
	var streams []es.StreamName
	for n := range 6 {
		stream := newStream(t)
		for version := range es.Version(n) {
			mustAppend(t, store, stream, version, newEvents(1)...)
		}
		streams = append(streams, stream)
	}
	streams = append(streams, streams[2]) // twice
	transport.Taken()
	got, err := store.ReadMany(within(t), streams, es.FromLeader)
	check.Must(t, err)
	check.Same(t, "requests", []string{"BatchGetItem", "Query", "Query"}, transport.Taken())
	for n, stream := range streams {
		if diff := cmp.Diff(mustRead(t, store, stream, 0), got[n]); diff != "" {
			t.Errorf("stream %d (-alone +among others):\n%s", n, diff)
		}
	}
	got[2][0].Data[0] = 'x' // the memory is the caller's
	if got[6][0].Data[0] == 'x' || mustRead(t, store, streams[2], 0)[0].Data[0] == 'x' {
		t.Error("two reads share their memory")
	}
	for _, stream := range streams[1:4] { // the tips are known now
		transport.Taken()
		mustAppend(t, store, stream, es.Version(len(got[slices.Index(streams, stream)])), newEvents(1)...)
		if taken := transport.Taken(); len(taken) != 1 {
			t.Errorf("got the requests %q for an append behind the read, want one", taken)
		}
	}
	check.Failsf(t, check.Error(store.ReadMany(within(t), []es.StreamName{{}}, es.FromLeader)), "the zero name")
}
