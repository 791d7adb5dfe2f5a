package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/stores/dynamodb"
)

// indexCommand is reactor index.
type indexCommand struct {
	Status bool `help:"Show how the index is doing, and change nothing."`
	logFlags
	Dynamo indexDynamo `cmd:"" help:"Of a DynamoDB."`
}

// indexDynamo is reactor index dynamo.
type indexDynamo struct {
	dynamoTables
	AcceptLoss bool `help:"Go on where changes are lost that lived for longer than the 24 hours of the stream. Events that nobody writes behind stay out of the index."`
}

// Help is the text behind the summary.
func (*indexDynamo) Help() string {
	return `Follows the stream of the table and writes to the index what was appended in which order: it is what reactors read. It runs until it is stopped, with SIGINT or SIGTERM.

One indexer works at a time. Another that is started waits, and takes over when the first is stopped or dies. The stream keeps changes for 24 hours, so an index that nobody writes for so long has lost some, and the indexer says so instead of going on. Propulsion's Lambda writes the same index and knows of no other: do not run it beside this one.

With --status it prints, for each partition of the index, the epoch that is written, the end of the feed, who the indexer is, and the lag: how old the oldest change can be that is not indexed.
` + dynamoHelp
}

// Run builds the index, or shows how it is doing.
func (c *indexDynamo) Run(ctx context.Context, s streams, common *indexCommand) error {
	if common.Status && c.AcceptLoss {
		return &usageError{"--accept-loss has no meaning beside --status, which changes nothing"}
	}
	log := common.logger(s.err, slog.LevelInfo)
	config, err := c.config()
	if err != nil {
		return err
	}
	store, err := openDynamo(ctx, log, config, dynamodb.IndexerConfig{AcceptLoss: c.AcceptLoss}, checkout.Categories())
	if err != nil {
		return endedBy(ctx, log, err)
	}
	defer store.Close()
	if common.Status {
		status, err := store.Indexer.Status(ctx)
		if err != nil {
			return err
		}
		return printIndex(s.out, status, time.Now())
	}
	log.Info("starting", "table", config.Table, "index", config.IndexTable)
	if err := store.Indexer.Run(ctx); err != nil {
		return withAdvice(err, c.name())
	}
	log.Info("stopped")
	return nil
}

// printIndex prints a table with a line for each partition.
func printIndex(out io.Writer, partitions []dynamodb.IndexStatus, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "partition\tepoch\tevents\tbytes\tend of feed\tindexer\theartbeat\tlag")
	silent := false
	for _, p := range partitions {
		owner, heartbeat, lag := "none", "-", "unknown"
		if p.Owner != "" {
			owner = p.Owner
		}
		if !p.Heartbeat.IsZero() {
			age := now.Sub(p.Heartbeat)
			heartbeat = round(max(age, 0)).String() + " ago"
			silent = silent || p.Owner == "" || age > p.TTL
		} else {
			silent = true
		}
		if l, known := p.Lag(now); known {
			lag = round(l).String()
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", p.Partition, p.Epoch, p.Events, p.Bytes, p.End, owner, heartbeat, lag)
	}
	err := table.Flush()
	if silent {
		_, note := fmt.Fprintln(out, "\nNo indexer of this program is at work on at least one partition. Unless the Lambda is, nothing new gets into the feed.")
		err = errors.Join(err, note)
	}
	return err
}
