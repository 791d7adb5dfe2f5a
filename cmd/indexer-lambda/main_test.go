package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb"
)

// patience limits every wait of these tests.
const patience = 2 * time.Minute

// underTest makes this test binary the Lambda.
const underTest = "INDEXER_LAMBDA_UNDER_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(underTest) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestVariablesThatAreWrong(t *testing.T) {
	t.Parallel()
	const secret = "Sesame"
	right := map[string]string{
		"EQUINOX_DYNAMO_SERVICE_URL": "http://127.0.0.1:1", "EQUINOX_DYNAMO_ACCESS_KEY_ID": "k", "EQUINOX_DYNAMO_SECRET_ACCESS_KEY": secret,
		"EQUINOX_DYNAMO_TABLE_INDEX": "hotel-index",
	}
	for _, test := range []struct{ variable, value, want string }{
		{"EQUINOX_DYNAMO_TABLE_INDEX", "", "no table of the index is named (the variables are"},
		{"EQUINOX_DYNAMO_TABLE", "hotel-index", "a table of its own"},
		{"EQUINOX_DYNAMO_REGION", "eu-west-1", "only one can have an effect"},
		{"EQUINOX_DYNAMO_SERVICE_URL", "", "neither a region nor a service URL is given"},
		{"EQUINOX_DYNAMO_ACCESS_KEY_ID", "", "only together"},
		{"EQUINOX_ONLY_WARN_GAP", "perhaps", `is "perhaps", and has to be true or false`},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			_, err := open(t.Context(), func(name string) string {
				if name == test.variable {
					return test.value
				}
				return right[name]
			}, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), test.want) || !es.NeedsPerson(err) {
				t.Fatalf("got error %v, want one with %q, for a person", err, test.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error gives the secret away: %v", err)
			}
		})
	}
}

func TestTheRegionIsTheLambdasUnlessSet(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{"": "eu-north-1", "eu-west-1": "eu-west-1"} {
		variables := map[string]string{"EQUINOX_DYNAMO_REGION": set, "AWS_REGION": "eu-north-1", "EQUINOX_DYNAMO_TABLE_INDEX": "hotel-index"}
		config, _, err := configOf(func(name string) string { return variables[name] })
		check.Must(t, err)
		if config.Region != want || config.AccessKeyID != "" {
			t.Errorf("EQUINOX_DYNAMO_REGION %q: got the region %q, want %s", set, config.Region, want)
		}
	}
}

// Values of a file or a secret of Kubernetes end in a line break.
func TestWhatStandsAroundAVariableDoesNotCount(t *testing.T) {
	t.Parallel()
	names := []string{
		"EQUINOX_DYNAMO_REGION", "EQUINOX_DYNAMO_SERVICE_URL", "EQUINOX_DYNAMO_ACCESS_KEY_ID", "EQUINOX_DYNAMO_SECRET_ACCESS_KEY",
		"EQUINOX_DYNAMO_TABLE", "EQUINOX_DYNAMO_TABLE_INDEX", "EQUINOX_ONLY_WARN_GAP",
	}
	config, warn, err := configOf(func(name string) string {
		if name == "EQUINOX_ONLY_WARN_GAP" {
			return " true\r\n"
		}
		return " " + name + "\r\n"
	})
	got := []string{config.Region, config.ServiceURL, config.AccessKeyID, string(config.SecretAccessKey), config.Table, config.IndexTable}
	if err != nil || !warn || !slices.Equal(got, names[:6]) {
		t.Errorf("got %q, warn %v and error %v, want the values without what stands around them", got, warn, err)
	}
	if config, _, err := configOf(func(name string) string { return map[string]string{"AWS_REGION": "eu-north-1\n"}[name] }); config.Region != "eu-north-1" || err != nil {
		t.Errorf("AWS_REGION: got %q and error %v", config.Region, err)
	}
	for _, name := range names {
		_, err := open(t.Context(), func(asked string) string {
			if asked == name {
				return "S3cr:et\nS3cr:et"
			}
			return ""
		}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), name+": it has a line break") || strings.Contains(err.Error(), "S3cr:et") || !es.NeedsPerson(err) {
			t.Errorf("%s with a line break inside: got error %v, want one that names the variable and not its value", name, err)
		}
	}
}

// No variable is repeated, whatever is in it: secrets get into the wrong ones.
func TestNoVariableIsTold(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"EQUINOX_DYNAMO_REGION", "EQUINOX_DYNAMO_SERVICE_URL", "EQUINOX_DYNAMO_ACCESS_KEY_ID", "EQUINOX_DYNAMO_SECRET_ACCESS_KEY", "EQUINOX_ONLY_WARN_GAP",
	} {
		for _, around := range []string{"%s", "http://k:%s@h", "http://k:1/%s@h", "k/%s", "http://h?secret=%s", "http://h/#%s", "http://h;%s", "%s\x01"} {
			var log bytes.Buffer
			_, err := open(t.Context(), func(asked string) string {
				value := map[string]string{"EQUINOX_DYNAMO_REGION": "eu-west-1", "EQUINOX_DYNAMO_TABLE_INDEX": "hotel-index"}[asked]
				if asked == name {
					value = fmt.Sprintf(around, "S3cr:et")
				}
				return value
			}, slog.New(slog.NewJSONHandler(&log, nil)))
			if told := fmt.Sprint(err) + log.String(); strings.Contains(strings.ToLower(told), "s3cr:et") {
				t.Errorf("%s=%q: it is told: %s", name, around, told)
			}
		}
	}
}

func TestABatchThatFailsIsLoggedOnce(t *testing.T) {
	t.Parallel()
	gone := errors.New("the network is gone")
	for _, test := range []struct {
		failed string // the record that the handler names
		err    error
		want   string // in the log
		told   error  // what Lambda gets
	}{
		{"7", fmt.Errorf("write: %w", &dynamodb.AheadError{Stream: "a"}), `"from":"7","records":2,"needsPerson":true`, nil},
		{"7", gone, `"needsPerson":false`, nil},
		{"7", &dynamodb.HaltError{ID: "307e2ccd", Err: &dynamodb.UnindexedError{Table: "hotel", Index: "hotel-index"}}, "reactor index dynamo --accept-loss 307e2ccd", nil},
		{"", gone, `"from":""`, gone},
		{"", nil, "", nil},
	} {
		var log bytes.Buffer
		handle := logged(func(context.Context, events.DynamoDBEvent) (response events.DynamoDBEventResponse, err error) {
			if test.failed != "" {
				response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: test.failed}}
			}
			return response, test.err
		}, slog.New(slog.NewJSONHandler(&log, nil)))
		response, err := handle(t.Context(), events.DynamoDBEvent{Records: make([]events.DynamoDBEventRecord, 2)})
		if err != test.told || (len(response.BatchItemFailures) > 0) != (test.failed != "") { //nolint:errorlint // Lambda gets the very same
			t.Errorf("got %+v and error %v, want the record %q and %v", response, err, test.failed, test.told)
		}
		lines := strings.Count(log.String(), "\n")
		if test.err == nil && lines != 0 || test.err != nil && (lines != 1 || !strings.Contains(log.String(), test.want)) {
			t.Errorf("%v: got the log %q, want a line with %q, or none without an error", test.err, log.String(), test.want)
		}
	}
}

// runtime is the part of Lambda's runtime that a function talks to: it hands
// events out and takes the answers.
type runtime struct {
	events   chan string
	answered chan string // the path and the body
}

// ServeHTTP implements http.Handler.
func (r *runtime) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if !strings.HasSuffix(request.URL.Path, "/invocation/next") {
		body, _ := io.ReadAll(request.Body)
		w.WriteHeader(http.StatusAccepted)
		r.answered <- request.URL.Path + " " + string(body)
		return
	}
	select {
	case event := <-r.events:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(patience).UnixMilli()))
		fmt.Fprint(w, event)
	case <-request.Context().Done():
	}
}

func TestTheLambdaIndexesABatch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, err := provision.DynamoDB(ctx, provision.Options{})
	check.Mustf(t, err, "this test needs a DynamoDB")
	t.Cleanup(func() { check.OK(t, server.Close()) })
	name := "lambda-" + uuid.NewString()
	config := dynamodb.Config{
		ServiceURL: server.ServiceURL, AccessKeyID: server.AccessKeyID, SecretAccessKey: dynamodb.Secret(server.SecretAccessKey),
		Table: name, IndexTable: name + "-index",
	}
	check.Must(t, check.Error(dynamodb.Init(ctx, config, dynamodb.Provision{})))
	db, err := dynamodb.Open(ctx, config)
	check.Must(t, err)
	backend, err := db.Backend("GroupCheckout")
	check.Must(t, err)
	t.Cleanup(backend.Close)

	records, err := json.Marshal(map[string]any{"Records": []any{map[string]any{
		"eventName": "INSERT",
		"dynamodb": map[string]any{
			"SequenceNumber": "1", "StreamViewType": "NEW_IMAGE",
			"Keys": map[string]any{"p": map[string]any{"S": "GroupCheckout-a"}, "i": map[string]any{"N": "2147483647"}},
			"NewImage": map[string]any{
				"p": map[string]any{"S": "GroupCheckout-a"}, "n": map[string]any{"N": "1"}, "a": map[string]any{"N": "1"},
				"c": map[string]any{"L": []any{map[string]any{"S": "StaysSelected"}}},
			},
		},
	}}})
	check.Must(t, err)
	fake := &runtime{events: make(chan string, 1), answered: make(chan string, 1)}
	fake.events <- string(records)
	api := httptest.NewServer(fake)
	t.Cleanup(api.Close)
	t.Cleanup(api.CloseClientConnections)
	output := startLambda(t, strings.TrimPrefix(api.URL, "http://"), append(server.Environment(), "EQUINOX_DYNAMO_TABLE_INDEX="+config.IndexTable))
	select {
	case answer := <-fake.answered:
		if want := "/2018-06-01/runtime/invocation/1/response {\"batchItemFailures\":null}"; answer != want {
			t.Fatalf("got the answer %q, want %q; it wrote:\n%s", answer, want, output())
		}
	case <-ctx.Done():
		t.Fatalf("the Lambda did not answer; it wrote:\n%s", output())
	}
	batch, err := backend.Source.Read(ctx, "0", 0)
	if err != nil || len(batch.Events) != 1 || batch.Events[0].Stream.String() != "GroupCheckout-a" {
		t.Errorf("got %v and error %v from the feed, want the one event", batch, err)
	}
	if end, err := backend.Source.End(ctx, "0"); err != nil || end != feed.Position(1) {
		t.Errorf("got the end %d and error %v, want 1", end, err)
	}
}

// startLambda starts the Lambda until the end of the test. It returns what the
// Lambda wrote, once it was killed.
func startLambda(t testing.TB, api string, variables []string) (output func() string) {
	t.Helper()
	self, err := os.Executable()
	check.Must(t, err)
	var wrote bytes.Buffer
	command := exec.Command(self)
	command.Env = append(append(os.Environ(), variables...), underTest+"=yes", "AWS_LAMBDA_RUNTIME_API="+api)
	command.Stdout, command.Stderr = &wrote, &wrote
	check.Must(t, command.Start())
	ended := false
	end := func() string {
		if !ended {
			ended = true
			_ = command.Process.Kill() // it may have ended
			_ = command.Wait()         // it was killed
		}
		return wrote.String()
	}
	t.Cleanup(func() { end() })
	return end
}
