//go:build unix

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// These tests begin with what the .NET hotel left on a store; see
// testdata/dotnet/README.md.

// dotNetGroup is the consumer group that .NET's reactor ran under.
const dotNetGroup = "hotel"

// dotNetLines are the lines of a file, without their ends.
func dotNetLines(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "dotnet", name))
	check.Must(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// dotNetStates are what .NET read from each stream, without the details that only
// it prints.
func dotNetStates(t testing.TB, name string) map[string]string {
	t.Helper()
	states := map[string]string{}
	for _, line := range dotNetLines(t, name) {
		line, _, _ = strings.Cut(line, " # ")
		stream, state, _ := strings.Cut(line, " ")
		states[stream] = state
	}
	return states
}

// states are those of some streams in the words of dotNetStates.
func (h *hotel) states(t testing.TB, streams map[string]string) map[string]string {
	t.Helper()
	states := map[string]string{}
	for stream := range streams {
		name, err := es.ParseStreamName(stream)
		check.Must(t, err)
		state := ""
		switch name.Category() {
		case groupcheckout.Category:
			state = h.groupState(t, name)
		case gueststay.Category:
			state = h.stayState(t, name)
		}
		states[stream] = fmt.Sprintf("version=%d %s", len(h.read(t, name)), state)
	}
	return states
}

func (h *hotel) groupState(t testing.TB, stream es.StreamName) string {
	t.Helper()
	state, err := h.groups.Read(within(t), parseID[domain.GroupID](t, stream.ID()))
	check.Must(t, err)
	list := func(status groupcheckout.Status, with func(domain.StayID) string) string {
		var all []string
		for _, stay := range state.Stays(status) {
			all = append(all, stay.N()+with(stay))
		}
		slices.Sort(all)
		return "[" + strings.Join(all, " ") + "]"
	}
	alone := func(domain.StayID) string { return "" }
	return fmt.Sprintf("balance=%s confirmed=%t pending=%s merged=%s failed=%s", state.Balance(), state.Confirmed(),
		list(groupcheckout.Pending, alone),
		list(groupcheckout.Merged, func(stay domain.StayID) string { return ":" + state.Residual(stay).String() }),
		list(groupcheckout.Failed, alone))
}

func (h *hotel) stayState(t testing.TB, stream es.StreamName) string {
	t.Helper()
	state, err := h.stays.Read(within(t), parseID[domain.StayID](t, stream.ID()))
	check.Must(t, err)
	if group, transferred := state.Group(); transferred {
		return "transferred group=" + group.N()
	}
	return "open balance=" + state.Balance().String()
}

func parseID[ID ~[16]byte](t testing.TB, text string) (id ID) {
	t.Helper()
	parsed, err := uuid.Parse(text)
	check.Mustf(t, err, "%q is not an id", text)
	return ID(parsed)
}

// goOn has a reactor of ours take over from .NET's, and makes sure that the group
// which waits is merged, that the stays are the only other streams that changed, and
// that the books balance. It returns the streams that changed.
func goOn(t testing.TB, h *hotel, env map[string]string, store string, want map[string]string, flags ...string) (changed []string) {
	t.Helper()
	if diff := cmp.Diff(want, h.states(t, want)); diff != "" {
		t.Fatalf("states before (-.NET +here):\n%s", diff)
	}
	audited := func(pending string) {
		t.Helper()
		status, out, errors := call(t, env, "audit", "--quiet", "-g", dotNetGroup, store)
		if status != statusDone || !strings.Contains(out, "The books balance.") || !strings.Contains(out, pending+"  stays pending") {
			t.Errorf("reactor audit: got status %d, %q and %q; want that the books balance, with %s stays pending", status, out, errors, pending)
		}
	}
	audited("3")
	var group domain.GroupID
	var stays []domain.StayID
	for stream, state := range want {
		if _, pending, _ := strings.Cut(state, "pending=["); strings.HasPrefix(stream, groupcheckout.Category) && !strings.HasPrefix(pending, "]") {
			group = parseID[domain.GroupID](t, strings.TrimPrefix(stream, groupcheckout.Category+"-"))
			before, err := h.groups.Read(within(t), group)
			check.Must(t, err)
			stays = before.Stays(groupcheckout.Pending)
		}
	}
	p := start(t, env, append([]string{"run", "-g", dotNetGroup, "--log-format", "json", "--listen", "127.0.0.1:0", store}, flags...)...)
	address := p.awaitLog(t, "serving the status page")["address"].(string)
	eventually(t, "the group that .NET left is merged", func() bool {
		state, err := h.groups.Read(within(t), group)
		check.Must(t, err)
		return len(state.Stays(groupcheckout.Merged)) == len(stays)
	})
	eventually(t, "all is completed", func() bool {
		tranches := statusOf(t, address).Tranches
		return len(tranches) > 0 && tranches[0].Completed >= int64(h.end(t))
	})
	audited("0")
	stopped(t, p)
	for stream, state := range h.states(t, want) {
		if state != want[stream] {
			changed = append(changed, stream)
		}
	}
	slices.Sort(changed)
	expected := []string{h.groups.Stream(group).String()}
	for _, stay := range stays {
		expected = append(expected, h.stays.Stream(stay).String())
	}
	slices.Sort(expected)
	check.Same(t, "streams that changed", expected, changed)
	return changed
}

func TestAMessageDBOfDotNetIsTakenOver(t *testing.T) {
	t.Parallel()
	env, admin := initialisedFor(t)
	conn := connect(t, admin)
	load := func(name, sql string) {
		t.Helper()
		for _, line := range dotNetLines(t, name) {
			check.Mustf(t, check.Error(conn.Exec(within(t), sql, line)), "%s", line)
		}
	}
	runSQL(t, conn, "SET search_path TO message_store, public")
	checkpoints := env["MDB_SCHEMA"] + ".propulsion_checkpoint"
	load("messagedb-checkpoint.jsonl", "INSERT INTO "+checkpoints+" SELECT * FROM json_populate_record(NULL::"+checkpoints+", $1::json)")
	// data is the text of jsonb, which is not to be taken for a string of JSON.
	load("messagedb-messages.jsonl", `INSERT INTO messages (global_position, position, time, stream_name, type, data, metadata, id)
		SELECT r.global_position, r.position, r.time, r.stream_name, r.type, ($1::json ->> 'data')::jsonb, NULL, r.id
		FROM json_populate_record(NULL::messages, $1::json) r`)
	runSQL(t, conn, "SELECT setval('messages_global_position_seq', (SELECT max(global_position) FROM messages))")
	rows := func(until int64) map[string]string {
		t.Helper()
		found, err := conn.Query(within(t), "SELECT global_position::text, messages::text FROM messages WHERE global_position <= $1", until)
		check.Must(t, err)
		all := map[string]string{}
		for found.Next() {
			var position, row string
			check.Must(t, found.Scan(&position, &row))
			all[position] = row
		}
		if found.Err() != nil {
			t.Fatal(found.Err())
		}
		return all
	}
	h := openHotel(t, env)
	if position, known := h.checkpoint(t, dotNetGroup); !known || position != 141 || h.end(t) != 175 {
		t.Errorf("got the checkpoint %d (%t) and the end %d, want 141 and 175", position, known, h.end(t))
	}
	before := rows(174)
	goOn(t, h, env, "mdb", dotNetStates(t, "messagedb-states.txt"))
	if diff := cmp.Diff(before, rows(174)); diff != "" || len(before) != 174 {
		t.Errorf("the %d rows of .NET (-before +after):\n%s", len(before), diff)
	}
	if position, _ := h.checkpoint(t, dotNetGroup); position < 175 {
		t.Errorf("got the checkpoint %d, want 175 or more", position)
	}
}

func TestADynamoDBOfDotNetIsTakenOver(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	client := dynamoClient(t, env)
	table := env["EQUINOX_DYNAMO_TABLE"]
	for name, file := range map[string]string{table: "dynamodb-table.jsonl", table + "-index": "dynamodb-index.jsonl"} {
		for _, line := range dotNetLines(t, file) {
			putItem(t, client, name, line)
		}
	}
	h := openDynamoHotel(t, env)
	if position, known := h.checkpoint(t, dotNetGroup); !known || position != 6_000_004 || h.end(t) != 6_000_011 {
		t.Errorf("got the checkpoint %d (%t) and the end %d, want 6000004 and 6000011", position, known, h.end(t))
	}
	events, index := items(t, client, table), items(t, client, table+"-index")
	changed := goOn(t, h, env, "dynamo", dotNetStates(t, "dynamodb-states.txt"), "--with-indexer")
	if position, _ := h.checkpoint(t, dotNetGroup); position < 6_000_011 {
		t.Errorf("got the checkpoint %d, want 6000011 or more", position)
	}
	for stream := range maps.Keys(events) {
		if slices.Contains(changed, stream) {
			delete(events, stream)
		}
	}
	// What follows .NET's last epoch, its checkpoint and our indexer's lease change.
	delete(index, "$AppendsEpoch-0_6")
	delete(index, "$ReaderCheckpoint-dynamoStore_0_hotel")
	for name, before := range map[string]map[string]string{table: events, table + "-index": index} {
		after := items(t, client, name)
		for stream := range after {
			if _, there := before[stream]; !there {
				delete(after, stream)
			}
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the items of .NET (-before +after):\n%s", diff)
		}
	}
}

// items are all items of a table by the stream, as text that is equal if they are.
func items(t testing.TB, client *awsdynamodb.Client, table string) map[string]string {
	t.Helper()
	all := map[string]string{}
	pages := awsdynamodb.NewScanPaginator(client, &awsdynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(within(t))
		check.Must(t, err)
		for _, item := range page.Items {
			stream := item["p"].(*types.AttributeValueMemberS).Value
			text, err := json.Marshal(toJSON(&types.AttributeValueMemberM{Value: item}))
			check.Must(t, err)
			all[stream] += string(text) + "\n"
		}
	}
	return all
}

func putItem(t testing.TB, client *awsdynamodb.Client, table, line string) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	var raw map[string]any
	check.Must(t, decoder.Decode(&raw))
	item := map[string]types.AttributeValue{}
	for name, value := range raw {
		item[name] = fromJSON(t, value)
	}
	check.Must(t, check.Error(client.PutItem(within(t), &awsdynamodb.PutItemInput{TableName: &table, Item: item})))
}

// fromJSON reads a value in DynamoDB's JSON.
func fromJSON(t testing.TB, value any) types.AttributeValue {
	t.Helper()
	for kind, v := range value.(map[string]any) {
		switch kind {
		case "S":
			return &types.AttributeValueMemberS{Value: v.(string)}
		case "N":
			return &types.AttributeValueMemberN{Value: v.(string)}
		case "B":
			data, err := base64.StdEncoding.DecodeString(v.(string))
			check.Must(t, err)
			return &types.AttributeValueMemberB{Value: data}
		case "L":
			list := &types.AttributeValueMemberL{}
			for _, element := range v.([]any) {
				list.Value = append(list.Value, fromJSON(t, element))
			}
			return list
		case "M":
			object := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}}
			for name, member := range v.(map[string]any) {
				object.Value[name] = fromJSON(t, member)
			}
			return object
		}
	}
	t.Fatalf("%v is no value", value)
	return nil
}

func toJSON(value types.AttributeValue) any {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return value.Value
	case *types.AttributeValueMemberN:
		return "N" + value.Value
	case *types.AttributeValueMemberB:
		return bytes.Clone(value.Value)
	case *types.AttributeValueMemberL:
		var list []any
		for _, element := range value.Value {
			list = append(list, toJSON(element))
		}
		return list
	case *types.AttributeValueMemberM:
		object := map[string]any{}
		for name, member := range value.Value {
			object[name] = toJSON(member)
		}
		return object
	}
	return nil
}

// What .NET reads and this project refuses, and what both refuse: one event of each
// kind, which reactor audit names.
func TestWhatDotNetReadsAndThisRefusesIsNamedByTheAudit(t *testing.T) {
	t.Parallel()
	const charge = `"chargeId":"2cf488b6-d916-470e-9f55-dd00a13ea52b"`
	refused := map[string]string{ // body of Charged -> why
		`{"at":"2026-11-28T04:33:27+00:00",` + charge + `}`:                                               "amount", // .NET: 0
		`{"amount":1,` + charge + `}`:                                                                     "at",     // .NET: the year 1
		`{"at":"2026-11-28T04:33:27+00:00","amount":1}`:                                                   "chargeId",
		`{"At":"2026-11-28T04:33:27+00:00","Amount":1,"ChargeId":"2cf488b6-d916-470e-9f55-dd00a13ea52b"}`: "missing",
		`{"at":"2026-11-28T04:33:27+00:00","amount":0.12345678901234567890123456789,` + charge + `}`:      "amount", // .NET rounds
		`{"at":"2026-11-28","amount":1,` + charge + `}`:                                                   "at",
		`{"at":"2026-11-28T04:33:27","amount":1,` + charge + `}`:                                          "at",     // .NET: the machine's zone
		`{"at":"2026-11-28T04:33:27+00:00","amount":"1",` + charge + `}`:                                  "amount", // both refuse from here on
		`{"at":null,"amount":1,` + charge + `}`:                                                           "at",
		`{"at":"2026-11-28T04:33:27+00:00","amount":1,"chargeId":"2cf488b6d916470e9f55dd00a13ea52b"}`:     "chargeId",
		`{"at":"2026-11-28T24:00:00+00:00","amount":1,` + charge + `}`:                                    "at",
		`null`: "null",
		`[]`:   "",
	}
	dynamo := ownTables(t)
	mdb, _ := initialisedFor(t)
	for store, h := range map[string]*hotel{"dynamo": openDynamoHotel(t, dynamo), "mdb": openHotel(t, mdb)} {
		streams := map[string]string{} // and why
		for body, why := range refused {
			stream := h.stays.Stream(domain.StayID(uuid.New()))
			check.Mustf(t, check.Error(h.backend.Events.Append(within(t), stream, 0, []es.EventData{{ID: uuid.New(), Type: "Charged", Data: []byte(body), Time: time.Now()}})), "%s", body)
			streams[stream.String()] = why
		}
		env := map[string]map[string]string{"dynamo": dynamo, "mdb": mdb}[store]
		if store == "dynamo" {
			index := start(t, env, "index", "dynamo", "--log-format", "json")
			eventually(t, "all is indexed", func() bool { return h.end(t) > 0 && !strings.Contains(auditOutput(t, env, store), "index:") })
			stopped(t, index)
		}
		out := auditOutput(t, env, store)
		if !strings.Contains(out, fmt.Sprintf("%d violations", len(refused))) {
			t.Errorf("%s: got %s, want %d violations", store, out, len(refused))
		}
		for stream, why := range streams {
			line := ""
			for found := range strings.Lines(out) {
				if strings.Contains(found, stream) {
					line = found
				}
			}
			if !strings.HasPrefix(line, "body: event 0 (Charged) of "+stream+" cannot be read") || !strings.Contains(line, why) {
				t.Errorf("%s: got %q for %s, want that its body cannot be read, because of %q", store, line, stream, why)
			}
		}
	}
}

func auditOutput(t testing.TB, env map[string]string, store string) string {
	t.Helper()
	_, out, _ := call(t, env, "audit", "--quiet", store)
	return out
}
