package dynamodb_test

import (
	"context"
	"errors"
	"fmt"

	"example.com/groupcheckout/stores/dynamodb"
)

// Init makes what is missing, Open finds out whether the tables can be used.
func ExampleOpen() {
	ctx := context.Background()
	config := dynamodb.Config{Region: "eu-west-1", Table: "trucks"}
	report, err := dynamodb.Init(ctx, config, dynamodb.Provision{}) // once; on demand
	fmt.Println(report, err)

	db, err := dynamodb.Open(ctx, config)
	if setup, wrong := errors.AsType[*dynamodb.SetupError](err); wrong {
		fmt.Println(setup.Problem, setup)
		return
	}
	defer db.Close()
	fmt.Println(db.Store())
}
