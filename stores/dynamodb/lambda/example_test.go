package lambda_test

import (
	"context"
	"fmt"

	start "github.com/aws/aws-lambda-go/lambda"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
	"example.com/groupcheckout/stores/dynamodb/lambda"
)

// This is the whole of a Lambda that indexes. Its ingester lives as long as the
// process.
func ExampleHandler() {
	aws, err := awsconfig.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	tab, err := table.New(dynamodb.NewFromConfig(aws), "trucks-index", index.TableConfig())
	if err != nil {
		fmt.Println(err)
		return
	}
	ingester, err := index.NewIngester(tab, index.IngesterConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	start.Start(lambda.Handler(ingester))
}
