// Package cck is the tests of the Cucumber Compatibility Kit, run by this
// project's driver, and the schema that every file of messages must keep to.
//
// The kit is a set of samples, each a feature with the messages that a Cucumber
// must write when it runs it with given steps. It is fetched with npm, at a
// pinned version, into the user's cache. The file steps_test.go has the kit's steps in
// Go. The comparison is exact, line by line and in order, but for what must
// vary: times, ids, places in source, and the wording of suggested code.
//
// A table names the samples that do not match, with the reason. A sample of the
// table that matches fails the test, and so does one that the table does not
// name and that does not match, and a sample of the kit that has no steps here.
package cck
