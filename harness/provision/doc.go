// Package provision brings up the real stores that the scenarios and the tests
// of the stores run on, Message DB and DynamoDB, and takes them down again.
//
// # Ways
//
// A server comes up in one of three ways ([Way]). Unless one is asked for, they
// are tried in this order and the first that works is used:
//
//	address    a server that is up already, named in the environment
//	container  a container, where a Docker engine answers
//	local      processes of this machine: PostgreSQL from its own binaries,
//	           DynamoDB Local on Java
//
// A way that was asked for is never replaced by another, and an address counts
// as asked for as soon as MDB_CONNECTION_STRING, or EQUINOX_DYNAMO_SERVICE_URL,
// is set: tests that ran on another server than the one somebody named would
// prove nothing about it.
// Where no way works the error is an [*UnavailableError], which gives the
// reason for each.
//
// # What it guarantees
//
// A server accepts connections and has the Message DB schema when [MessageDB]
// returns, and answers when [DynamoDB] does. Close stops it and removes what it
// wrote. Local processes end when this process does, however it ends.
// Connection strings hold passwords; no error, log line or How repeats one.
//
// What is fetched stays in the user's cache folder: Message DB's schema with
// npm, PostgreSQL where the machine has none, and DynamoDB Local with Maven.
// DynamoDB Local is Amazon's, under its own licence, and only ever fetched.
//
// # Environment
//
//	MDB_CONNECTION_STRING        the address, as the role message_store, in any
//	                             form that the reactor takes: a URL, Npgsql's
//	                             or libpq's
//	MDB_ADMIN_CONNECTION_STRING  the same server as a superuser; optional
//	MDB_PROVISIONED              how that server was brought up, in words; set
//	                             by the command provision for its child
//	MDB_IMAGE                    the image of the container
//
//	EQUINOX_DYNAMO_SERVICE_URL        the address, such as http://localhost:8000
//	EQUINOX_DYNAMO_ACCESS_KEY_ID      its keys, of which DynamoDB Local takes
//	EQUINOX_DYNAMO_SECRET_ACCESS_KEY  any of letters and digits
//	EQUINOX_DYNAMO_REGION             an error beside an address; alone it is
//	                                  no address for tests
//	DDB_PROVISIONED                   as MDB_PROVISIONED
//	DDB_IMAGE                         as MDB_IMAGE
//
// The package imports no test code, so that the command provision can be built
// from it; the packages of the harness that take a testing.TB wrap it.
package provision
