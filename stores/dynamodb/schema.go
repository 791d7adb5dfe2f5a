package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Provision says how [Init] creates tables. The zero value creates them on
// demand, with a stream of new images.
type Provision struct {
	ReadUnits, WriteUnits int64 // provisioned throughput of each table; both or neither, on demand if neither
	OldImages             bool  // the stream has the old images too
}

// shape is what a table should be.
type shape struct {
	name       string
	stream     types.StreamViewType // "" for none
	throughput *types.ProvisionedThroughput
}

// shapes are those of the table of the store and of the index.
func (c Config) shapes() []shape {
	return []shape{{name: c.Table, stream: types.StreamViewTypeNewImage}, {name: c.IndexTable}}
}

func (p Provision) apply(shapes []shape) error {
	if p.ReadUnits < 0 || p.WriteUnits < 0 || (p.ReadUnits == 0) != (p.WriteUnits == 0) {
		return &SetupError{Problem: BadConfig, Err: fmt.Errorf(
			"read units %d and write units %d: give both, above 0, or neither for a table on demand", p.ReadUnits, p.WriteUnits)}
	}
	for i := range shapes {
		if p.ReadUnits > 0 {
			shapes[i].throughput = &types.ProvisionedThroughput{ReadCapacityUnits: &p.ReadUnits, WriteCapacityUnits: &p.WriteUnits}
		}
		if p.OldImages && shapes[i].stream != "" {
			shapes[i].stream = types.StreamViewTypeNewAndOldImages
		}
	}
	return nil
}

// InitReport says what [Init] found and what it made.
type InitReport struct {
	Tables []TableReport // the store's, then the index
}

// TableReport is about one table.
type TableReport struct {
	Name        string
	Created     bool
	Differences []string // how a table that was found differs from what Init would have made
}

// String is a sentence for each table, for an operator.
func (r InitReport) String() string {
	var lines []string
	for _, t := range r.Tables {
		switch {
		case t.Created:
			lines = append(lines, fmt.Sprintf("created the table %s", t.Name))
		case len(t.Differences) == 0:
			lines = append(lines, fmt.Sprintf("found the table %s; nothing was changed", t.Name))
		default:
			lines = append(lines, fmt.Sprintf("found the table %s; nothing was changed, but %s", t.Name, strings.Join(t.Differences, ", and ")))
		}
	}
	return strings.Join(lines, "\n")
}

// Init creates the tables that do not exist, and waits until both can be used.
// It may be run again, and by several at once. A table that exists is left as
// it is; how it differs is reported, and a key that this package cannot work
// with is an error.
func Init(ctx context.Context, config Config, provision Provision) (InitReport, error) {
	config, err := config.withDefaults()
	if err != nil {
		return InitReport{}, err
	}
	shapes := config.shapes()
	if err := provision.apply(shapes); err != nil {
		return InitReport{}, err
	}
	client, release, err := config.connect(ctx)
	if err != nil {
		return InitReport{}, err
	}
	defer release()
	var report InitReport
	for _, shape := range shapes {
		done, err := initTable(ctx, client, shape)
		if err != nil {
			return report, err
		}
		report.Tables = append(report.Tables, done)
	}
	return report, nil
}

func initTable(ctx context.Context, client *dynamodb.Client, shape shape) (TableReport, error) {
	report := TableReport{Name: shape.name}
	found, err := describe(ctx, client, shape.name)
	if setup, ok := errors.AsType[*SetupError](err); ok && setup.Problem == MissingTable {
		report.Created, err = create(ctx, client, shape)
		if err == nil {
			found, err = awaitActive(ctx, client, shape.name)
		}
	} else if err == nil && found.TableStatus != types.TableStatusActive {
		found, err = awaitActive(ctx, client, shape.name)
	}
	if err == nil {
		err = checkKeys(shape, found)
	}
	if err != nil {
		return report, err
	}
	if !report.Created {
		report.Differences = differences(shape, found)
	}
	return report, nil
}

// create returns false if another was faster.
func create(ctx context.Context, client *dynamodb.Client, shape shape) (bool, error) {
	input := &dynamodb.CreateTableInput{
		TableName: &shape.name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("p"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("i"), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("p"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("i"), KeyType: types.KeyTypeRange},
		},
	}
	if shape.throughput != nil {
		input.BillingMode, input.ProvisionedThroughput = types.BillingModeProvisioned, shape.throughput
	}
	if shape.stream != "" {
		input.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: shape.stream}
	}
	_, err := client.CreateTable(ctx, input)
	if _, exists := errors.AsType[*types.ResourceInUseException](err); exists {
		return false, nil
	}
	if err != nil {
		return false, setupError(shape.name, fmt.Errorf("create it: %w", err))
	}
	return true, nil
}

// Creating a table takes AWS some seconds.
const (
	activeTimeout = 5 * time.Minute
	activePause   = 200 * time.Millisecond
)

func awaitActive(ctx context.Context, client *dynamodb.Client, name string) (*types.TableDescription, error) {
	waiter := dynamodb.NewTableExistsWaiter(client, func(options *dynamodb.TableExistsWaiterOptions) {
		options.MinDelay, options.MaxDelay = activePause, 10*activePause
	})
	output, err := waiter.WaitForOutput(ctx, &dynamodb.DescribeTableInput{TableName: &name}, activeTimeout)
	if err != nil {
		return nil, setupError(name, fmt.Errorf("wait until it can be used: %w", err))
	}
	return output.Table, nil
}

func describe(ctx context.Context, client *dynamodb.Client, name string) (*types.TableDescription, error) {
	output, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return nil, setupError(name, err)
	}
	return output.Table, nil
}

// keys are what the key of a table is, as text.
func keys(found *types.TableDescription) string {
	var parts []string
	for _, element := range found.KeySchema {
		for _, attribute := range found.AttributeDefinitions {
			if aws.ToString(attribute.AttributeName) == aws.ToString(element.AttributeName) {
				parts = append(parts, fmt.Sprintf("%s (%s) %s", aws.ToString(element.AttributeName), attribute.AttributeType, element.KeyType))
			}
		}
	}
	return strings.Join(parts, ", ")
}

const wantedKeys = "p (S) HASH, i (N) RANGE"

func checkKeys(shape shape, found *types.TableDescription) error {
	if got := keys(found); got != wantedKeys {
		return &SetupError{Problem: ForeignTable, Table: shape.name, Err: fmt.Errorf(
			"its key is %s, and that of a table of streams is %s; name another table", got, wantedKeys)}
	}
	return nil
}

func streamView(found *types.TableDescription) types.StreamViewType {
	if found.StreamSpecification == nil || !aws.ToBool(found.StreamSpecification.StreamEnabled) {
		return ""
	}
	return found.StreamSpecification.StreamViewType
}

func printableView(view types.StreamViewType) string {
	if view == "" {
		return "off"
	}
	return string(view)
}

// viewSuffices tells whether an indexer can work with a stream.
func viewSuffices(view types.StreamViewType) bool {
	return view == types.StreamViewTypeNewImage || view == types.StreamViewTypeNewAndOldImages
}

// differences says how a table differs from what would have been made.
func differences(wanted shape, found *types.TableDescription) []string {
	var all []string
	say := func(what, got, want string) {
		if got != want {
			all = append(all, fmt.Sprintf("its %s is %s, and not %s", what, got, want))
		}
	}
	say("stream", printableView(streamView(found)), printableView(wanted.stream))
	say("throughput", throughput(found), printableThroughput(wanted.throughput))
	if count := len(found.GlobalSecondaryIndexes) + len(found.LocalSecondaryIndexes); count > 0 {
		all = append(all, fmt.Sprintf("it has %d secondary indexes, which .NET programs do not accept if they verify the table", count))
	}
	return slices.Clip(all)
}

func throughput(found *types.TableDescription) string {
	if found.BillingModeSummary != nil && found.BillingModeSummary.BillingMode == types.BillingModePayPerRequest {
		return printableThroughput(nil)
	}
	if given := found.ProvisionedThroughput; given != nil && aws.ToInt64(given.ReadCapacityUnits) > 0 {
		return printableThroughput(&types.ProvisionedThroughput{
			ReadCapacityUnits: given.ReadCapacityUnits, WriteCapacityUnits: given.WriteCapacityUnits,
		})
	}
	return printableThroughput(nil)
}

func printableThroughput(units *types.ProvisionedThroughput) string {
	if units == nil {
		return "on demand"
	}
	return fmt.Sprintf("%d read and %d write units", aws.ToInt64(units.ReadCapacityUnits), aws.ToInt64(units.WriteCapacityUnits))
}
