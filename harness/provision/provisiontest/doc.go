// Package provisiontest lends the real stores to the tests of a package. A server
// takes seconds to come up, so all tests of a package share one, which comes up
// for the first that asks. Only tests import it.
//
//	var server = provisiontest.MessageDB()
//
//	func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, server)) }
//
//	func TestSomething(t *testing.T) {
//		connection := server.Get(t).ConnectionString
//		…
//	}
package provisiontest
