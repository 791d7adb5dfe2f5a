//go:build unix

package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/messagedb"
)

// hotel is what clerks do on the store of a test, beside the process under
// test.
type hotel struct {
	tranche feed.Tranche // of the feed
	backend *stores.Backend
	groups  *groupcheckout.Service
	stays   *gueststay.Service
}

func openHotel(t testing.TB, env map[string]string) *hotel {
	t.Helper()
	db, err := messagedb.Open(within(t), messagedb.Config{
		Connection:       env["MDB_CONNECTION_STRING"],
		CheckpointSchema: env["MDB_SCHEMA"],
		MaxConns:         2,
	})
	check.Must(t, err)
	backend, err := db.Backend(checkout.Categories()...)
	check.Must(t, err)
	return newHotel(t, backend, groupcheckout.Category)
}

// newHotel is the hotel on a backend, which the end of the test closes.
func newHotel(t testing.TB, backend *stores.Backend, tranche feed.Tranche) *hotel {
	t.Helper()
	t.Cleanup(backend.Close)
	return &hotel{tranche, backend, groupcheckout.NewService(backend.Events, es.Options{}), gueststay.NewService(backend.Events, es.Options{})}
}

func moment() domain.Moment { return domain.MomentOf(time.Now()) }

// receive checks guests in who owe 10 each.
func (h *hotel) receive(t testing.TB, n int) []domain.StayID {
	t.Helper()
	stays := make([]domain.StayID, n)
	for i := range stays {
		stays[i] = domain.StayID(uuid.New())
		check.Must(t, h.stays.CheckIn(within(t), stays[i], moment()))
		check.Must(t, h.stays.Charge(within(t), stays[i], domain.ChargeID(uuid.New()), domain.MoneyOf(10), moment()))
	}
	return stays
}

// selectStays begins the checkout of a new group.
func (h *hotel) selectStays(t testing.TB, stays []domain.StayID) domain.GroupID {
	t.Helper()
	group := domain.GroupID(uuid.New())
	check.Must(t, h.groups.Select(within(t), group, stays, moment()))
	return group
}

// awaitMerged waits until the reactor is done with a group, and makes sure that
// every stay was transferred once and recorded once.
func (h *hotel) awaitMerged(t testing.TB, group domain.GroupID, stays []domain.StayID) {
	t.Helper()
	eventually(t, fmt.Sprintf("group %s has no pending stay", group), func() bool {
		state, err := h.groups.Read(within(t), group)
		check.Must(t, err)
		return len(state.Stays(groupcheckout.Pending)) == 0
	})
	recorded := map[domain.StayID]int{}
	for _, e := range h.read(t, h.groups.Stream(group)) {
		event, _, err := groupcheckout.Codec().Decode(e.Type, e.Data)
		check.Must(t, err)
		if merged, ok := event.(groupcheckout.StaysMerged); ok {
			for _, r := range merged.Residuals {
				recorded[r.Stay]++
			}
		}
	}
	for _, stay := range stays {
		transfers := 0
		for _, e := range h.read(t, h.stays.Stream(stay)) {
			if e.Type == "TransferredToGroup" {
				transfers++
			}
		}
		if transfers != 1 || recorded[stay] != 1 {
			t.Errorf("stay %s: got %d transfers and %d records, want one of each", stay, transfers, recorded[stay])
		}
	}
	state, err := h.groups.Read(within(t), group)
	check.Must(t, err)
	if want := domain.MoneyOf(int64(10 * len(stays))); !state.Balance().Equal(want) {
		t.Errorf("group %s: got a balance of %s, want %s", group, state.Balance(), want)
	}
}

func (h *hotel) read(t testing.TB, stream es.StreamName) []es.Event {
	t.Helper()
	events, err := h.backend.Events.Read(within(t), stream, 0, es.FromLeader)
	check.Must(t, err)
	return events
}

// end is the end of the feed.
func (h *hotel) end(t testing.TB) feed.Position {
	t.Helper()
	end, err := h.backend.Source.End(within(t), h.tranche)
	check.Must(t, err)
	return end
}

// checkpoint is the checkpoint of a consumer group.
func (h *hotel) checkpoint(t testing.TB, group string) (feed.Position, bool) {
	t.Helper()
	key := feed.Key{Source: h.backend.Source.ID(), Tranche: h.tranche, Group: group}
	position, known, err := h.backend.Checkpoints.Load(within(t), key)
	check.Must(t, err)
	return position, known
}

// holdStays keeps everybody from writing to any stay until release is called:
// it holds the lock that Message DB takes for each write to the category.
func holdStays(t testing.TB, env map[string]string) (release func()) {
	t.Helper()
	conn := connect(t, env["MDB_CONNECTION_STRING"])
	tx, err := conn.Begin(within(t))
	check.Must(t, err)
	var hash int64
	for _, statement := range []string{"SET LOCAL search_path TO message_store", "SELECT acquire_lock('" + gueststay.Category + "-0')"} {
		rows, err := tx.Query(within(t), statement, pgx.QueryExecModeSimpleProtocol)
		check.Must(t, err)
		for rows.Next() {
			check.Must(t, rows.Scan(&hash))
		}
		check.Must(t, rows.Err())
	}
	return func() { _ = tx.Rollback(context.Background()) }
}
