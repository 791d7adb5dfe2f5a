package dynamodb

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

func TestWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	answered := func(code string) error { return table.Translated(&smithy.GenericAPIError{Code: code}) }
	for _, test := range []struct {
		err  error
		want bool
	}{
		{&SetupError{Problem: BadConfig}, true},
		{&SetupError{Problem: NotEncrypted}, true},
		{&SetupError{Problem: BadCertificate}, true},
		{&SetupError{Problem: AccessRefused}, true},
		{&SetupError{Problem: MissingTable}, true},
		{&SetupError{Problem: ForeignTable}, true},
		{&SetupError{Problem: StreamOff}, true},
		{&SetupError{Problem: Unreachable}, false},
		{&SetupError{Problem: NotReady}, false},
		{&SetupError{Problem: Unusable}, false},
		{&shards.LossError{}, true},
		{&shards.EndedError{}, true},
		{&index.StreamReplacedError{}, true},
		{&index.GapError{Err: errors.New("x")}, true},
		{&index.RecordError{}, true},
		{&index.BodyError{Err: errors.New("x")}, true},
		{&index.KeyError{}, true},
		{&index.LeaseLostError{}, false},
		{&table.MissingError{}, true},
		{&table.TooLargeError{}, true},
		{&table.ItemError{}, true},
		{&table.ConflictError{}, false},
		{answered("AccessDeniedException"), true},
		{answered("UnrecognizedClientException"), true},
		{answered("ExpiredTokenException"), true},
		{answered("ThrottlingException"), false},
		{errors.New("the network is gone"), false},
	} {
		if got := es.NeedsPerson(fmt.Errorf("wrapped: %w", test.err)); got != test.want {
			t.Errorf("%T (%v): got %v, want %v", test.err, test.err, got, test.want)
		}
	}
}
