package table_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// A write states the tip that it expects. Whoever holds none expects a new
// stream, and is told the tip if there is one.
func ExampleTable_Append() {
	ctx := context.Background()
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	trucks, err := table.New(dynamodb.NewFromConfig(aws), "trucks", table.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := es.NewStreamName("Truck", "T1")
	if err != nil {
		fmt.Println(err)
		return
	}
	write := table.Write{Events: []table.Event{{Type: "Unloaded", Time: time.Now(), Data: table.Raw([]byte(`{}`))}}}
	tip, err := trucks.Append(ctx, table.NoTip(stream), write)
	if conflict, stale := errors.AsType[*table.ConflictError](err); stale {
		fmt.Println(conflict)
		return
	}
	fmt.Println(tip.Version(), err)
}
