//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
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
	"example.com/groupcheckout/internal/tried"
)

// More groups than a usual run has time for.
var tormentedGroups = flag.Uint("tormented-groups", 40, "in TestSeveralReactorsAgreeOnStaysThatWereNotOnRecord, check out this `number` of groups on each store") //nolint:gochecknoglobals // a flag of go test

// Several reactors under one name, of which one after the other is paused, goes on, is
// killed and is replaced by a new one, and stays that are not on record when their group
// is selected, while the guests arrive. Whatever each of them finds, a group is told one
// thing of each stay. The reactors take over from each other, as one that works for those
// that stand by or by slots.
func TestSeveralReactorsAgreeOnStaysThatWereNotOnRecord(t *testing.T) {
	t.Parallel()
	for _, store := range realStores() {
		for _, slots := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, slots %d", store.name, slots), func(t *testing.T) {
				t.Parallel()
				on := store.open(t)
				(&torment{site: on, slots: slots, where: fmt.Sprintf("%s, slots %d", store.name, slots)}).run(t)
				on.audited(t)
				store.books(t, on.env)
			})
		}
	}
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

// realStore is where a test that is for both of them makes a site.
type realStore struct {
	name    string
	address string // the variable that has it
	open    func(*testing.T) *site
	books   func(t *testing.T, env map[string]string) // looks at them without this project
}

func realStores() []realStore {
	return []realStore{
		{"Message DB", "MDB_CONNECTION_STRING", onMessageDB, booksBySQL},
		{"DynamoDB Local", "EQUINOX_DYNAMO_SERVICE_URL", onDynamoDB, booksBySDK},
	}
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

// tormentedLease is that of the reactors that are treated badly, as long as it is unless
// somebody says otherwise. Others wait for a sign of life for seven tenths of it; the rest
// is for a machine that has much else to do.
const (
	tormentedLease = 10 * time.Second
	longPause      = tormentedLease * 6 / 5
)

// What is done to reactors, by the number of the occasion. What is no other is a short
// pause, until the next group is selected.
const (
	everyKill        = 10  // and a new one is started
	everyLongPause   = 80  // for longer than a lease
	everyReplacement = 100 // one after the other is stopped and a new one started, as in a deployment
)

// torment has clerks check out groups while three reactors are treated badly.
type torment struct {
	*site
	slots  int
	where  string
	random *rand.Rand

	all      []*process             // that ever were
	pages    map[*process]string    // the addresses of their status pages
	away     map[*process][]absence // when they could not go on
	reactors [3]*process            // at present
	occasion int                    // how many there were
	counts   struct{ kills, pauses, long, replaced int }
	paused   *process  // or nil
	atLeast  time.Time // until when it is paused
	since    int       // which group was selected last before that
	toStop   int       // how many have still to be replaced in a deployment
	stalls   []stall   // of the store
}

// stall is a time in which the store owed an answer for longer than a second. Nobody can
// take over meanwhile, so the lease is longer by that.
type stall struct{ from, to time.Time }

const prompt = time.Second

// ask asks the store again and again, and notes its stalls, until the test wants no more.
func (w *torment) ask(t *testing.T) (end func()) {
	t.Helper()
	ended, over := make(chan struct{}), make(chan struct{})
	nobody := domain.GroupID(uuid.New())
	go func() {
		defer close(over)
		for {
			began := time.Now()
			_, _ = w.hotel.groups.Read(t.Context(), nobody) // an error is an answer, too
			if time.Since(began) > prompt {
				w.stalls = append(w.stalls, stall{began.Add(prompt), time.Now()})
			}
			select {
			case <-time.After(prompt / 10):
			case <-ended:
				return
			case <-t.Context().Done():
				return
			}
		}
	}()
	return func() { close(ended); <-over }
}

// stalled is for how long the store stalled in a gap.
func (w *torment) stalled(g gap) (sum time.Duration) {
	for _, s := range w.stalls {
		from, to := s.from, s.to
		if from.Before(g.from) {
			from = g.from
		}
		if to.After(g.to) {
			to = g.to
		}
		sum += max(0, to.Sub(from))
	}
	return sum
}

// inHand is how many groups are under way at a time, and meanwhile how many are selected
// while a reactor is paused for long.
const (
	inHand    = 4
	meanwhile = 20
)

func (w *torment) run(t *testing.T) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w.random = rand.New(rand.NewPCG(seed, 0))
	w.away, w.pages = map[*process][]absence{}, map[*process]string{}
	for i := range w.reactors {
		w.reactors[i] = w.another(t)
	}
	enough := w.ask(t)
	var selected []domain.GroupID
	var lists [][]domain.StayID
	groups, h := int(*tormentedGroups), w.hotel
	for i := range groups {
		w.hit(t, i)
		stays := append(h.receive(t, 2), domain.StayID(uuid.New()))
		group := h.selectStays(t, stays)
		h.arrive(t, stays[2]) // late
		selected, lists = append(selected, group), append(lists, stays)
		if i >= inHand {
			h.settle(t, selected[i-inHand], lists[i-inHand])
		}
		if i%100 == 99 {
			t.Logf("%d groups so far, %+v", i+1, w.counts)
		}
	}
	<-time.After(time.Until(w.atLeast))
	w.goOn(t)
	for i := max(0, groups-inHand); i < groups; i++ {
		h.settle(t, selected[i], lists[i])
	}
	end := time.Now()
	enough()
	for _, p := range w.reactors {
		stopped(t, p)
	}
	tried.Times(t, w.where, "groups of three stays", groups)
	tried.Times(t, w.where, "kills", w.counts.kills)
	tried.Times(t, w.where, "pauses", w.counts.pauses)
	tried.Times(t, w.where, "of which longer than the lease", w.counts.long)
	tried.Times(t, w.where, "replaced in rolling deployments", w.counts.replaced)
	w.judge(t, end)
}

// another starts a reactor.
func (w *torment) another(t *testing.T) *process {
	t.Helper()
	p, address := w.begin(t, "--slots", strconv.Itoa(w.slots), "--lease", tormentedLease.String(), "--log-level", "debug")
	w.all, w.pages[p] = append(w.all, p), address
	return p
}

// hit does something to a reactor before a group is selected, unless one is paused.
func (w *torment) hit(t *testing.T, group int) {
	t.Helper()
	if w.paused != nil {
		if group-w.since > meanwhile {
			<-time.After(time.Until(w.atLeast)) // enough was begun meanwhile
		}
		if time.Now().Before(w.atLeast) {
			return
		}
		w.goOn(t)
	}
	victim := w.random.IntN(len(w.reactors))
	switch n := w.occasion; {
	case w.toStop > 0:
		w.toStop--
		w.replace(t, w.toStop)
		return
	case n%everyReplacement == 4:
		w.toStop = len(w.reactors) - 1
		w.replace(t, w.toStop)
	case n%everyLongPause == 12:
		for range w.reactors { // one that works
			if works(t, w.pages[w.reactors[victim]]) > 0 {
				break
			}
			victim = (victim + 1) % len(w.reactors)
		}
		w.pause(t, victim, group)
		w.atLeast = time.Now().Add(longPause)
		w.counts.long++
	case n%everyKill == 9:
		p := w.reactors[victim]
		w.leaves(p, absence{})
		p.signal(t, syscall.SIGKILL)
		p.awaitEnd(t)
		w.reactors[victim] = w.another(t)
		w.counts.kills++
	default:
		w.pause(t, victim, group)
	}
	w.occasion++
}

func (w *torment) pause(t *testing.T, victim, group int) {
	t.Helper()
	w.paused, w.since, w.atLeast = w.reactors[victim], group, time.Time{}
	w.leaves(w.paused, absence{})
	w.paused.signal(t, syscall.SIGSTOP)
	w.counts.pauses++
}

// goOn lets the reactor go on that is paused, if one is.
func (w *torment) goOn(t *testing.T) {
	t.Helper()
	if w.paused == nil {
		return
	}
	w.away[w.paused][len(w.away[w.paused])-1].to = time.Now()
	w.paused.signal(t, syscall.SIGCONT)
	w.paused = nil
}

// replace stops a reactor in order and starts another at once.
func (w *torment) replace(t *testing.T, victim int) {
	t.Helper()
	w.leaves(w.reactors[victim], absence{stopped: true})
	stopped(t, w.reactors[victim])
	w.reactors[victim] = w.another(t)
	w.counts.replaced++
}

func (w *torment) leaves(p *process, a absence) {
	a.from = time.Now()
	w.away[p] = append(w.away[p], a)
}

// judge looks at when nobody worked on a slot, and at calls for one stream at the same
// time, until the last group was settled.
func (w *torment) judge(t *testing.T, end time.Time) {
	t.Helper()
	var lives []life
	for _, p := range w.all {
		lives = append(lives, life{linesOf(p.output()), w.away[p]})
	}
	var longest, stop gap
	for _, g := range gaps(lives, w.slots, end) {
		stalled := w.stalled(g)
		if g.length() > tormentedLease*9/10 {
			show(t, lives, fmt.Sprintf("nobody worked on slot %d", g.slot), g.from, g.to)
		}
		if g.length() > tormentedLease+stalled {
			t.Errorf("nobody worked on slot %d for %s, and the lease is %s; the store stalled for %s meanwhile", g.slot, g.length(), tormentedLease, stalled)
		}
		if g.length() > longest.length() {
			longest = g
		}
		if g.stop && g.length() > stop.length() {
			stop = g
		}
	}
	tried.Longest(t, w.where, "the longest time for which nobody worked on a slot", longest.length())
	tried.Longest(t, w.where, "the longest after a stop in order", stop.length())
	calls, allowed, others := overlaps(lives, tormentedLease, end)
	tried.Times(t, w.where, "calls", calls)
	tried.Times(t, w.where, "of which at the same time as one of a reactor that was paused", len(allowed))
	for i, pair := range others {
		if i == 0 {
			show(t, lives, "two calls for one stream", pair[0].begin, pair[1].begin)
		}
		t.Errorf("two calls for %s at the same time: of process %d from %s to %s, and of process %d from %s to %s", pair[0].stream,
			pair[0].by, pair[0].begin.Format(time.StampMicro), pair[0].end.Format(time.StampMicro), pair[1].by, pair[1].begin.Format(time.StampMicro), pair[1].end.Format(time.StampMicro))
	}
	if calls < int(*tormentedGroups) {
		t.Errorf("got %d calls in the logs, want at least one of each group", calls)
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
