package table

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
)

// The pause before another attempt doubles from one to the other.
const (
	firstPause   = 20 * time.Millisecond
	longestPause = time.Second
)

// pause waits before the attempt that follows the given one. A part of the
// time is random, so that those who failed together do not come back together.
// It returns false if ctx ended.
func pause(ctx context.Context, attempt int) bool {
	if ctx.Err() != nil {
		return false
	}
	longest := longestPause
	if attempt < 6 {
		longest = min(firstPause<<attempt, longestPause)
	}
	timer := time.NewTimer(longest/2 + rand.N(longest/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
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
	for attempt := 0; ; attempt++ {
		var trace trace
		within, cancel := context.WithTimeout(ctx, t.config.RequestTimeout)
		err := do(within, trace.option)
		cancel()
		switch outcome := judge(err, trace.sent); {
		case outcome == succeeded:
			return nil
		case outcome == never || attempt >= t.config.Retries || !pause(ctx, attempt):
			return withContext(ctx, err)
		}
	}
}
