//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/internal/gate"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/messagedb"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

// hotel is a store with clerks, and the way to run the real reactor on it.
type hotel struct {
	backend *stores.Backend
	groups  *groupcheckout.Service
	stays   *gueststay.Service
	gate    *gate.Gate // between the reactor and the store
	config  Config     // of the reactor
}

func newHotel(t testing.TB, backend *stores.Backend, g *gate.Gate, store, env []string) *hotel {
	t.Helper()
	t.Cleanup(backend.Close)
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("close the gate: %v", err)
		}
	})
	program, err := reactorProgram()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--processor-name", "test", "--log-format", "json", "--listen", "127.0.0.1:0", "--checkpoint-interval", "1s"}
	return &hotel{
		backend, groupcheckout.NewService(backend.Events, es.Options{}), gueststay.NewService(backend.Events, es.Options{}), g,
		Config{Path: program, Args: append(args, store...), Env: env},
	}
}

// onMessageDB is a hotel in a database of its own.
func onMessageDB(t testing.TB) *hotel {
	t.Helper()
	database, err := messageDBServer.Get(t).NewDatabase(within(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Close(); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	const schema = "checkouts"
	if _, err := messagedb.Init(within(t), messagedb.Config{Connection: database.AdminConnectionString, CheckpointSchema: schema}); err != nil {
		t.Fatal(err)
	}
	if err := database.ShareCheckpoints(within(t), schema); err != nil {
		t.Fatal(err)
	}
	db, err := messagedb.Open(within(t), messagedb.Config{Connection: database.ConnectionString, CheckpointSchema: schema})
	if err != nil {
		t.Fatal(err)
	}
	backend, err := db.Backend(checkout.Categories()...)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := dsn.Parse(database.ConnectionString)
	if err != nil {
		t.Fatal(err)
	}
	plain, through, err := settings.Plain()
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.MessageDB(within(t), plain, *through)
	if err != nil {
		t.Fatal(err)
	}
	return newHotel(t, backend, g, []string{"mdb", "--tail-sleep", "5"}, []string{"MDB_CONNECTION_STRING=" + g.URL(), "MDB_SCHEMA=" + schema})
}

// onDynamoDB is a hotel in tables of its own, with the indexer in this process:
// one in a reactor that is killed would hold its lease for some seconds more.
func onDynamoDB(t testing.TB) *hotel {
	t.Helper()
	server := dynamoDBServer.Get(t)
	table := "process-test-" + uuid.NewString()
	config := dynamodb.Config{
		ServiceURL: server.ServiceURL, AccessKeyID: server.AccessKeyID, SecretAccessKey: dynamodb.Secret(server.SecretAccessKey),
		Table: table, IndexTable: table + "-index",
	}
	if _, err := dynamodb.Init(within(t), config, dynamodb.Provision{}); err != nil {
		t.Fatal(err)
	}
	db, err := dynamodb.Open(within(t), config)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := db.Backend(checkout.Categories()...)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.DynamoDB(within(t), server.ServiceURL, table)
	if err != nil {
		t.Fatal(err)
	}
	h := newHotel(t, backend, g, []string{"dynamo", "--tail-sleep", "50"}, []string{
		"EQUINOX_DYNAMO_SERVICE_URL=" + g.URL(), "EQUINOX_DYNAMO_ACCESS_KEY_ID=" + server.AccessKeyID,
		"EQUINOX_DYNAMO_SECRET_ACCESS_KEY=" + server.SecretAccessKey, "EQUINOX_DYNAMO_TABLE=" + table,
	})
	ctx, stop := context.WithCancel(context.Background())
	indexed := make(chan error, 1)
	go func() { indexed <- db.Indexer(dynamodb.IndexerConfig{Poll: 50 * time.Millisecond}).Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-indexed; err != nil {
			t.Errorf("the indexer: %v", err)
		}
	})
	return h
}

func moment() domain.Moment { return domain.MomentOf(time.Now()) }

// checkOut selects new stays, who owe 10 each, for a new group.
func (h *hotel) checkOut(t *testing.T, n int) (domain.GroupID, []domain.StayID) {
	t.Helper()
	stays := make([]domain.StayID, n)
	for i := range stays {
		stays[i] = domain.StayID(uuid.New())
		charged := h.stays.CheckIn(within(t), stays[i], moment())
		charged = errors.Join(charged, h.stays.Charge(within(t), stays[i], domain.ChargeID(uuid.New()), domain.MoneyOf(10), moment()))
		if charged != nil {
			t.Fatal(charged)
		}
	}
	group := domain.GroupID(uuid.New())
	if err := h.groups.Select(within(t), group, stays, moment()); err != nil {
		t.Fatal(err)
	}
	return group, stays
}

func (h *hotel) read(t *testing.T, stream es.StreamName) []es.Event {
	t.Helper()
	events, err := h.backend.Events.Read(within(t), stream, 0, es.FromLeader)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// transfers counts the transfers of stays, and fails if one has more than one.
func (h *hotel) transfers(t *testing.T, stays []domain.StayID) int {
	t.Helper()
	all := 0
	for _, stay := range stays {
		of := 0
		for _, e := range h.read(t, h.stays.Stream(stay)) {
			if e.Type == "TransferredToGroup" {
				of++
			}
		}
		if of > 1 {
			t.Errorf("stay %s: got %d transfers, want one at the most", stay, of)
		}
		all += of
	}
	return all
}

// settle waits until the reactor has completed all that was written, and all that
// it wrote itself meanwhile.
func (h *hotel) settle(t *testing.T, reactor *Process, groups ...domain.GroupID) {
	t.Helper()
	// The index of a DynamoDB comes after the writes.
	for _, group := range groups {
		_ = poll(within(t), nil, func() bool {
			state, err := h.groups.Read(within(t), group)
			return err == nil && len(state.Stays(groupcheckout.Pending)) == 0
		})
	}
	for last := (map[feed.Tranche]feed.Position{}); ; {
		tranches, err := h.backend.Source.Tranches(within(t))
		if err != nil {
			t.Fatal(err)
		}
		ends := map[feed.Tranche]feed.Position{}
		for _, tranche := range tranches {
			if ends[tranche], err = h.backend.Source.End(within(t), tranche); err != nil {
				t.Fatal(err)
			}
		}
		if fmt.Sprint(ends) == fmt.Sprint(last) {
			return
		}
		if err := reactor.AwaitCompleted(within(t), ends); err != nil {
			t.Fatal(err)
		}
		last = ends
	}
}

// checkMerged makes sure that each stay was transferred and recorded once.
func (h *hotel) checkMerged(t *testing.T, group domain.GroupID, stays []domain.StayID) {
	t.Helper()
	if got := h.transfers(t, stays); got != len(stays) {
		t.Errorf("got %d transfers, want %d", got, len(stays))
	}
	recorded := map[domain.StayID]int{}
	for _, e := range h.read(t, h.groups.Stream(group)) {
		event, _, err := groupcheckout.Codec().Decode(e.Type, e.Data)
		if err != nil {
			t.Fatal(err)
		}
		if merged, ok := event.(groupcheckout.StaysMerged); ok {
			for _, r := range merged.Residuals {
				recorded[r.Stay]++
			}
		}
	}
	for _, stay := range stays {
		if recorded[stay] != 1 {
			t.Errorf("stay %s: got %d records of its merge, want one", stay, recorded[stay])
		}
	}
}

// onEachStore runs a test on each real store.
func onEachStore(t *testing.T, test func(t *testing.T, h *hotel)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) *hotel{"messagedb": onMessageDB, "dynamodb": onDynamoDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func TestTheRealReactorMergesAGroup(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, h *hotel) {
		t.Helper()
		p := started(t, h.config)
		group, stays := h.checkOut(t, 6)
		h.settle(t, p, group)
		h.checkMerged(t, group, stays)
		if err := p.Stop(within(t)); err != nil {
			t.Error(err)
		}
	})
}

func TestTheRealReactorBreaksDownAfterExactlySoManyWrites(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, h *hotel) {
		t.Helper()
		p := started(t, h.config)
		if err := h.gate.BreakAfter(3); err != nil {
			t.Fatal(err)
		}
		group, stays := h.checkOut(t, 6)
		select {
		case <-h.gate.Broken():
		case <-within(t).Done():
			t.Fatalf("the reactor did not break down:\n%s", p.Output())
		}
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
		if got := h.transfers(t, stays); got != 3 {
			t.Errorf("got %d transfers when it broke down, want 3", got)
		}
		if got := len(h.read(t, h.groups.Stream(group))); got != 1 {
			t.Errorf("got %d events of the group when it broke down, want the selection", got)
		}
		h.gate.Mend()
		p, err := Start(within(t), h.config)
		if err != nil {
			t.Fatal(err)
		}
		h.settle(t, p, group)
		h.checkMerged(t, group, stays)
		if err := p.Stop(within(t)); err != nil {
			t.Error(err)
		}
	})
}

func TestTwoRealReactorsUnderOneNameDoNoHarm(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, h *hotel) {
		t.Helper()
		reactors, err := StartGroup(within(t), 2, h.config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := reactors.Stop(within(t)); err != nil {
				t.Error(err)
			}
		})
		var groups [4]domain.GroupID
		var stays [4][]domain.StayID
		for i := range groups {
			if groups[i], stays[i] = h.checkOut(t, 4); i == 1 {
				if err := reactors.Members()[0].Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		next := started(t, h.config)
		h.settle(t, reactors.Members()[1], groups[:]...)
		h.settle(t, next)
		for i := range groups {
			h.checkMerged(t, groups[i], stays[i])
		}
	})
}

// BenchmarkStart starts the reactor on a Message DB until it is ready, and stops
// it.
func BenchmarkStart(b *testing.B) {
	h := onMessageDB(b)
	for b.Loop() {
		p, err := Start(within(b), h.config)
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Stop(within(b)); err != nil {
			b.Fatal(err)
		}
	}
}
