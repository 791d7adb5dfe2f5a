package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"example.com/groupcheckout/es"
)

// plan is one write, ready to be sent as often as it takes.
type plan struct {
	from, after Tip
	appended    int
	calves      bool
}

// plan decides what becomes of a tip. The etag is the one to leave.
func (t *Table) plan(from Tip, w Write, etag string) (plan, error) {
	p := plan{from: from, appended: len(w.Events)}
	p.after = Tip{stream: from.stream, version: from.version + es.Version(len(w.Events)), before: from.before, etag: etag}
	if p.after.version >= tipKey {
		return p, fmt.Errorf("the last index of a stream is %d", tipKey-2)
	}
	added := slices.Clone(w.Events)
	for i := range added {
		added[i].Index = from.version + es.Version(i)
	}
	p.after.unfolds = slices.Clone(w.Unfolds)
	for i := range p.after.unfolds {
		p.after.unfolds[i].Index = p.after.version
	}
	held, more := from.bytes, estimate(added)
	p.calves = len(from.events) > 0 &&
		(t.config.MaxEvents > 0 && len(from.events)+len(added) > t.config.MaxEvents ||
			held+more+estimateUnfolds(w.Unfolds) > t.config.MaxBytes)
	if !p.calves {
		p.after.events, p.after.bytes = slices.Concat(from.events, added), held+more
		// A limit close to that of DynamoDB may not leave room for what
		// Equinox's estimate does not count.
		p.calves = len(from.events) > 0 && storedBytes(p.after) > maxItemBytes
	}
	if p.calves {
		p.after.events, p.after.bytes, p.after.before = added, more, from.before+held
	}
	if size := storedBytes(p.after); size > maxItemBytes {
		return p, &TooLargeError{Stream: from.stream, Events: len(w.Events), Bytes: size, Limit: maxItemBytes}
	}
	return p, nil
}

const (
	absent  = "attribute_not_exists(i)"
	asKnown = "n = :known_n AND etag = :known_etag"
)

// operation is the name of the request that sends the plan.
func (p plan) operation() string {
	switch {
	case !p.from.Exists():
		return "PutItem"
	case p.calves:
		return "TransactWriteItems"
	}
	return "UpdateItem"
}

// send sends the plan once. It returns what the server said that it consumed.
func (t *Table) send(ctx context.Context, p plan, option func(*dynamodb.Options)) ([]types.ConsumedCapacity, error) {
	const total, old = types.ReturnConsumedCapacityTotal, types.ReturnValuesOnConditionCheckFailureAllOld
	if !p.from.Exists() {
		output, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &t.name, Item: tipItem(p.after, p.appended), ConditionExpression: aws.String(absent),
			ReturnValuesOnConditionCheckFailure: old, ReturnConsumedCapacity: total,
		}, option)
		if err != nil {
			return nil, err
		}
		return consumed(output.ConsumedCapacity), nil
	}
	expression, values := p.update()
	if !p.calves {
		output, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &t.name, Key: key(p.from.stream, tipKey),
			UpdateExpression: &expression, ExpressionAttributeValues: values, ConditionExpression: aws.String(asKnown),
			ReturnValuesOnConditionCheckFailure: old, ReturnConsumedCapacity: total,
		}, option)
		if err != nil {
			return nil, err
		}
		return consumed(output.ConsumedCapacity), nil
	}
	output, err := t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		ReturnConsumedCapacity: total,
		TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: &t.name, Item: calfItem(p.from), ConditionExpression: aws.String(absent)}},
			{Update: &types.Update{
				TableName: &t.name, Key: key(p.from.stream, tipKey),
				UpdateExpression: &expression, ExpressionAttributeValues: values, ConditionExpression: aws.String(asKnown),
				ReturnValuesOnConditionCheckFailure: old,
			}},
		},
	}, option)
	if err != nil {
		return nil, refusesTransactions(err)
	}
	return output.ConsumedCapacity, nil
}

// refusesTransactions says in our words what a table means that takes none.
func refusesTransactions(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "ValidationException" && strings.Contains(strings.ToLower(api.ErrorMessage()), "transaction") {
		return fmt.Errorf("the table takes no transactions, and a stream that has grown needs one: it seems to be a global table of strong consistency; "+
			"use a table of one region, or one of eventual consistency: %w", err)
	}
	return err
}

// update is the expression that turns the one tip into the other. Lists that
// would be empty are removed.
func (p plan) update() (expression string, values item) {
	values = item{
		":a": number(p.appended), ":b": number(p.after.before), ":etag": text(p.after.etag),
		":known_n": number(p.from.version), ":known_etag": text(p.from.etag),
	}
	set, remove := "SET a = :a, b = :b, etag = :etag", ""
	if p.appended > 0 {
		set += ", n = :n"
		values[":n"] = number(p.after.version)
	}
	switch added := p.after.events[len(p.after.events)-p.appended:]; {
	case p.appended > 0 && len(p.from.events) > 0 && !p.calves:
		set += ", c = list_append(c, :c), e = list_append(e, :e)"
		values[":c"], values[":e"] = lists(added)
	case p.appended > 0:
		set += ", c = :c, e = :e"
		values[":c"], values[":e"] = lists(added)
	case p.calves:
		remove += ", c, e"
	}
	if len(p.after.unfolds) > 0 {
		set += ", u = :u"
		values[":u"] = unfoldList(p.after.unfolds)
	} else {
		remove += ", u"
	}
	if remove != "" {
		remove = " REMOVE " + remove[len(", "):]
	}
	return set + remove, values
}
