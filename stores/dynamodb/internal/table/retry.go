package table

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	"github.com/cenkalti/backoff/v5"

	"example.com/groupcheckout/internal/pause"
)

// newPauses are those between the attempts at one thing.
func newPauses() *backoff.ExponentialBackOff {
	const first, longest = 15 * time.Millisecond, 750 * time.Millisecond
	return pause.Doubling(first, longest)
}

// trace learns whether a request was handed to the network.
type trace struct{ sent bool }

// option is for one call of a [Client]. It leaves the retries to us: the SDK's
// would hide that an earlier attempt was lost, and report its success as a
// conflict.
func (t *trace) option(options *dynamodb.Options) {
	options.Retryer = aws.NopRetryer{}
	options.APIOptions = append(options.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("groupcheckout.Sent",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
				middleware.DeserializeOutput, middleware.Metadata, error,
			) {
				t.sent = true
				return next.HandleDeserialize(ctx, in)
			}), middleware.After)
	})
}

// read calls do, which reads, until it succeeds or it is of no use to go on.
func (t *Table) read(ctx context.Context, do func(ctx context.Context, option func(*dynamodb.Options)) error) error {
	pauses := newPauses()
	for attempt := 0; ; attempt++ {
		var trace trace
		within, cancel := context.WithTimeout(ctx, t.config.RequestTimeout)
		err := do(within, trace.option)
		cancel()
		switch outcome := judge(err, trace.sent); {
		case outcome == succeeded:
			return nil
		case outcome == never || attempt >= t.config.Retries || pause.For(ctx, pauses.NextBackOff()) != nil:
			return withContext(ctx, Translated(err))
		}
	}
}
