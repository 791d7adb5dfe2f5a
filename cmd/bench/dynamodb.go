package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dynamo "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/stores/dynamodb"
)

// onDynamoDB is row 9: an event is appended to a new stream, by one caller, beside the
// bare driver, which puts the same item under a new key, on the condition that it is not there.
func onDynamoDB() []figure {
	const times = 50
	return []figure{{
		row: "9", name: "append on DynamoDB ÷ bare conditional PutItem", unit: "appends/s", target: atLeast(0.85),
		prepare: func(ctx context.Context, g *ground) (*pair, error) {
			db, config, err := g.openDynamo(ctx)
			if err != nil {
				return nil, err
			}
			client := dynamo.New(dynamo.Options{
				BaseEndpoint: aws.String(config.ServiceURL), Region: "us-east-1",
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: config.AccessKeyID, SecretAccessKey: string(config.SecretAccessKey)}, nil
				}),
			})
			store := db.Store()
			item, err := anAppend(ctx, store, client, config.Table)
			if err != nil {
				db.Close()
				return nil, err
			}
			return &pair{
				subject: func(ctx context.Context) (float64, error) {
					return oneByOne(times, func() error {
						_, err := store.Append(ctx, newStream("Store"), 0, []es.EventData{newEvent()})
						return err
					})
				},
				floor: func(ctx context.Context) (float64, error) {
					return oneByOne(times, func() error {
						again := maps.Clone(item)
						again["p"] = &types.AttributeValueMemberS{Value: newStream("Floor").String()}
						_, err := client.PutItem(ctx, &dynamo.PutItemInput{
							TableName: &config.Table, ConditionExpression: aws.String("attribute_not_exists(p)"), Item: again,
						})
						return err
					})
				},
				close: db.Close,
			}, nil
		},
	}}
}

// anAppend is the item that an append of one event to a new stream leaves.
func anAppend(ctx context.Context, store *dynamodb.Store, client *dynamo.Client, table string) (map[string]types.AttributeValue, error) {
	stream := newStream("Store")
	if _, err := store.Append(ctx, stream, 0, []es.EventData{newEvent()}); err != nil {
		return nil, err
	}
	found, err := client.Query(ctx, &dynamo.QueryInput{
		TableName: &table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("p = :p"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: stream.String()}},
	})
	if err != nil {
		return nil, err
	}
	if len(found.Items) != 1 {
		return nil, fmt.Errorf("an append to %s left %d items, not one", stream, len(found.Items))
	}
	return found.Items[0], nil
}

// openDynamo opens a store on new tables of the server.
func (g *ground) openDynamo(ctx context.Context) (*dynamodb.DB, dynamodb.Config, error) {
	if g.dynamo == nil {
		server, err := provision.DynamoDB(ctx, provision.Options{Log: g.log})
		if err != nil {
			return nil, dynamodb.Config{}, err
		}
		g.dynamo = server
	}
	config := dynamodb.Config{
		ServiceURL: g.dynamo.ServiceURL, AccessKeyID: g.dynamo.AccessKeyID, SecretAccessKey: dynamodb.Secret(g.dynamo.SecretAccessKey),
		Table: "bench-" + uuid.NewString(),
	}
	if _, err := dynamodb.Init(ctx, config, dynamodb.Provision{}); err != nil {
		return nil, config, err
	}
	db, err := dynamodb.Open(ctx, config)
	return db, config, err
}

// oneByOne is how often a second one caller does something.
func oneByOne(times int, do func() error) (float64, error) {
	began := time.Now()
	for range times {
		if err := do(); err != nil {
			return 0, err
		}
	}
	return perSecond(times, time.Since(began)), nil
}
