package dynamodb

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
)

func TestWhatAnIndexerCannotMendItself(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{&shards.LossError{}, true},
		{&shards.EndedError{}, true},
		{&index.StreamReplacedError{}, true},
		{&index.GapError{}, true},
		{&index.RecordError{}, true},
		{&index.BodyError{}, true},
		{&smithy.GenericAPIError{Code: "AccessDeniedException"}, true},
		{&smithy.GenericAPIError{Code: "ThrottlingException"}, false},
		{&index.LeaseLostError{}, false},
		{errors.New("the network is gone"), false},
	} {
		if got := needsPerson(fmt.Errorf("wrapped: %w", test.err)); got != test.want {
			t.Errorf("%T: got %v, want %v", test.err, got, test.want)
		}
	}
}
