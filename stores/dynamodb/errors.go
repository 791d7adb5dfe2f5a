package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// Problem says what keeps tables from being used.
type Problem string

// The problems that [Open] and [Init] tell apart.
const (
	BadConfig      Problem = "the configuration cannot be used"
	Unreachable    Problem = "DynamoDB cannot be reached"
	NotEncrypted   Problem = "requests would not be encrypted"
	BadCertificate Problem = "the server's certificate is not accepted"
	AccessRefused  Problem = "DynamoDB refused the credentials, or they may not do this"
	MissingTable   Problem = "the table does not exist"
	NotReady       Problem = "the table cannot be used yet"
	ForeignTable   Problem = "the table is of another kind"
	StreamOff      Problem = "the table's stream is off or has the wrong view"
	Unusable       Problem = "DynamoDB answered with an error"
)

// SetupError says what is wrong with a table or the way to it, before anything
// was done with it. It never holds a secret.
type SetupError struct {
	Problem Problem
	Table   string // "" if it is about none in particular
	Err     error  // the particulars, and what to do; may be nil
}

func (e *SetupError) Error() string {
	text := "DynamoDB"
	if e.Table != "" {
		text = fmt.Sprintf("DynamoDB, table %s", e.Table)
	}
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", text, e.Problem)
	}
	return fmt.Sprintf("%s: %s: %v", text, e.Problem, e.Err)
}

func (e *SetupError) Unwrap() error { return e.Err }

// NeedsPerson is what [es.NeedsPerson] asks.
func (e *SetupError) NeedsPerson() bool {
	switch e.Problem {
	case BadConfig, NotEncrypted, BadCertificate, AccessRefused, MissingTable, ForeignTable, StreamOff:
		return true
	case Unreachable, NotReady, Unusable:
	}
	return false
}

// TooLargeError says that events do not fit into one item.
type TooLargeError = table.TooLargeError

// MissingError says that events were pruned.
type MissingError = table.MissingError

// HaltError says that an indexer does not go on by itself, because something is lost
// to the index, or may be: a [*LossError], a [*StreamReplacedError] or an
// [*UnindexedError]. A rebuild brings it back; its ID, given to the next indexer, goes
// on without.
type HaltError = index.HaltError

// UnindexedError says that a table holds events and its index is empty, while the
// stream of changes cannot have all of them.
type UnindexedError = index.UnindexedError

// AheadError says that the index knows more of a stream than the stream has: the table
// was set back without its index.
type AheadError = index.AheadError

// StreamReplacedError says that the table has another stream than the index was
// made from.
type StreamReplacedError = index.StreamReplacedError

// LossError says that changes lived for longer than the stream keeps them.
type LossError = shards.LossError

// setupError translates an error of a request about a table.
func setupError(name string, err error) *SetupError {
	setup := &SetupError{Problem: Unusable, Table: name, Err: err}
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		setup.Problem = MissingTable
		setup.Err = fmt.Errorf("create it with reactor init dynamo, or name another: %w", err)
		return setup
	}
	response, answered := errors.AsType[*smithyhttp.ResponseError](err)
	_, network := errors.AsType[net.Error](err)
	_, refused := errors.AsType[*table.AccessError](table.Translated(err))
	advice, badCertificate := certificateAdvice(err)
	switch {
	case badCertificate:
		setup.Problem, setup.Err = BadCertificate, fmt.Errorf("%s: %w", advice, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case network, answered && (response.HTTPStatusCode() == 0 || response.HTTPStatusCode() >= http.StatusInternalServerError):
		setup.Problem = Unreachable
	case refused:
		setup.Problem = AccessRefused
	}
	return setup
}
