package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/groupcheckout/harness/provision/provisiontest"
)

// TestMain also makes this test binary the program under test: testscript puts
// it on the path as "reactor", for scripts and for the tests that start
// processes.
func TestMain(m *testing.M) {
	testscript.Main(withCleanup{m}, map[string]func(){"reactor": main})
}

type withCleanup struct{ tests *testing.M }

// Run runs the tests with help as wide as kong's default, stops the servers
// that were needed, and looks for goroutines that were left behind.
func (c withCleanup) Run() int {
	if err := os.Unsetenv("COLUMNS"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return provisiontest.Main(c.tests, messageDBServer, dynamoDBServer)
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}
