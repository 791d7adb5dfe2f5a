package process

import (
	"context"
	"os"
	"sync"
	"testing"

	"example.com/groupcheckout/harness/provision/provisiontest"
)

//nolint:gochecknoglobals // a server takes seconds to come up, and a program to be built
var (
	messageDBServer = provisiontest.MessageDB()
	dynamoDBServer  = provisiontest.DynamoDB()
	reactorProgram  = sync.OnceValues(func() (string, error) { return Build(context.Background(), "example.com/groupcheckout/cmd/reactor") })
)

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, messageDBServer, dynamoDBServer)) }

func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}
