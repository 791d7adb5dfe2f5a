package shards

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/smithy-go"
)

// LossError says that records of a stream are gone that were not read, or may
// be: nobody can tell how many. What they said can only be found in the table.
type LossError struct {
	Stream   string // ARN
	Shard    string
	Sequence string // behind which, or from which on, records are gone; "" if the whole shard is
	Reason   string
}

func (e *LossError) Error() string {
	place := "from its beginning"
	if e.Sequence != "" {
		place = "from sequence number " + e.Sequence
	}
	return fmt.Sprintf("records of shard %s of stream %s may be lost %s on: %s; records live for 24 hours", e.Shard, e.Stream, place, e.Reason)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*LossError) NeedsPerson() bool { return true }

// EndedError says that a stream was disabled and has been read to its end.
// Later changes of the table are not in it.
type EndedError struct {
	Stream string // ARN
}

func (e *EndedError) Error() string {
	return fmt.Sprintf("stream %s was disabled and is read to its end; enable the table's stream again", e.Stream)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*EndedError) NeedsPerson() bool { return true }

// kind is what to do about an error of the API.
type kind int

const (
	fatal kind = iota
	passing
	expired
	trimmed
	gone
)

func kindOf(err error) kind {
	if _, ok := errors.AsType[*types.ExpiredIteratorException](err); ok {
		return expired
	}
	if _, ok := errors.AsType[*types.TrimmedDataAccessException](err); ok {
		return trimmed
	}
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return gone
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return passing // no answer, or none that could be read
	}
	switch api.ErrorCode() {
	case "LimitExceededException", "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling",
		"RequestLimitExceeded", "InternalServerError", "InternalFailure", "ServiceUnavailable":
		return passing
	}
	if api.ErrorFault() == smithy.FaultServer {
		return passing
	}
	return fatal
}
