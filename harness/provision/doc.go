// Package provision brings up the real stores that the scenarios and the tests
// of the stores run on, and takes them down again.
//
// # Ways
//
// A server comes up in one of three ways ([Way]). Unless one is asked for, they
// are tried in this order and the first that works is used:
//
//	address    a server that is up already, named by MDB_CONNECTION_STRING
//	container  a container, where a Docker engine answers
//	local      processes of this machine, from PostgreSQL's own binaries
//
// A way that was asked for is never replaced by another, and an address counts
// as asked for as soon as MDB_CONNECTION_STRING is set: tests that ran on
// another server than the one somebody named would prove nothing about it.
// Where no way works the error is an [*UnavailableError], which gives the
// reason for each.
//
// # What it guarantees
//
// A server accepts connections and has the Message DB schema when [MessageDB]
// returns. [Server.Close] stops it and removes what it wrote. Local processes
// end when this process does, however it ends. Connection strings hold
// passwords; no error, log line or [Server.How] repeats one.
//
// # Environment
//
//	MDB_CONNECTION_STRING        the address, as the role message_store
//	MDB_ADMIN_CONNECTION_STRING  the same server as a superuser; optional
//	MDB_PROVISIONED              how that server was brought up, in words; set
//	                             by the command provision for its child
//	MDB_IMAGE                    the image of the container
//
// The package imports no test code, so that the command provision can be built
// from it; the packages of the harness that take a testing.TB wrap it.
package provision
