package shards_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"example.com/groupcheckout/stores/dynamodb/internal/fakestream"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
)

// A reader takes the changes of a table shard by shard. The cursors of a page are
// where another reader would go on.
func ExampleReader() {
	ctx, stream := context.Background(), fakestream.New() // usually a client of the SDK
	for _, change := range []string{"Truck-T1 unloaded", "Truck-T1 sorted"} {
		stream.Put("Truck-T1", types.Record{EventID: aws.String(change)})
	}
	reader, err := shards.NewReader(stream, fakestream.ARN, nil, shards.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		page, err := reader.Next(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, record := range page.Records {
			fmt.Println(aws.ToString(record.EventID))
		}
		if page.Tail {
			fmt.Println("and nothing more;", len(page.Cursors), "cursor")
			return
		}
	}
	// Output:
	// Truck-T1 unloaded
	// Truck-T1 sorted
	// and nothing more; 1 cursor
}
