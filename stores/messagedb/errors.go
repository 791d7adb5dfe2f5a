package messagedb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
)

// Everything that is known about the driver's errors is in this file.

// Problem says what keeps a Message DB from being used.
type Problem string

// The problems that [Open] and [Init] tell apart.
const (
	BadConfig           Problem = "the configuration cannot be used"
	BadConnectionString Problem = "the connection string is malformed"
	BadCheckpointSchema Problem = "the checkpoint schema is not a name"
	Unreachable         Problem = "the server cannot be reached"
	NotEncrypted        Problem = "the connection would not be encrypted"
	BadCertificate      Problem = "the server's certificate is not accepted"
	Pooler              Problem = "the connection pooler in between does not let through what is needed"
	SmallPool           Problem = "the connection pooler in between gives too few connections"
	AccessRefused       Problem = "the server refused the user or the password"
	NoDatabase          Problem = "the database does not exist"
	MissingSchema       Problem = "Message DB is not installed in the database"
	MissingPrivilege    Problem = "the role lacks a privilege"
	OldSchema           Problem = "the version of Message DB is too old"
	ReadOnly            Problem = "the server is a replica and takes no writes"
	MissingTable        Problem = "the checkpoint table does not exist"
	ForeignTable        Problem = "the checkpoint table has another shape"
	Unusable            Problem = "the server answered with an error"
)

// SetupError says what is wrong with a connection, before anything was done
// with it. It never holds a password.
type SetupError struct {
	Problem    Problem
	Connection Use   // "" if it is about none in particular
	Err        error // the particulars, and what to do; may be nil
}

func (e *SetupError) Error() string {
	text := "Message DB"
	if e.Connection != "" {
		text = fmt.Sprintf("Message DB, connection for %s", e.Connection)
	}
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", text, e.Problem)
	}
	return fmt.Sprintf("%s: %s: %v", text, e.Problem, e.Err)
}

func (e *SetupError) Unwrap() error { return e.Err }

// NeedsPerson is what [es.NeedsPerson] asks. A server may come to be reached, or
// answer otherwise, by itself, and a name that leads to a replica during a fail-over leads to
// the leader later.
func (e *SetupError) NeedsPerson() bool {
	return e.Problem != Unreachable && e.Problem != Unusable && e.Problem != ReadOnly
}

// standingError is a reply of the server that stays the same until somebody acts.
type standingError struct{ reply *pgconn.PgError }

func (e *standingError) Error() string   { return e.reply.Error() }
func (e *standingError) Unwrap() error   { return e.reply }
func (*standingError) NeedsPerson() bool { return true }

// standing marks a reply that says what keeps Message DB from being used, as a
// [*SetupError] would have said it when the connection was made.
func standing(reply *pgconn.PgError) error {
	switch reply.Code {
	case codeNoPrivilege, codeBadPassword, codeBadAuthorization, codeNoDatabase, codeNoFunction, codeNoTable, codeNoSchema:
		return &standingError{reply}
	}
	return reply
}

// SQLSTATE codes.
const (
	codeRaised           = "P0001"
	codeUnique           = "23505"
	codeDeadlock         = "40P01"
	codeLockTimeout      = "55P03"
	codeNoStatement      = "26000"
	codeUnsupported      = "0A000" // among others: a plan that was kept does not fit any more
	codeBadText          = "22P02"
	codeBadEscape        = "22P05"
	codeNotUTF8          = "22021"
	codeOutOfRange       = "22003"
	codeReadOnly         = "25006"
	codeNoTable          = "42P01"
	codeNoSchema         = "3F000"
	codeNoFunction       = "42883"
	codeNoPrivilege      = "42501"
	codeNoDatabase       = "3D000"
	codeBadPassword      = "28P01"
	codeBadAuthorization = "28000"
)

// asServerError returns the server's reply if that is what the error is.
func asServerError(err error) (*pgconn.PgError, bool) {
	var reply *pgconn.PgError
	ok := errors.As(err, &reply)
	return reply, ok
}

func hasCode(err error, codes ...string) bool {
	reply, ok := asServerError(err)
	if !ok {
		return false
	}
	for _, code := range codes {
		if reply.Code == code {
			return true
		}
	}
	return false
}

// endsSession tells whether the server hung up with this reply.
func endsSession(reply *pgconn.PgError) bool {
	severity := reply.SeverityUnlocalized
	if severity == "" {
		severity = reply.Severity
	}
	return severity == "FATAL" || severity == "PANIC"
}

// lostConnection tells whether the connection broke while in use, so that a
// new one may do better. A connection that could not be made is not meant.
func lostConnection(err error) bool {
	var connecting *pgconn.ConnectError
	if err == nil || errors.As(err, &connecting) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if reply, ok := asServerError(err); ok {
		return endsSession(reply)
	}
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.As(err, &network)
}

// wrongVersion reads the text with which write_message raises a conflict. The
// stream's name stands in it, so only the end of the text is trusted.
var wrongVersion = regexp.MustCompile(`(?s)^Wrong expected version: .*, Stream Version: (-?\d+)\)$`)

// appendError translates an error that left nothing written.
func appendError(w write, err error) error {
	reply, ok := asServerError(err)
	if !ok {
		return fmt.Errorf("append to %s at version %d, nothing was written: %w", w.stream, w.expected, err)
	}
	conflict := &es.ConflictError{Stream: w.stream, Expected: w.expected, Actual: es.UnknownVersion}
	switch {
	case reply.Code == codeRaised && strings.HasPrefix(reply.Message, "Wrong expected version"):
		if found := wrongVersion.FindStringSubmatch(reply.Message); found != nil {
			if last, err := strconv.ParseInt(found[1], 10, 64); err == nil {
				conflict.Actual = es.Version(last) + 1
			}
		}
		return conflict
	case reply.Code == codeUnique && reply.ConstraintName == "messages_stream":
		return conflict
	case reply.Code == codeUnique && reply.ConstraintName == "messages_id":
		return &es.DuplicateIDError{Stream: w.stream, Expected: w.expected, ID: idIn(reply.Detail), Err: reply}
	}
	return fmt.Errorf("append to %s at version %d, nothing was written: %s: %w", w.stream, w.expected, advice(reply), standing(reply))
}

// elsewhere has a pool connect anew once its server takes no writes. The name of the leader
// may have led here while one took over from another; connections that were made meanwhile
// would stay.
func elsewhere(pool *pgxpool.Pool, err error) {
	if hasCode(err, codeReadOnly) || errors.Is(err, errNotLeader) {
		pool.Reset()
	}
}

var keyInDetail = regexp.MustCompile(`\(id\)=\(([0-9a-f-]{36})\)`)

func idIn(detail string) uuid.UUID {
	if found := keyInDetail.FindStringSubmatch(detail); found != nil {
		if id, err := uuid.Parse(found[1]); err == nil {
			return id
		}
	}
	return uuid.UUID{}
}

// advice says in our words what a reply of the server means for the caller.
func advice(reply *pgconn.PgError) string {
	switch reply.Code {
	case codeBadText, codeBadEscape:
		return "the data or metadata of an event is not JSON that PostgreSQL can keep"
	case codeNotUTF8:
		return "a name, a type or the JSON of an event is not UTF-8 or holds a NUL"
	case codeOutOfRange:
		return "a number in the JSON of an event is too large for PostgreSQL"
	case codeDeadlock:
		return "it was the victim of a deadlock"
	case codeLockTimeout:
		return "somebody else holds a lock that it needs"
	case codeReadOnly:
		return "the server takes no writes; the connection string for writing has to lead to the leader"
	case codeNoPrivilege:
		return "the role lacks a privilege of the role message_store"
	case codeNoFunction, codeNoTable, codeNoSchema:
		return "Message DB is not installed, or not completely, in this database"
	}
	if endsSession(reply) {
		return "the server ended the session"
	}
	return "the server refused it"
}

// readError wraps the error of a read.
func readError(what string, err error) error {
	if reply, ok := asServerError(err); ok {
		return fmt.Errorf("read %s: %s: %w", what, advice(reply), standing(reply))
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// checkpointError wraps the error of a checkpoint; do is "load" or "save".
func checkpointError(do, table string, err error) error {
	reply, replied := asServerError(err)
	switch {
	case hasCode(err, codeNoTable, codeNoSchema):
		return &SetupError{Problem: MissingTable, Connection: ForCheckpoints, Err: fmt.Errorf("%s a checkpoint in %s; run \"reactor init mdb\" to create it: %w", do, table, err)}
	case hasCode(err, codeNoPrivilege):
		return fmt.Errorf("%s a checkpoint: the role may not use the table %s; it needs USAGE on the schema, and SELECT, INSERT and UPDATE on the table: %w", do, table, standing(reply))
	case replied:
		err = standing(reply)
	}
	return fmt.Errorf("%s a checkpoint in %s: %w", do, table, err)
}

// connectError translates the failure of a first connection.
func connectError(use Use, err error) error {
	problem := Unreachable
	if advice, found := certificateError(err); found {
		return &SetupError{Problem: BadCertificate, Connection: use, Err: fmt.Errorf("%s: %w", advice, err)}
	}
	if refusedTLS(err) {
		return &SetupError{Problem: NotEncrypted, Connection: use, Err: fmt.Errorf("the server speaks no TLS: set ssl = on there, with a certificate: %w", err)}
	}
	if problem, advice := poolerError(err); problem != "" {
		return &SetupError{Problem: problem, Connection: use, Err: fmt.Errorf("%s: %w", advice, err)}
	}
	if reply, ok := asServerError(err); ok {
		switch reply.Code {
		case codeBadPassword, codeBadAuthorization:
			problem = AccessRefused
		case codeNoDatabase:
			problem = NoDatabase
		case codeNoPrivilege:
			problem = MissingPrivilege
		default:
			problem = Unusable
		}
	}
	return &SetupError{Problem: problem, Connection: use, Err: err}
}
