package dynamodb

import (
	"context"
	"errors"
	"net"
	"net/http"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// unavailable tells whether an error means that the service cannot be reached, or is of
// no use to anybody: it does not answer within the time of a request, or only that it is
// broken. One that answers otherwise, whatever it says, is there; the client has repeated
// what it may repeat.
func unavailable(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	_, unknown := errors.AsType[*net.DNSError](err)
	// No answer came, as from a proxy that has no server to ask and closes the connection.
	_, unanswered := errors.AsType[*smithyhttp.RequestSendError](err)
	answer, answered := errors.AsType[*smithyhttp.ResponseError](err)
	broken := answered && answer.HTTPStatusCode() >= http.StatusInternalServerError
	return network || unknown || unanswered && !errors.Is(err, context.Canceled) || broken || errors.Is(err, context.DeadlineExceeded)
}
