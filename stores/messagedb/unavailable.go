package messagedb

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes of a server that is not ready, or not any more. Those of the class are about
// connections: a pooler says so that it has no server.
const (
	classConnection      = "08"
	codeAdminShutdown    = "57P01"
	codeCrashShutdown    = "57P02"
	codeCannotConnectNow = "57P03"
	codeTooMany          = "53300" // connections
)

// unavailable tells whether an error means that the server cannot be reached, or lets
// nobody in for now. One that refuses the user, or has no such database, can be.
func unavailable(err error) bool {
	if reply, ok := asServerError(err); ok {
		switch reply.Code {
		case codeAdminShutdown, codeCrashShutdown, codeCannotConnectNow, codeTooMany:
			return true
		}
		return endsSession(reply) && strings.HasPrefix(reply.Code, classConnection)
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return connecting || lostConnection(err)
}
