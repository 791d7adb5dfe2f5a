package main

import (
	"context"
	"fmt"
	"log/slog"

	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/messagedb"
)

// initCommand is reactor init.
type initCommand struct {
	Mdb    initMdbCommand    `cmd:"" help:"In Message DB: the tables propulsion_checkpoint, which Propulsion's tools use too, and reactor_note."`
	Dynamo initDynamoCommand `cmd:"" help:"In DynamoDB: the table of the streams and that of the index, as eqx initaws makes them."`
}

// initMdbCommand is reactor init mdb.
type initMdbCommand struct {
	mdbServer
	Notify bool `help:"Also say what --notify of run costs. It needs nothing in the database."`
}

// notifyCosts is what init says of --notify. The figures are of make bench, rows 2d and 4.
const notifyCosts = "run --notify needs nothing in the database. It costs a connection for each process that follows, " +
	"and for each transaction that appends at most one small one after it, which nobody waits for: with 8 callers up to three in ten of the appends, " +
	"where the server has no core to spare. Who appends and who follows both have to be told to notify, and a connection pooler in between has to pool sessions."

// Help is the text behind the summary.
func (*initMdbCommand) Help() string {
	return `Creates the schema and the tables where they are missing and says what it found and what it made. It may be run again: what exists is left alone. Message DB itself is not installed, and no privileges are granted; the sentence that it prints names the role that owns what was made.

Only the connection for checkpoints is used: --checkpoint-connection, or --connection if that is not given.
` + mdbHelp
}

// Run creates the tables.
func (c *initMdbCommand) Run(ctx context.Context, s streams) error {
	config, err := c.config(s.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	report, err := messagedb.Init(ctx, config)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintln(s.out, report); err == nil && c.Notify {
		_, err = fmt.Fprintln(s.out, notifyCosts)
	}
	return err
}

// initDynamoCommand is reactor init dynamo.
type initDynamoCommand struct {
	dynamoTables
	Streaming  string `once:"" short:"s" enum:"new,newandold" default:"new" placeholder:"IMAGES" help:"What the stream of the table holds: new images, which the indexer needs, or newandold. Default ${default}."`
	ReadUnits  int64  `once:"" short:"r" aliases:"readcu" placeholder:"UNITS" help:"Provisioned read capacity of each table. Without it and --write-units, tables are on demand."`
	WriteUnits int64  `once:"" short:"w" aliases:"writecu" placeholder:"UNITS" help:"Provisioned write capacity of each table."`
}

// Help is the text behind the summary.
func (*initDynamoCommand) Help() string {
	return `Creates the tables that are missing, waits until they can be used, and says what it found and what it made. It may be run again: a table that exists is left alone, and how it differs from what would have been made is said.
` + dynamoHelp
}

// Run creates the tables.
func (c *initDynamoCommand) Run(ctx context.Context, s streams) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	config.Logger = s.logger(slog.LevelWarn)
	report, err := dynamodb.Init(ctx, config, dynamodb.Provision{
		ReadUnits: c.ReadUnits, WriteUnits: c.WriteUnits, OldImages: c.Streaming == "newandold",
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, report)
	return err
}
