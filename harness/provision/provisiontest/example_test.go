package provisiontest_test

import (
	"os"
	"testing"

	"example.com/groupcheckout/harness/provision/provisiontest"
)

// What a package's tests share is a variable of the test package, which TestMain
// takes down in the end and each test asks for.
func Example() {
	server := provisiontest.DynamoDB()
	_ = func(m *testing.M) { os.Exit(provisiontest.Main(m, server)) } // TestMain
	_ = func(t *testing.T) {                                          // a helper of tests
		t.Helper()
		t.Log("a table can be made at", server.Get(t).ServiceURL, provisiontest.Within(t))
	}
}
