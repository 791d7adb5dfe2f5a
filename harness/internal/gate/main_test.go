package gate

import (
	"context"
	"os"
	"testing"

	"example.com/groupcheckout/harness/provision/provisiontest"
)

//nolint:gochecknoglobals // a server takes seconds to come up
var (
	messageDBServer = provisiontest.MessageDB()
	dynamoDBServer  = provisiontest.DynamoDB()
)

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, messageDBServer, dynamoDBServer)) }

// must fails the test at once if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}
