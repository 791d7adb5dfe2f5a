package stores

import (
	"context"

	"groupcheckout/stores/dynamodb"
	"groupcheckout/stores/dynamodb/index"
	"groupcheckout/stores/dynamodb/table"
)

// DynamoDBIngester returns what writes to the index of a DynamoDB, for a caller
// that gets the changes from elsewhere, as a Lambda does. Where config names the
// table of events, what the changes lost is read from that; otherwise a gap is
// an error, unless the ingester's own configuration says what to do. Neither
// table is looked for.
func DynamoDBIngester(ctx context.Context, config dynamodb.Config, ingest index.IngesterConfig) (*index.Ingester, error) {
	clients, err := newDynamoDBClients(ctx, config)
	if err != nil {
		return nil, err
	}
	indexed, err := table.New(clients.tables, config.IndexTable, index.TableConfig())
	if err != nil {
		return nil, err
	}
	if config.Table != "" && ingest.Heal == nil {
		events, err := table.New(clients.tables, config.Table, table.Config{})
		if err != nil {
			return nil, err
		}
		ingest.Heal = index.HealFrom(events)
	}
	return index.NewIngester(indexed, ingest)
}
