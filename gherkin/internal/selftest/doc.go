// Package selftest holds only tests: features, steps, hooks, worlds and what
// they hold, and whole runs are broken on purpose, each in its own way, and have to come out red
// everywhere at once, in the words of go test, of JUnit, of Cucumber Messages and
// of the summary, and with go test's exit status.
//
// What is broken is in testdata/red, a package that the go command does not
// find by itself, since it fails. It is run once, as a user would, by go test;
// then the four outputs are read as their readers do, and compared with one
// table. What the table does not name, and what it names but nobody wrote, fails.
package selftest
