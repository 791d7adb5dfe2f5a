package process

import (
	"context"
	"os"
	"testing"

	"example.com/groupcheckout/harness/provision/provisiontest"
)

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m)) }

func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}
