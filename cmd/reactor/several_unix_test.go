//go:build unix

package main

import (
	"errors"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
)

// Several reactors under one name, of which one after the other is paused, goes on and
// is killed, and stays that are not on record when their group is selected, while the
// guests arrive. Whatever each of them finds, a group is told one thing of each stay.
func TestSeveralReactorsAgreeOnStaysThatWereNotOnRecord(t *testing.T) {
	t.Parallel()
	t.Run("Message DB", func(t *testing.T) {
		t.Parallel()
		env := initialised(t)
		h := openHotel(t, env)
		group := newGroup(t, h, env)
		torment(t, h, func() *process {
			p, _ := startRun(t, env, group)
			return p
		})
		status, out, complaints := call(t, env, "audit", "--quiet", "-g", group, "mdb")
		if status != statusDone || !strings.Contains(out, "The books balance.") {
			t.Errorf("audit: got status %d, %s and %s, want balanced books", status, out, complaints)
		}
		conn := connect(t, env["MDB_CONNECTION_STRING"])
		for question, sql := range map[string]string{
			"balances that left a stay and reached no group": `
				SELECT count(*) FROM message_store.messages t WHERE type = 'TransferredToGroup' AND NOT EXISTS (
					SELECT FROM message_store.messages m, jsonb_array_elements(m.data -> 'residuals') r
					WHERE m.type = 'StaysMerged' AND m.stream_name = 'GroupCheckout-' || replace(t.data ->> 'groupId', '-', '')
					AND 'GuestStay-' || replace(r ->> 'stay', '-', '') = t.stream_name AND r -> 'residual' = t.data -> 'residualBalance')`,
			"balances that a group has twice": `
				SELECT count(*) FROM (
					SELECT r ->> 'stay' FROM message_store.messages m, jsonb_array_elements(m.data -> 'residuals') r
					WHERE m.type = 'StaysMerged' GROUP BY 1 HAVING count(*) > 1) twice`,
			"stays that a group both has and has not": `
				SELECT count(*) FROM message_store.messages m, jsonb_array_elements(m.data -> 'residuals') r
				WHERE m.type = 'StaysMerged' AND EXISTS (
					SELECT FROM message_store.messages f
					WHERE f.type = 'MergesFailed' AND f.stream_name = m.stream_name AND f.data -> 'stays' ? (r ->> 'stay'))`,
		} {
			var found int
			if err := conn.QueryRow(within(t), sql).Scan(&found); err != nil || found != 0 {
				t.Errorf("%s: got %d and error %v, want none", question, found, err)
			}
		}
	})
	t.Run("DynamoDB", func(t *testing.T) {
		t.Parallel()
		env := ownTables(t)
		h := openDynamoHotel(t, env)
		indexer := start(t, env, "index", "--log-format", "json", "dynamo")
		torment(t, h, func() *process {
			p, _ := startRunDynamo(t, env)
			return p
		})
		status, out, complaints := call(t, env, "audit", "--quiet", "dynamo") // it waits for an indexer that works
		stopped(t, indexer)
		if status != statusDone || !strings.Contains(out, "The books balance.") {
			t.Errorf("audit: got status %d, %s and %s, want balanced books", status, out, complaints)
		}
	})
}

// torment has clerks check out groups while the reactors are treated badly.
func torment(t *testing.T, h *hotel, begin func() *process) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const groups, inHand = 40, 4
	reactors := []*process{begin(), begin(), begin()}
	paused := -1
	var selected []domain.GroupID
	var lists [][]domain.StayID
	for i := range groups {
		victim := random.IntN(len(reactors))
		if paused >= 0 {
			reactors[paused].signal(t, syscall.SIGCONT)
		}
		if i%10 == 9 {
			reactors[victim].signal(t, syscall.SIGKILL)
			reactors[victim].awaitEnd(t)
			reactors[victim] = begin()
			paused = -1
		} else {
			reactors[victim].signal(t, syscall.SIGSTOP)
			paused = victim
		}
		stays := append(h.receive(t, 2), domain.StayID(uuid.New()))
		group := h.selectStays(t, stays)
		h.arrive(t, stays[2]) // late
		selected, lists = append(selected, group), append(lists, stays)
		if i >= inHand {
			h.settle(t, selected[i-inHand], lists[i-inHand])
		}
	}
	if paused >= 0 {
		reactors[paused].signal(t, syscall.SIGCONT)
	}
	for i := groups - inHand; i < groups; i++ {
		h.settle(t, selected[i], lists[i])
	}
	for _, p := range reactors {
		stopped(t, p)
	}
}

// arrive checks a guest in who owes 10.
func (h *hotel) arrive(t testing.TB, stay domain.StayID) {
	t.Helper()
	if err := h.stays.CheckIn(within(t), stay, moment()); err != nil {
		t.Fatal(err)
	}
	charge := domain.ChargeID(uuid.New())
	for { // a reactor may be in between
		err := h.stays.Charge(within(t), stay, charge, domain.MoneyOf(10), moment())
		var conflict *es.ConflictError
		if !errors.As(err, &conflict) {
			return // or the stay was merged before it was charged
		}
	}
}

// settle waits until all stays of a group were visited, has the group pay and confirms
// it, and has the guests leave alone whose stays could not be merged.
func (h *hotel) settle(t testing.TB, group domain.GroupID, stays []domain.StayID) {
	t.Helper()
	var state groupcheckout.State
	eventually(t, "group "+group.String()+" has no pending stay", func() (done bool) {
		var err error
		if state, err = h.groups.Read(within(t), group); err != nil {
			t.Fatal(err)
		}
		return len(state.Stays(groupcheckout.Pending)) == 0
	})
	if balance := state.Balance(); balance.Sign() > 0 {
		if err := h.groups.Pay(within(t), group, domain.PaymentID(uuid.New()), balance, moment()); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.groups.Confirm(within(t), group, moment()); err != nil {
		t.Fatal(err)
	}
	for _, id := range stays {
		if state.Status(id) != groupcheckout.Failed {
			continue
		}
		alone, err := h.stays.Read(within(t), id)
		if err != nil {
			t.Fatal(err)
		}
		if alone.Balance().Sign() > 0 {
			if err := h.stays.Pay(within(t), id, domain.PaymentID(uuid.New()), alone.Balance(), moment()); err != nil {
				t.Errorf("%s could not be merged, and now cannot pay: %v", h.stays.Stream(id), err)
			}
		}
		if err := h.stays.CheckOut(within(t), id, moment()); err != nil {
			t.Errorf("%s could not be merged, and now cannot leave: %v", h.stays.Stream(id), err)
		}
	}
}
