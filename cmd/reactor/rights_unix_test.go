//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/dynamodb/lambda"
)

// recorder passes requests on to DynamoDB, and keeps what a policy has to allow for
// each: the action and, in the names of deploy/iam, what it is done to.
type recorder struct {
	table string
	next  http.Handler

	mu      sync.Mutex
	allowed map[string]bool
}

// ServeHTTP implements http.Handler.
func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	service, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	type named struct{ TableName string }
	var asked struct {
		named
		TransactItems []struct{ Put, Update *named }
		RequestItems  map[string]any
	}
	if err := json.Unmarshal(body, &asked); err == nil {
		r.mu.Lock()
		switch {
		case strings.HasPrefix(service, "DynamoDBStreams"):
			r.need(operation, "TABLE/stream/*")
		case operation == "TransactWriteItems": // has no action of its own
			for _, item := range asked.TransactItems {
				if item.Put != nil {
					r.need("PutItem", item.Put.TableName)
				}
				if item.Update != nil {
					r.need("UpdateItem", item.Update.TableName)
				}
			}
		case operation == "BatchGetItem":
			for name := range asked.RequestItems {
				r.need(operation, name)
			}
		default:
			r.need(operation, asked.TableName)
		}
		r.mu.Unlock()
	}
	r.next.ServeHTTP(w, request)
}

func (r *recorder) need(action, resource string) {
	r.allowed["dynamodb:"+action+" "+strings.Replace(resource, r.table, "TABLE", 1)] = true
}

// recorded are the variables with which requests go through a recorder.
func recorded(t testing.TB, env map[string]string) (through map[string]string, r *recorder) {
	t.Helper()
	server, err := url.Parse(env["EQUINOX_DYNAMO_SERVICE_URL"])
	check.Must(t, err)
	r = &recorder{table: env["EQUINOX_DYNAMO_TABLE"], next: httputil.NewSingleHostReverseProxy(server), allowed: map[string]bool{}}
	proxy := httptest.NewServer(r)
	t.Cleanup(func() { proxy.CloseClientConnections(); proxy.Close() })
	through = maps.Clone(env)
	through["EQUINOX_DYNAMO_SERVICE_URL"] = proxy.URL
	return through, r
}

// policy is what deploy/iam allows a role, but for what is no request to DynamoDB.
func policy(t testing.TB, role string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "iam", role+".json"))
	check.Must(t, err)
	var document struct {
		Version   string
		Statement []struct {
			Effect   string
			Action   []string
			Resource any
		}
	}
	if err := json.Unmarshal(text, &document); err != nil || document.Version != "2012-10-17" {
		t.Fatalf("%s: got version %q and error %v", role, document.Version, err)
	}
	var allowed []string
	for _, statement := range document.Statement {
		resources, several := statement.Resource.([]any)
		if !several {
			resources = []any{statement.Resource}
		}
		for _, action := range statement.Action {
			for _, resource := range resources {
				if name, ok := strings.CutPrefix(resource.(string), "arn:aws:dynamodb:REGION:ACCOUNT:table/"); ok && statement.Effect == "Allow" {
					allowed = append(allowed, action+" "+name)
				}
			}
		}
	}
	slices.Sort(allowed)
	return allowed
}

// fill makes a stay whose tip has no room for another event.
func (h *hotel) fill(t testing.TB) domain.StayID {
	t.Helper()
	const room = 32 * 1024 // of a tip, by the estimate of the table
	stay := h.receive(t, 1)[0]
	h.write(t, h.stays.Stream(stay), "Noted", `"`+strings.Repeat("x", room-300)+`"`)
	return stay
}

// overflow gives a stay more than its tip holds, so that it has a past that reads of it
// have to ask for.
func (h *hotel) overflow(t testing.TB) domain.StayID {
	t.Helper()
	stay := h.fill(t)
	h.write(t, h.stays.Stream(stay), "Noted", `"`+strings.Repeat("x", 1000)+`"`)
	return stay
}

// awaitMore has guests arrive, and waits each time until that is indexed.
func (h *hotel) awaitMore(t testing.TB, times int) {
	t.Helper()
	for range times {
		at := h.end(t)
		h.receive(t, 1)
		eventually(t, "more is indexed", func() bool { return h.end(t) > at })
	}
}

// Each role makes the requests that its policy allows, and no others. What it does
// here leads it everywhere: through calves, gaps, restarts.
func TestPoliciesAllowWhatIsAskedAndNothingElse(t *testing.T) {
	t.Parallel()
	indexing := []string{"--index-lease", "1", "--index-tip", "1024", "--index-poll", "50"}
	for role, act := range map[string]func(t *testing.T, h *hotel, direct, env map[string]string){
		"init": func(t *testing.T, _ *hotel, direct, env map[string]string) {
			t.Helper()
			client := dynamoClient(t, direct)
			for _, name := range []string{"", "-index"} {
				deleteTable(t, client, env["EQUINOX_DYNAMO_TABLE"]+name)
			}
			call(t, env, "init", "dynamo")
		},
		"clerk": func(t *testing.T, _ *hotel, _, env map[string]string) {
			t.Helper()
			clerk := openDynamoHotel(t, env)
			stay := clerk.fill(t)
			check.Must(t, clerk.stays.Charge(within(t), stay, domain.ChargeID(uuid.New()), domain.MoneyOf(1), moment()))
			check.Must(t, check.Error(clerk.backend.Events.Read(within(t), clerk.stays.Stream(stay), 3, es.FromReplica)))
		},
		"reactor": func(t *testing.T, h *hotel, direct, env map[string]string) {
			t.Helper()
			index := start(t, direct, append([]string{"index", "dynamo", "--log-format", "json"}, indexing...)...)
			stays := append(h.receive(t, 2), h.fill(t), h.overflow(t))
			group := h.selectStays(t, stays)
			h.awaitMore(t, 10)
			p := start(t, env, "run", "-g", dynamoGroup, "--slots", "2", "--audit-every", "1s", "--log-level", "debug", "--log-format", "json", "--checkpoint-interval", "20ms", "dynamo", "--tail-sleep", "20")
			h.awaitDone(t, group)
			h.selectMore(t, group)
			p.awaitLog(t, "audited")
			stopped(t, p)
			stopped(t, index)
		},
		"reactor-with-indexer": func(t *testing.T, h *hotel, direct, env map[string]string) {
			t.Helper()
			p := start(t, env, append([]string{
				"run", "-g", dynamoGroup, "--log-format", "json", "--checkpoint-interval", "20ms", "dynamo", "--with-indexer", "--tail-sleep", "20",
			}, indexing...)...)
			p.awaitLog(t, "the lease is held")
			stays := append(h.receive(t, 2), h.fill(t), h.overflow(t))
			group := h.selectStays(t, stays)
			h.awaitDone(t, group)
			h.selectMore(t, group)
			h.awaitMore(t, 10)
			stopped(t, p)
			unindexed(t, direct, env, "run", "-g", dynamoGroup, "dynamo", "--with-indexer")
		},
		"indexer": func(t *testing.T, h *hotel, direct, env map[string]string) {
			t.Helper()
			full := h.fill(t)
			for range 2 {
				p := start(t, env, append([]string{"index", "dynamo", "--log-format", "json"}, indexing...)...)
				p.awaitLog(t, "the lease is held")
				h.awaitMore(t, 10)
				stopped(t, p)
			}
			call(t, env, "index", "dynamo", "--rebuild")
			call(t, env, "index", "dynamo", "--status")
			_, _, errors := unindexed(t, direct, env, "index", "dynamo")
			accept := lossNamed.FindStringSubmatch(errors)
			if accept == nil {
				t.Fatalf("got %q, want a loss to accept", errors)
			}
			p := start(t, env, "index", "dynamo", "--log-format", "json", "--accept-loss", accept[1])
			h.write(t, h.stays.Stream(full), "Noted", "1") // has a past
			eventually(t, "something is indexed", func() bool { return h.end(t) > 0 })
			stopped(t, p)
		},
		"indexer-lambda": func(t *testing.T, h *hotel, _, env map[string]string) {
			t.Helper()
			ingester, err := dynamodb.OpenIngester(within(t), dynamoConfig(env), false)
			check.Must(t, err)
			handle := lambda.Handler(ingester)
			guests := h.receive(t, 40)
			for _, stay := range guests {
				event := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{{EventName: "MODIFY", EventSourceArn: "arn:aws:dynamodb:eu-west-1:1:table/hotel/stream/2020-01-01T00:00:00.000", Change: events.DynamoDBStreamRecord{
					SequenceNumber: "1", StreamViewType: "NEW_IMAGE",
					Keys: map[string]events.DynamoDBAttributeValue{"p": events.NewStringAttribute(h.stays.Stream(stay).String())},
					NewImage: map[string]events.DynamoDBAttributeValue{
						"n": events.NewNumberAttribute("2"), "a": events.NewNumberAttribute("1"), // the first was lost
						"c": events.NewListAttribute([]events.DynamoDBAttributeValue{events.NewStringAttribute("CheckedIn"), events.NewStringAttribute("Charged")}),
					},
				}}}}
				check.Must(t, check.Error(handle(within(t), event)))
			}
		},
		"audit": func(t *testing.T, h *hotel, direct, env map[string]string) {
			t.Helper()
			call(t, direct, "index", "dynamo", "--rebuild")
			for _, stay := range []domain.StayID{h.receive(t, 1)[0], domain.StayID(uuid.New())} {
				h.write(t, h.groups.Stream(domain.GroupID(uuid.New())), "StaysMerged", `{"residuals":[{"stay":"`+stay.String()+`","residual":5}]}`)
			}
			call(t, env, "audit", "--quiet", "-g", dynamoGroup, "dynamo")
		},
		"checkpoint": func(t *testing.T, h *hotel, _, env map[string]string) {
			t.Helper()
			for _, position := range []string{"0", "1"} {
				call(t, env, "checkpoint", "dynamo", "-g", dynamoGroup, "--force", "-p", position)
			}
			stream := h.groups.Stream(domain.GroupID(uuid.New())).String()
			for _, command := range [][]string{
				{"slots"},
				{"slots", "--change-to", "3"},
				{"slots"},
				{"quarantine", "--stream", stream, "add"},
				{"quarantine", "list"},
				{"quarantine", "--stream", stream, "retry"},
				{"quarantine", "--stream", stream, "drop"},
			} {
				if status, _, errors := call(t, env, append(command, "-g", dynamoGroup, "dynamo")...); status != statusDone {
					t.Errorf("%v: got status %d and %q, want 0", command, status, errors)
				}
			}
		},
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			direct := ownTables(t)
			env, r := recorded(t, direct)
			act(t, openDynamoHotel(t, direct), direct, env)
			r.mu.Lock()
			got := slices.Sorted(maps.Keys(r.allowed))
			r.mu.Unlock()
			if role == "indexer-lambda" { // Lambda itself reads the stream, with these rights of the function
				for _, action := range []string{"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"} {
					got = append(got, "dynamodb:"+action+" TABLE/stream/*")
				}
				slices.Sort(got)
			}
			if diff := cmp.Diff(policy(t, role), got); diff != "" {
				t.Errorf("deploy/iam/%s.json (-allowed +asked for):\n%s", role, diff)
			}
		})
	}
}

// awaitDone waits until no stay of a group is pending.
func (h *hotel) awaitDone(t testing.TB, group domain.GroupID) {
	t.Helper()
	eventually(t, "the group is merged", func() bool {
		events := h.read(t, h.groups.Stream(group))
		return events[len(events)-1].Type == "StaysMerged"
	})
}

// selectMore selects a stay for a group that the reactor knows, and waits for it.
func (h *hotel) selectMore(t testing.TB, group domain.GroupID) {
	t.Helper()
	check.Must(t, h.groups.Select(within(t), group, h.receive(t, 1), moment()))
	h.awaitDone(t, group)
}

// unindexed has an indexer look for events in a table that has no index.
func unindexed(t testing.TB, direct, env map[string]string, command ...string) (status int, out, errors string) {
	t.Helper()
	client := dynamoClient(t, direct)
	replaceStream(t, client, env["EQUINOX_DYNAMO_TABLE"])
	index := env["EQUINOX_DYNAMO_TABLE"] + "-index"
	deleteTable(t, client, index)
	call(t, direct, "init", "dynamo")
	return call(t, env, command...)
}

// The template of the Lambda grants what its policy does; the stream, the queue and the
// log are granted by SAM.
func TestTheTemplateGrantsWhatThePolicyDoes(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile(filepath.Join("..", "..", "deploy", "indexer-lambda.yaml"))
	check.Must(t, err)
	for resource, name := range map[string]string{"TABLE": "${Table}", "TABLE-index": "${Index}"} {
		var actions []string
		for _, allowed := range policy(t, "indexer-lambda") {
			if action, to, _ := strings.Cut(allowed, " "); to == resource {
				actions = append(actions, action)
			}
		}
		list := "Action: [" + strings.Join(actions, ", ") + "]\n"
		_, behind, found := strings.Cut(string(template), list)
		if until, _, _ := strings.Cut(behind, "Effect:"); !found || !strings.Contains(until, ":table/"+name) {
			t.Errorf("the template does not grant %q on %s", strings.TrimSpace(list), name)
		}
	}
	check.Contains(t, string(template), "FunctionResponseTypes: [ReportBatchItemFailures]", "ReservedConcurrentExecutions: 1", "EQUINOX_DYNAMO_TABLE: ", "StartingPosition: TRIM_HORIZON", "MaximumRetryAttempts: -1")
}
