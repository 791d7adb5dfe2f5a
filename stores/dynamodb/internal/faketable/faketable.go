// Package faketable is one DynamoDB table in memory: as much of it as package
// table uses, with faults, and with the records that its stream would have.
// Only tests import it.
package faketable

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// Item is an item.
type Item = map[string]types.AttributeValue

// Table is the table. It implements [table.Client]. Its calls may overlap.
type Table struct {
	// Changed is told of each item that was written, in order. It must not
	// call the table.
	Changed func(event string, item Item)

	// Units is what a page of a scan is said to cost.
	Units float64
	// AtOnce is how many items a batch or a page of a scan has at the most; 100 if
	// it is 0, and none if it is below.
	AtOnce int
	// Strong makes it a global table of strong consistency, which refuses transactions.
	Strong bool

	mu     sync.Mutex
	items  map[string]map[int]Item
	faults []func(write func() error) error
	writes int
	reads  int
	// scanned are the places of all items in order; nil before the first scan and after a removal.
	scanned []place
}

// place is where a scan finds an item.
type place struct {
	hash uint32
	p    string
	i    int
}

func order(a, b place) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.p, b.p), cmp.Compare(a.i, b.i))
}

// New returns an empty table.
func New() *Table { return &Table{items: map[string]map[int]Item{}} }

// Fault makes the next write go through a function, which may call it, not
// call it, or call it and return an error.
func (t *Table) Fault(fault func(write func() error) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, fault)
}

// Faults tells how many faults are still to come.
func (t *Table) Faults() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.faults)
}

// Lost is a fault: the write is carried out and its reply is lost.
func Lost(write func() error) error {
	_ = write()
	return &types.InternalServerError{Message: aws.String("lost")}
}

// Refused is a fault: the write is not carried out.
func Refused(func() error) error {
	return &types.ProvisionedThroughputExceededException{Message: aws.String("throttled")}
}

// Items are all items of a stream, the first one first.
func (t *Table) Items(stream string) []Item {
	t.mu.Lock()
	defer t.mu.Unlock()
	var items []Item
	for _, i := range slices.Sorted(maps.Keys(t.items[stream])) {
		items = append(items, t.items[stream][i])
	}
	return items
}

// Remove removes an item, as pruning does, or all of a stream if i is negative.
func (t *Table) Remove(stream string, i int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scanned = nil
	if i < 0 {
		delete(t.items, stream)
		return
	}
	delete(t.items[stream], i)
}

// Spoil makes an item one that nobody can read.
func (t *Table) Spoil(stream string, i int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items[stream][i]["n"] = &types.AttributeValueMemberS{Value: "many"}
}

// Writes tells how many writes were tried.
func (t *Table) Writes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writes
}

// Reads tells how many requests to read came.
func (t *Table) Reads() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reads
}

// write runs a write under its fault. The caller holds the lock.
func (t *Table) write(ctx context.Context, write func() error) error {
	t.writes++
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(t.faults) == 0 {
		return write()
	}
	fault := t.faults[0]
	t.faults = t.faults[1:]
	return fault(write)
}

func keyOf(key Item) (string, int) {
	n, err := strconv.Atoi(key["i"].(*types.AttributeValueMemberN).Value)
	if err != nil {
		panic(err)
	}
	return key["p"].(*types.AttributeValueMemberS).Value, n
}

// GetItem is part of the client.
func (t *Table) GetItem(ctx context.Context, input *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	p, i := keyOf(input.Key)
	return &dynamodb.GetItemOutput{
		Item: t.items[p][i], ConsumedCapacity: capacity(readUnits(Size(t.items[p][i]), input.ConsistentRead)),
	}, ctx.Err()
}

// Query is part of the client. It ignores filters, which save only transfer.
func (t *Table) Query(ctx context.Context, input *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	p := input.ExpressionAttributeValues[":p"].(*types.AttributeValueMemberS).Value
	below := int64(1) << 40
	if i, ok := input.ExpressionAttributeValues[":i"].(*types.AttributeValueMemberN); ok {
		below, _ = strconv.ParseInt(i.Value, 10, 64)
	}
	from := int64(0)
	if low, ok := input.ExpressionAttributeValues[":low"].(*types.AttributeValueMemberN); ok {
		from, _ = strconv.ParseInt(low.Value, 10, 64)
		high, _ := strconv.ParseInt(input.ExpressionAttributeValues[":high"].(*types.AttributeValueMemberN).Value, 10, 64)
		below = high + 1
	}
	if input.ExclusiveStartKey != nil {
		_, i := keyOf(input.ExclusiveStartKey)
		below = int64(i)
	}
	output := &dynamodb.QueryOutput{}
	bytes := 0
	for _, i := range slices.Backward(slices.Sorted(maps.Keys(t.items[p]))) {
		if int64(i) >= below || int64(i) < from {
			continue
		}
		output.Items = append(output.Items, t.items[p][i])
		bytes += Size(t.items[p][i])
		if len(output.Items) == int(aws.ToInt32(input.Limit)) || bytes > 1<<20 {
			output.LastEvaluatedKey = Item{"p": t.items[p][i]["p"], "i": t.items[p][i]["i"]}
			break
		}
	}
	output.ConsumedCapacity = capacity(readUnits(bytes, input.ConsistentRead))
	return output, ctx.Err()
}

// BatchGetItem is part of the client. What is more than AtOnce it leaves.
func (t *Table) BatchGetItem(
	ctx context.Context, input *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options),
) (*dynamodb.BatchGetItemOutput, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	output := &dynamodb.BatchGetItemOutput{Responses: map[string][]Item{}}
	for name, wanted := range input.RequestItems {
		for n, key := range wanted.Keys {
			if n == t.atOnce() {
				wanted.Keys = wanted.Keys[n:]
				output.UnprocessedKeys = map[string]types.KeysAndAttributes{name: wanted}
				break
			}
			p, i := keyOf(key)
			output.ConsumedCapacity = append(output.ConsumedCapacity, *capacity(readUnits(Size(t.items[p][i]), wanted.ConsistentRead)))
			if item := t.items[p][i]; item != nil {
				output.Responses[name] = append(output.Responses[name], item)
			}
		}
	}
	return output, ctx.Err()
}

func (t *Table) atOnce() int {
	if t.AtOnce == 0 {
		return 100
	}
	return max(t.AtOnce, 0)
}

// Scan is part of the client. It goes by the hash of the stream, as DynamoDB does.
func (t *Table) Scan(ctx context.Context, input *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	segments := uint32(max(aws.ToInt32(input.TotalSegments), 1))
	var start place
	if key := input.ExclusiveStartKey; key != nil {
		p, i := keyOf(key)
		start = place{hash(p), p, i}
	}
	if t.scanned == nil { // sorted once for as long as nothing is written
		for p, items := range t.items {
			for i := range items {
				t.scanned = append(t.scanned, place{hash(p), p, i})
			}
		}
		slices.SortFunc(t.scanned, order)
	}
	output := &dynamodb.ScanOutput{ConsumedCapacity: &types.ConsumedCapacity{CapacityUnits: &t.Units}}
	first, _ := slices.BinarySearchFunc(t.scanned, start, order)
	for _, at := range t.scanned[first:] {
		if at.hash%segments != uint32(aws.ToInt32(input.Segment)) || at == start {
			continue
		}
		item := t.items[at.p][at.i]
		output.Items = append(output.Items, item)
		if len(output.Items) == t.atOnce() {
			output.LastEvaluatedKey = Item{"p": item["p"], "i": item["i"]}
			break
		}
	}
	return output, ctx.Err()
}

func hash(p string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p))
	return h.Sum32()
}

// PutItem is part of the client.
func (t *Table) PutItem(ctx context.Context, input *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	output := &dynamodb.PutItemOutput{ConsumedCapacity: capacity(writeUnits(nil, input.Item))}
	return output, t.write(ctx, func() error { return t.put(input.Item, aws.ToString(input.ConditionExpression)) })
}

// UpdateItem is part of the client.
func (t *Table) UpdateItem(ctx context.Context, input *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, i := keyOf(input.Key)
	before := t.items[p][i]
	err := t.write(ctx, func() error {
		return t.update(input.Key, aws.ToString(input.UpdateExpression), aws.ToString(input.ConditionExpression), input.ExpressionAttributeValues)
	})
	return &dynamodb.UpdateItemOutput{ConsumedCapacity: capacity(writeUnits(before, t.items[p][i]))}, err
}

// TransactWriteItems is part of the client: one Put and one Update.
func (t *Table) TransactWriteItems(
	ctx context.Context, input *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options),
) (*dynamodb.TransactWriteItemsOutput, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Strong {
		return nil, &smithy.GenericAPIError{Code: "ValidationException", Message: "Transactions are not supported on multi-Region strongly consistent tables"}
	}
	put, update := input.TransactItems[0].Put, input.TransactItems[1].Update
	tip, tipKey := keyOf(update.Key)
	before := t.items[tip][tipKey]
	output := &dynamodb.TransactWriteItemsOutput{}
	err := t.write(ctx, func() error {
		p, i := keyOf(put.Item)
		if t.items[p][i] != nil {
			return canceled("ConditionalCheckFailed", "None")
		}
		err := t.update(update.Key, aws.ToString(update.UpdateExpression), aws.ToString(update.ConditionExpression), update.ExpressionAttributeValues)
		if err != nil {
			return canceled("None", "ConditionalCheckFailed")
		}
		return t.put(put.Item, "")
	})
	// A transaction costs twice what its writes would.
	units := 2 * (writeUnits(nil, put.Item) + writeUnits(before, t.items[tip][tipKey]))
	output.ConsumedCapacity = []types.ConsumedCapacity{*capacity(units)}
	return output, err
}

func canceled(codes ...string) error {
	err := &types.TransactionCanceledException{}
	for _, code := range codes {
		err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return err
}

func (t *Table) put(item Item, condition string) error {
	p, i := keyOf(item)
	if old := t.items[p][i]; condition == "attribute_not_exists(i)" && old != nil {
		return &types.ConditionalCheckFailedException{Item: old}
	}
	event := "MODIFY"
	if t.items[p][i] == nil {
		event = "INSERT"
		if t.scanned != nil {
			at := place{hash(p), p, i}
			n, _ := slices.BinarySearchFunc(t.scanned, at, order)
			t.scanned = slices.Insert(t.scanned, n, at)
		}
	}
	if t.items[p] == nil {
		t.items[p] = map[int]Item{}
	}
	t.items[p][i] = maps.Clone(item)
	if t.Changed != nil {
		t.Changed(event, t.items[p][i])
	}
	return nil
}

// update knows SET x = :x, x = list_append(x, :x) … REMOVE x, y and conditions
// of equality joined by AND.
func (t *Table) update(key Item, expression, condition string, values Item) error {
	p, i := keyOf(key)
	old := t.items[p][i]
	for clause := range strings.SplitSeq(condition, " AND ") {
		name, value, found := strings.Cut(clause, " = ")
		if !found {
			panic(fmt.Sprintf("the condition %q is not known here", condition))
		}
		if old == nil || !equal(old[name], values[value]) {
			return &types.ConditionalCheckFailedException{Item: old}
		}
	}
	item := maps.Clone(old)
	set, remove, _ := strings.Cut(strings.TrimPrefix(expression, "SET "), " REMOVE ")
	for assignment := range strings.SplitSeq(strings.ReplaceAll(set, "list_append(", "list_append "), ", ") {
		name, value, found := strings.Cut(assignment, " = ")
		switch {
		case found && strings.HasPrefix(value, "list_append "):
			added := values[":"+name].(*types.AttributeValueMemberL).Value
			held := item[name].(*types.AttributeValueMemberL).Value
			item[name] = &types.AttributeValueMemberL{Value: slices.Concat(held, added)}
		case found:
			item[name] = values[value]
		}
	}
	for name := range strings.SplitSeq(remove, ", ") {
		delete(item, name)
	}
	return t.put(item, "")
}

func equal(a, b types.AttributeValue) bool {
	switch a := a.(type) {
	case *types.AttributeValueMemberS:
		b, ok := b.(*types.AttributeValueMemberS)
		return ok && a.Value == b.Value
	case *types.AttributeValueMemberN:
		b, ok := b.(*types.AttributeValueMemberN)
		return ok && a.Value == b.Value
	}
	return false
}
