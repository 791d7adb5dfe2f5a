package table

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Everything that is known about the SDK's errors is in this file.

// verdict is what an error says of a request.
type verdict int

const (
	succeeded verdict = iota
	refused           // its condition did not hold: nothing was written
	notNow            // nothing was written, and the same request may succeed later
	lost              // it may have been carried out, or be so yet
	never             // nothing was written, and the same request will not do better
)

// judge tells what became of a request, which was handed to the network or
// failed before that.
func judge(err error, sent bool) verdict {
	if err == nil {
		return succeeded
	}
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return judgeReasons(canceled.CancellationReasons)
	}
	status := statusOf(err)
	if api, ok := errors.AsType[smithy.APIError](err); ok && status < http.StatusInternalServerError && status != http.StatusRequestTimeout {
		return judgeCode(api.ErrorCode())
	}
	dial, ok := errors.AsType[*net.OpError](err)
	switch {
	case ok && dial.Op == "dial":
		return notNow // no connection, no request
	case sent:
		return lost
	}
	return never // credentials, an endpoint, or a context that had ended
}

func judgeCode(code string) verdict {
	switch code {
	case "ConditionalCheckFailedException":
		return refused
	case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded",
		"TransactionConflictException", "ReplicatedWriteConflictException":
		return notNow
	case "TransactionInProgressException", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException", "InternalFailure":
		return lost
	}
	return never
}

// throttled tells whether a table refused a request because too much was asked of
// it, rather than because others work on the same item.
func throttled(err error) bool {
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		for _, reason := range canceled.CancellationReasons {
			if code := value(reason.Code); code == "ThrottlingError" || code == "ProvisionedThroughputExceeded" {
				return true
			}
		}
		return false
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode() {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded":
		return true
	}
	return false
}

// judgeReasons judges a transaction that was cancelled. A failed condition
// outweighs the rest, since it fails again.
func judgeReasons(reasons []types.CancellationReason) verdict {
	result := notNow
	for _, reason := range reasons {
		switch code := value(reason.Code); code {
		case "ConditionalCheckFailed":
			return refused
		case "", "None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		default:
			result = never
		}
	}
	return result
}

func statusOf(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && response.Response != nil {
		return response.HTTPStatusCode()
	}
	return 0
}

// tipMet returns the tip item that failed a condition, nil if the server did
// not send it. There may have been none.
func tipMet(err error) (it item, known bool) {
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return failed.Item, len(failed.Item) > 0
	}
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		for _, reason := range canceled.CancellationReasons {
			if isTip(reason.Item) {
				return reason.Item, true
			}
		}
	}
	return nil, false
}

// AccessError says that DynamoDB refused the credentials, or that they may not do
// this: they are wrong, expired or not enough.
type AccessError struct{ Err error }

func (e *AccessError) Error() string {
	return fmt.Sprintf("DynamoDB refused the credentials, or they may not do this: %v", e.Err)
}

func (e *AccessError) Unwrap() error { return e.Err }

// NeedsPerson is what [es.NeedsPerson] asks.
func (*AccessError) NeedsPerson() bool { return true }

// Translated is the error of a request, as an [*AccessError] if that is what it
// says. For no error it is nil.
func Translated(err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch api.ErrorCode() {
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException",
		"IncompleteSignatureException", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch":
		return &AccessError{err}
	}
	return err
}

// tooLarge tells whether the server refused an item for its size.
func tooLarge(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "ValidationException" && strings.Contains(strings.ToLower(api.ErrorMessage()), "maximum allowed size")
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
