package process

import (
	"context"
	"os"
	"testing"

	"example.com/groupcheckout/harness/provision/provisiontest"
)

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m)) }

// noError fails the test if something that it goes on after has failed.
func noError(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

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
