//go:build unix

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision/provisiontest"
)

// More groups than a usual run has time for. One of ten times a reactor is killed, else it
// is paused until the next group is selected, or, one of twenty times, for longer than the
// lease while clerks go on.
var tormentedGroups = flag.Uint("tormented-groups", 40, "in TestSeveralReactorsAgreeOnStaysThatWereNotOnRecord, check out this `number` of groups on each store") //nolint:gochecknoglobals // a flag of go test

// Several reactors under one name, of which one after the other is paused, goes on and
// is killed, and stays that are not on record when their group is selected, while the
// guests arrive. Whatever each of them finds, a group is told one thing of each stay. The
// reactors take over from each other, as one that works for those that stand by or by
// slots.
func TestSeveralReactorsAgreeOnStaysThatWereNotOnRecord(t *testing.T) {
	t.Parallel()
	for _, slots := range []string{"1", "3"} {
		t.Run("Message DB, slots "+slots, func(t *testing.T) {
			t.Parallel()
			on := onMessageDB(t)
			torment(t, on.hotel, func() *process {
				p, _ := on.begin(t, "--slots", slots, "--lease", tormentedLease.String())
				return p
			})
			on.audited(t)
			booksBySQL(t, on.env)
		})
	}
	t.Run("DynamoDB, slots 3", func(t *testing.T) {
		t.Parallel()
		on := onDynamoDB(t)
		torment(t, on.hotel, func() *process {
			p, _ := on.begin(t, "--slots", "3", "--lease", tormentedLease.String())
			return p
		})
		on.audited(t)
		booksBySDK(t, on.env)
	})
}

// site is a store with a hotel on it, and how reactors are started there.
type site struct {
	hotel *hotel
	env   map[string]string
	group string // the consumer group
	store string // as on the command line
}

func onMessageDB(t *testing.T) *site {
	t.Helper()
	env := initialised(t)
	h := openHotel(t, env)
	return &site{h, env, newGroup(t, h, env), "mdb"}
}

// onDynamoDB has an indexer at work.
func onDynamoDB(t *testing.T) *site {
	t.Helper()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	start(t, env, "index", "--log-format", "json", "dynamo")
	return &site{h, env, dynamoGroup, "dynamo"}
}

// begin starts a reactor and waits until it is ready.
func (s *site) begin(t *testing.T, flags ...string) (p *process, address string) {
	t.Helper()
	args := append([]string{"run", "-g", s.group, "--log-format", "json", "--listen", "127.0.0.1:0"}, flags...)
	p = start(t, s.env, append(args, s.store, "--tail-sleep", "20")...)
	address = p.awaitLog(t, "serving the status page")["address"].(string)
	p.awaitLog(t, "ready")
	return p, address
}

// audited makes sure that the books balance, and that no checkpoint lies behind work.
func (s *site) audited(t *testing.T) {
	t.Helper()
	last := ""
	defer func() {
		if t.Failed() {
			t.Log("the last audit: " + last)
		}
	}()
	// What is appended last takes an indexer a moment. Nothing else that an audit finds
	// goes away.
	eventually(t, "an audit finds the books balanced", func() bool {
		status, out, complaints := call(t, s.env, "audit", "--quiet", "-g", s.group, s.store)
		last = out + complaints
		return status == statusDone && strings.Contains(out, "The books balance.") && !strings.Contains(out, "has no checkpoint")
	})
}

// booksBySQL asks PostgreSQL what may never be.
func booksBySQL(t *testing.T, env map[string]string) {
	t.Helper()
	conn := connect(t, env["MDB_CONNECTION_STRING"])
	for question, sql := range map[string]string{
		"stays that a group was never answered": `
			SELECT count(*) FROM message_store.messages m, jsonb_array_elements_text(m.data -> 'stays') s
			WHERE m.type = 'StaysSelected' AND NOT EXISTS (
				SELECT FROM message_store.messages a WHERE a.stream_name = m.stream_name
				AND (a.type = 'MergesFailed' AND a.data -> 'stays' ? s
					OR a.type = 'StaysMerged' AND a.data -> 'residuals' @> jsonb_build_array(jsonb_build_object('stay', s))))`,
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
}

// booksBySDK asks the same of DynamoDB, of items as the SDK gives them.
func booksBySDK(t *testing.T, env map[string]string) {
	t.Helper()
	type answer struct {
		stay     string
		residual json.Number
	}
	type book struct {
		selected, failed []string
		merged           []answer
	}
	books := map[string]*book{}            // of groups, by the digits of their ids
	left := map[string]map[string]answer{} // by group and stay, what was transferred
	digits := func(id string) string { return strings.ReplaceAll(id, "-", "") }
	transfers := 0
	for _, event := range storedEvents(t, env) {
		category, id, _ := strings.Cut(event.stream, "-")
		of := books[id]
		if of == nil && category == "GroupCheckout" {
			of = &book{}
			books[id] = of
		}
		var said struct {
			Stays     []string
			Residuals []struct {
				Stay     string
				Residual json.Number
			}
			GroupID         string
			ResidualBalance json.Number
		}
		if err := json.Unmarshal(event.data, &said); err != nil {
			t.Fatalf("%s of %s: %v", event.kind, event.stream, err)
		}
		switch event.kind {
		case "StaysSelected":
			of.selected = append(of.selected, said.Stays...)
		case "MergesFailed":
			of.failed = append(of.failed, said.Stays...)
		case "StaysMerged":
			for _, r := range said.Residuals {
				of.merged = append(of.merged, answer{digits(r.Stay), r.Residual})
			}
		case "TransferredToGroup":
			group := digits(said.GroupID)
			if left[group] == nil {
				left[group] = map[string]answer{}
			}
			left[group][id] = answer{id, said.ResidualBalance}
			transfers++
		}
	}
	if transfers == 0 || len(books) == 0 {
		t.Errorf("the table holds %d groups and %d transfers, want some", len(books), transfers)
	}
	merged := map[string]string{}
	for group, b := range books {
		for _, a := range b.merged {
			if other, twice := merged[a.stay]; twice {
				t.Errorf("the balance of stay %s is with group %s and with group %s", a.stay, other, group)
			}
			merged[a.stay] = group
			if transfer, ok := left[group][a.stay]; !ok || transfer.residual != a.residual {
				t.Errorf("group %s has %s of stay %s, which transferred %q", group, a.residual, a.stay, transfer.residual)
			}
			delete(left[group], a.stay)
		}
		for _, stay := range b.failed {
			if merged[digits(stay)] == group {
				t.Errorf("group %s both has and has not stay %s", group, stay)
			}
		}
		for _, stay := range b.selected {
			if merged[digits(stay)] != group && !slices.Contains(b.failed, stay) {
				t.Errorf("group %s never got an answer for stay %s", group, stay)
			}
		}
	}
	for group, stays := range left {
		for _, transfer := range stays {
			t.Errorf("%s left stay %s and did not reach group %s", transfer.residual, transfer.stay, group)
		}
	}
}

// storedEvent is an event as it lies in a table.
type storedEvent struct {
	stream, kind string
	data         []byte
}

// storedEvents are all events of a table, read without this project.
func storedEvents(t *testing.T, env map[string]string) (all []storedEvent) {
	t.Helper()
	client, table := dynamoClient(t, env), env["EQUINOX_DYNAMO_TABLE"]
	pages := awsdynamodb.NewScanPaginator(client, &awsdynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(within(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			stream := item["p"].(*types.AttributeValueMemberS).Value
			kinds, ok := item["c"].(*types.AttributeValueMemberL)
			if !ok || strings.HasPrefix(stream, "$") {
				continue
			}
			for i, kind := range kinds.Value {
				body := item["e"].(*types.AttributeValueMemberL).Value[i].(*types.AttributeValueMemberM).Value
				event := storedEvent{stream, kind.(*types.AttributeValueMemberS).Value, body["d"].(*types.AttributeValueMemberB).Value}
				if _, compressed := body["D"]; compressed {
					if event.data, err = io.ReadAll(brotli.NewReader(bytes.NewReader(event.data))); err != nil {
						t.Fatal(err)
					}
				}
				all = append(all, event)
			}
		}
	}
	return all
}

// torment has clerks check out groups while the reactors are treated badly.
func torment(t *testing.T, h *hotel, reactor func() *process) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var selected []domain.GroupID
	kills, pauses, long := 0, 0, 0
	turns := &turns{away: map[*process][]absence{}}
	defer func() {
		slot, longest := turns.longest(t)
		t.Logf("%d groups, %d kills, %d pauses, %d of them longer than the lease; the longest time for which nobody worked was %s, on slot %d", len(selected), kills, pauses, long, longest.Round(time.Millisecond), slot)
		if longest > tormentedLease+provisiontest.Patience {
			t.Errorf("nobody worked on slot %d for %s, and the lease is %s", slot, longest, tormentedLease)
		}
	}()
	begin := func() *process {
		p := reactor()
		turns.all = append(turns.all, p)
		return p
	}
	random := rand.New(rand.NewPCG(seed, 0))
	const inHand = 4
	groups := int(*tormentedGroups)
	reactors := []*process{begin(), begin(), begin()}
	paused, since, atLeast := -1, 0, time.Time{} // which one is, since which group, and until when at least
	goOn := func() {
		turns.back(reactors[paused])
		reactors[paused].signal(t, syscall.SIGCONT)
		paused = -1
	}
	var lists [][]domain.StayID
	for i := range groups {
		if paused >= 0 && i-since > inHand {
			<-time.After(time.Until(atLeast)) // enough was begun meanwhile
		}
		if paused >= 0 && !time.Now().Before(atLeast) {
			goOn()
		}
		if paused < 0 {
			victim := random.IntN(len(reactors))
			turns.leaves(reactors[victim])
			if pauses == 9*(kills+1) {
				reactors[victim].signal(t, syscall.SIGKILL)
				reactors[victim].awaitEnd(t)
				reactors[victim] = begin()
				kills++
			} else {
				reactors[victim].signal(t, syscall.SIGSTOP)
				paused, since = victim, i
				if pauses++; pauses%20 == 10 {
					atLeast = time.Now().Add(tormentedLease * 3 / 2)
					long++
				}
			}
		}
		stays := append(h.receive(t, 2), domain.StayID(uuid.New()))
		group := h.selectStays(t, stays)
		h.arrive(t, stays[2]) // late
		selected, lists = append(selected, group), append(lists, stays)
		if i >= inHand {
			h.settle(t, selected[i-inHand], lists[i-inHand])
		}
		if i%100 == 99 {
			t.Logf("%d groups so far, %d kills, %d pauses", i+1, kills, pauses)
		}
	}
	if paused >= 0 {
		goOn()
	}
	for i := groups - inHand; i < groups; i++ {
		h.settle(t, selected[i], lists[i])
	}
	for _, p := range reactors {
		stopped(t, p)
	}
}

// tormentedLease is that of the reactors that are treated badly.
const tormentedLease = time.Second

// turns are who worked on which slot, and when each process was paused or dead.
type turns struct {
	all  []*process
	away map[*process][]absence
}

// absence is when a process was paused or dead; it has no end if it was killed.
type absence struct{ from, to time.Time }

func (w *turns) leaves(p *process) { w.away[p] = append(w.away[p], absence{from: time.Now()}) }

func (w *turns) back(p *process) { w.away[p][len(w.away[p])-1].to = time.Now() }

// longest is the longest time for which nobody worked on a slot: from the moment when its
// holder could not go on, or gave it away, until the next one had it.
func (w *turns) longest(t *testing.T) (slot int, longest time.Duration) {
	t.Helper()
	type turn struct {
		Time  time.Time
		Msg   string
		Slot  int
		Token int64
		by    *process
	}
	taken := map[int][]turn{}
	over := map[*process][]turn{}
	for _, p := range w.all {
		for line := range strings.Lines(p.output()) {
			said := turn{by: p}
			switch err := json.Unmarshal([]byte(line), &said); {
			case err != nil:
			case said.Msg == "works on a slot":
				taken[said.Slot] = append(taken[said.Slot], said)
			case strings.HasPrefix(said.Msg, "a slot was "):
				over[p] = append(over[p], said)
			}
		}
	}
	var from, to time.Time
	if len(taken) == 0 {
		t.Error("no reactor logged that it works on a slot")
	}
	for of, turns := range taken {
		slices.SortFunc(turns, func(a, b turn) int { return cmp.Or(cmp.Compare(a.Token, b.Token), a.Time.Compare(b.Time)) })
		// Who was hit after it took a slot may say so when another one has it already.
		for i := len(turns) - 2; i >= 0; i-- {
			if turns[i].Time.After(turns[i+1].Time) {
				turns = slices.Delete(turns, i, i+1)
			}
		}
		for i, next := range turns[1:] {
			before, left := turns[i], next.Time
			for _, a := range w.away[before.by] {
				if a.from.Before(left) && (a.to.IsZero() || a.to.After(next.Time)) {
					left = a.from
				}
			}
			for _, o := range over[before.by] {
				if o.Slot == of && o.Time.After(before.Time) && o.Time.Before(left) {
					left = o.Time
				}
			}
			idle := next.Time.Sub(left)
			if takes := next.Token - before.Token; takes > 1 {
				idle /= time.Duration(takes) // whoever took it in between was hit before it began, and was waited for too
			}
			if idle > longest {
				slot, longest, from, to = of, idle, left, next.Time
			}
		}
	}
	if longest > tormentedLease {
		w.tell(t, from, to)
	}
	return slot, longest
}

// tell logs what happened in a time.
func (w *turns) tell(t *testing.T, from, to time.Time) {
	t.Helper()
	t.Logf("nobody worked from %s to %s", from.Format(time.StampMilli), to.Format(time.StampMilli))
	for i, p := range w.all {
		for _, a := range w.away[p] {
			if a.from.Before(to) && (a.to.IsZero() && a.from.After(from.Add(-time.Second)) || a.to.After(from)) {
				t.Logf("process %d was away from %s to %s", i, a.from.Format(time.StampMilli), a.to.Format(time.StampMilli))
			}
		}
		for line := range strings.Lines(p.output()) {
			var said struct{ Time time.Time }
			if json.Unmarshal([]byte(line), &said) == nil && said.Time.After(from.Add(-time.Second)) && !said.Time.After(to) {
				t.Logf("process %d: %s", i, line)
			}
		}
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
