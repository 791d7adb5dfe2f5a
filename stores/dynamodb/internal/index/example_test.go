package index_test

import (
	"context"
	"fmt"

	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// The indexer enters what the table's stream of changes tells of. A change that
// comes again is entered once; a source then reads the index as a feed.
func ExampleSource() {
	ctx := context.Background()
	tab, err := table.New(faketable.New(), "trucks-index", index.TableConfig()) // usually a client of the SDK
	if err != nil {
		fmt.Println(err)
		return
	}
	ingester, err := index.NewIngester(tab, index.IngesterConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		if err := ingester.Ingest(ctx, []index.Span{
			{Stream: "Truck-T1", Index: 0, Types: []string{"Unloaded"}},
			{Stream: "Chute-Oslo", Index: 0, Types: []string{"Took", "Took"}},
			{Stream: "Truck-T1", Index: 1, Types: []string{"Sorted", "Released"}},
		}); err != nil {
			fmt.Println(err)
		}
	}

	source, err := index.NewSource(tab, index.SourceConfig{}, "Truck")
	if err != nil {
		fmt.Println(err)
		return
	}
	batch, err := source.Read(ctx, "0", 0)
	for _, delivery := range batch.Events {
		fmt.Println(delivery.Stream, delivery.Event.Index, delivery.Event.Type, err)
	}
	// Output:
	// Truck-T1 0 Unloaded <nil>
	// Truck-T1 1 Sorted <nil>
	// Truck-T1 2 Released <nil>
}
