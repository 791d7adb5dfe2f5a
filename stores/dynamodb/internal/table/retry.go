package table

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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

// maxUnanswered is how many attempts at a read may go without an answer. A server that
// is frozen takes all the time of each, and whoever asks is to learn of it before the
// time for the whole read is over.
const maxUnanswered = 2

// read calls do, which reads, until it succeeds or it is of no use to go on. It
// returns what the server said that the request consumed.
func (t *Table) read(ctx context.Context, operation string,
	do func(ctx context.Context, option func(*dynamodb.Options)) ([]types.ConsumedCapacity, error),
) error {
	pauses, unanswered := newPauses(), 0
	for attempt := 0; ; attempt++ {
		var trace trace
		within, cancel := context.WithTimeout(ctx, t.config.RequestTimeout)
		consumed, err := do(within, trace.option)
		if err != nil && within.Err() != nil {
			unanswered++
		}
		cancel()
		outcome := judge(err, trace.sent)
		t.meter.count(operation, attempt, outcome, err, consumed...)
		switch {
		case outcome == succeeded:
			return nil
		case outcome == never || attempt >= t.config.Retries || unanswered == maxUnanswered || t.again(ctx, outcome, pauses) != nil:
			return withContext(ctx, Translated(err))
		}
	}
}

// again waits before a repetition. Those of what was throttled share a budget.
func (t *Table) again(ctx context.Context, outcome verdict, pauses *backoff.ExponentialBackOff) error {
	if outcome == notNow {
		if err := t.budget.wait(ctx); err != nil {
			return err
		}
	}
	return pause.For(ctx, pauses.NextBackOff())
}
