package table

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/internal/plural"
)

// batchKeys is how many items one request may ask for.
const batchKeys = 100

// Tips reads the tips of several streams, up to a hundred with one request. It costs
// what reading each would. The streams have to differ from one another. A stream
// that does not exist has [NoTip].
func (t *Table) Tips(ctx context.Context, streams []es.StreamName, consistent bool) ([]Tip, error) {
	found := map[string]Tip{}
	for first := 0; first < len(streams); first += batchKeys {
		if err := t.batch(ctx, streams[first:min(first+batchKeys, len(streams))], consistent, found); err != nil {
			return nil, fmt.Errorf("read the tips of %s: %w", plural.Of(len(streams), "stream"), err)
		}
	}
	tips := make([]Tip, len(streams))
	for i, stream := range streams {
		tip, ok := found[stream.String()]
		if !ok {
			tip = NoTip(stream)
		}
		tips[i] = tip
	}
	return tips, nil
}

// batch makes one request, and goes on with the keys that the server left, which it
// does when the table is throttled or the answer would be too long.
func (t *Table) batch(ctx context.Context, streams []es.StreamName, consistent bool, found map[string]Tip) error {
	byName := map[string]es.StreamName{}
	var keys []item
	for _, stream := range streams {
		byName[stream.String()] = stream
		keys = append(keys, key(stream, tipKey))
	}
	left := map[string]types.KeysAndAttributes{t.name: {Keys: keys, ConsistentRead: aws.Bool(consistent)}}
	pauses := newPauses()
	for stalled := 0; len(left) > 0; {
		var output *dynamodb.BatchGetItemOutput
		err := t.read(ctx, "BatchGetItem", func(ctx context.Context, option func(*dynamodb.Options)) ([]types.ConsumedCapacity, error) {
			var err error
			output, err = t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
				RequestItems: left, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			}, option)
			if err != nil {
				return nil, err
			}
			return output.ConsumedCapacity, nil
		})
		if err != nil {
			return err
		}
		items := output.Responses[t.name]
		for _, it := range items {
			stream := byName[value(textOf(it["p"]))]
			b, err := decodeItem(stream, it)
			if err != nil {
				return err
			}
			found[stream.String()] = b.Tip
		}
		left = output.UnprocessedKeys
		switch {
		case len(left) == 0 || len(items) > 0:
			stalled = 0
		case stalled == t.config.Retries:
			return fmt.Errorf("the table is throttled: %s left out %s",
				plural.Of(len(left[t.name].Keys), "item was", "items were"), plural.Of(stalled+1, "time"))
		default:
			stalled++
			if err := t.budget.wait(ctx); err != nil {
				return err
			}
			if err := pause.For(ctx, pauses.NextBackOff()); err != nil {
				return err
			}
		}
	}
	return nil
}
