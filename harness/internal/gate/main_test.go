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

func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}
