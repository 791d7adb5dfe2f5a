package provision

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/groupcheckout/internal/check"
)

// testDynamoDB checks what every server of ours has, however it came up, and
// that it is gone when it is closed.
func testDynamoDB(t *testing.T, server *DynamoDBServer) {
	t.Helper()
	check.OKf(t, server.answers(t.Context()), "the server does not answer")
	other := &DynamoDBServer{ServiceURL: server.ServiceURL, AccessKeyID: "other", SecretAccessKey: "other"}
	check.OKf(t, other.answers(t.Context()), "the server does not take another key")
	if got := fmt.Sprintf("%v %+v", server, server); got != server.How+" "+server.How {
		t.Errorf("printed: got %q, want %q twice", got, server.How)
	}
	check.OKf(t, server.Close(), "close")
	if err := server.answers(t.Context()); err == nil {
		t.Error("the server still answers")
	}
}

func TestLocalDynamoDB(t *testing.T) {
	t.Parallel()
	server := bringUp(t, DynamoDB, Options{Way: Local})
	if want := "local process: DynamoDB Local " + dynamoDBLocalVersion + " on Java "; !strings.HasPrefix(server.How, want) {
		t.Errorf("how: got %q, want it to begin with %q", server.How, want)
	}
	if port := portOf(server.ServiceURL); !strings.HasSuffix(server.How, ", port "+port) {
		t.Errorf("how: got %q, want it to end with the port %s", server.How, port)
	}
	unpacked, err := filepath.Glob(filepath.Join(server.folder, "sqlite*"))
	if err != nil || len(unpacked) == 0 {
		t.Errorf("got %q and error %v, want the library that the server unpacks in its own folder", unpacked, err)
	}
	t.Run("as an address", func(t *testing.T) { testDynamoDBAddress(t, server) })
	testDynamoDB(t, server)
}

func TestADurableDynamoDBKeepsItsTablesThroughACrash(t *testing.T) {
	t.Parallel()
	server := bringUp(t, DynamoDB, Options{Way: Local, Durable: true})
	client := server.Client()
	name, key := "Kept", "k"
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
	})
	check.Must(t, err)
	item := map[string]types.AttributeValue{key: &types.AttributeValueMemberS{Value: "v"}}
	_, err = client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: item})
	check.Must(t, err)
	check.Must(t, server.Crash(t.Context()))
	found, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &name, Key: item})
	if err != nil || len(found.Item) == 0 {
		t.Errorf("after the crash: got the item %v and error %v, want it to be there", found, err)
	}
	check.OKf(t, server.Close(), "close")

	passing := bringUp(t, DynamoDB, Options{Way: Local})
	if err := passing.Crash(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a crash of a server that keeps nothing: got error %v, want that it is not supported", err)
	}
}

func TestDynamoDBContainer(t *testing.T) {
	t.Parallel()
	needDocker(t)
	testDynamoDB(t, bringUp(t, DynamoDB, Options{Way: Container}))
}

// testDynamoDBAddress uses a server that is up as an address, rightly and
// wrongly.
func testDynamoDBAddress(t *testing.T, server *DynamoDBServer) {
	t.Helper()
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	full := func(url string) map[string]string {
		return map[string]string{EnvServiceURL: url, EnvAccessKeyID: "local", EnvSecretAccessKey: "Sesame"}
	}
	with := func(environment map[string]string, name, value string) map[string]string {
		environment[name] = value
		return environment
	}
	testAddresses(t, DynamoDB, []address{
		{name: "without a word on how", environment: full(server.ServiceURL), how: "up already: DynamoDB at 127.0.0.1:"},
		{name: "with a word on how", environment: with(full(server.ServiceURL), EnvDynamoDBProvisioned, "by magic"), how: "by magic"},
		{name: "none", err: EnvServiceURL},
		{name: "a region alone", environment: map[string]string{EnvRegion: "eu-west-1"}, err: "not configured"},
		{name: "a region beside it", environment: with(full(server.ServiceURL), EnvRegion, "eu-west-1"), err: "unset the region"},
		{name: "no key", environment: with(full(server.ServiceURL), EnvAccessKeyID, ""), err: "needs " + EnvAccessKeyID},
		{name: "no secret", environment: with(full(server.ServiceURL), EnvSecretAccessKey, ""), err: EnvSecretAccessKey},
		{name: "a key that it does not take", environment: with(full(server.ServiceURL), EnvAccessKeyID, "no-letters"), err: "does not take the key"},
		{name: "no server", environment: full("http://127.0.0.1:1"), err: "127.0.0.1:1: no DynamoDB answers"},
		{name: "another server", environment: full(other.URL), err: "no DynamoDB answers"},
		{name: "no URL", environment: full("Sesame"), err: "is not a URL"},
		{name: "a user in the URL", environment: full("http://user:Sesame@127.0.0.1:1"), err: "is not a URL"},
	}, func(t *testing.T, a address, got *DynamoDBServer) {
		t.Helper()
		if got.ServiceURL != a.environment[EnvServiceURL] {
			t.Errorf("got %q, want the same URL", got.ServiceURL)
		}
	})
}

func TestALocalDynamoDBEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	address, kill := held(ctx, t, "dynamodb", "http://")
	kill()
	// It does not tell its clients, so there is nothing but to ask.
	ticker := time.NewTicker(answerPause)
	defer ticker.Stop()
	for {
		conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			return
		}
		_ = conn.Close()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal("the server still listens")
		}
	}
}

func TestTheVersionOfDynamoDBLocalIsThatOfThePOM(t *testing.T) {
	t.Parallel()
	want := "<artifactId>DynamoDBLocal</artifactId>\n      <version>" + dynamoDBLocalVersion + "</version>"
	if !strings.Contains(string(dynamoDBLocalPOM), want) {
		t.Errorf("pom.xml has another version than %s:\n%s", dynamoDBLocalVersion, dynamoDBLocalPOM)
	}
}

func TestFetchJars(t *testing.T) {
	t.Parallel()
	if os.Getenv("PROVISION_TEST_FETCH") == "" {
		t.Skip("set PROVISION_TEST_FETCH to download DynamoDB Local from Maven Central")
	}
	dir := filepath.Join(t.TempDir(), "jars")
	check.Must(t, os.Mkdir(dir, 0o755))
	check.Must(t, fetchJars(t.Context(), dir))
	libraries, err := filepath.Glob(filepath.Join(dir, "libsqlite4java-*"))
	if err != nil || len(libraries) == 0 {
		t.Errorf("got the native libraries %v and error %v, want some", libraries, err)
	}
}

// Not parallel: it changes the environment.
func TestWhatAMachineLacksForALocalDynamoDB(t *testing.T) {
	old := filepath.Join(t.TempDir(), "old")
	check.Must(t, os.MkdirAll(filepath.Join(old, "bin"), 0o755))
	java11 := "#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n"
	check.Must(t, os.WriteFile(filepath.Join(old, "bin", "java"), []byte(java11), 0o755))
	nowhere := t.TempDir()
	t.Setenv("PATH", nowhere)
	for _, test := range []struct{ home, want string }{
		{"", "java is not on the PATH"},
		{old, "is Java 11; install a newer one"},
		{nowhere, filepath.Join(nowhere, "bin", "java")},
	} {
		t.Setenv("JAVA_HOME", test.home)
		t.Setenv("PATH", nowhere+":/bin:/usr/bin")
		if test.home == "" {
			t.Setenv("PATH", nowhere)
		}
		if _, _, err := findJava(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("JAVA_HOME %q: got error %v, want one with %q", test.home, err, test.want)
		}
	}
	t.Setenv("PATH", nowhere)
	check.Fails(t, fetchJars(t.Context(), filepath.Join(nowhere, "jars")), "mvn is not on the PATH")
}

func TestParseJavaVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime":                    17,
		"java version \"1.8.0_402\"":                                                 8,
		"Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"21\" 2023-09-19 LTS": 21,
		"command not found": 0,
		"":                  0,
	} {
		if got, ok := parseJavaVersion(text); got != want || ok != (want > 0) {
			t.Errorf("%q: got %d and %v, want %d", text, got, ok, want)
		}
	}
}

func TestTheEnvironmentOfAServerIsItsAddress(t *testing.T) {
	t.Parallel()
	server := bringUpFake(t)
	got, err := DynamoDB(t.Context(), asAddress(server))
	check.Must(t, err)
	if got.ServiceURL != server.ServiceURL || got.AccessKeyID != server.AccessKeyID || got.SecretAccessKey != server.SecretAccessKey || got.How != server.How {
		t.Errorf("got %#v, want the same as %#v", got, server)
	}
}

// bringUpFake returns a server that answers what DynamoDB would.
func bringUpFake(t *testing.T) *DynamoDBServer {
	t.Helper()
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		fmt.Fprint(w, `{"TableNames":[]}`)
	}))
	t.Cleanup(fake.Close)
	return &DynamoDBServer{ServiceURL: fake.URL, AccessKeyID: "key", SecretAccessKey: "secret", How: "a fake"}
}
