package main

import (
	"cmp"
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
	listenFlags
	Dynamo indexDynamo `cmd:"" help:"Of a DynamoDB."`
}

// indexDynamo is reactor index dynamo.
type indexDynamo struct {
	dynamoTables
	indexerFlags
	AcceptLoss string `placeholder:"ID" help:"Go on behind a loss: the one that the indexer named with this ID, and no other. Events that nobody writes behind stay out of the index."`
	Rebuild    bool   `help:"Read the whole table, bring every event into the index that the index lacks, and end."`
	scanFlags
}

// Help is the text behind the summary.
func (*indexDynamo) Help() string {
	return `Follows the stream of the table and writes to the index what was appended in which order: it is what reactors read. It runs until it is stopped, with SIGINT or SIGTERM.

One indexer works at a time. Another that is started waits, and takes over when the first is stopped or dies. The stream keeps changes for 24 hours, so an index that nobody writes for so long has lost some, and the indexer says so instead of going on. As the place in a part of the stream where little happens may be some hours old, count on 20 hours. Propulsion's Lambda writes the same index and knows of no other: do not run it beside this one.

With --rebuild it reads the whole table, in parts side by side, and brings into the index what that lacks: the past of a table that had no index, and whatever was lost. It may run while clerks, reactors and an indexer work; where none works it takes the place of one for the time. One that is interrupted goes on at the next start, with as many --segments. --rate keeps it from taking the table's capacity away from others.

--listen serves what "reactor run" does: whoever makes the index, it tells how that is doing. It is unhealthy while nobody does, for a minute.

With --status it prints, for each partition of the index, the epoch that is written, the end of the feed, who the indexer is and what it counted since its start, and the lag: how old the oldest change can be that is not indexed. It is what is proven, so it grows while nothing is written, for up to some hours.
` + dynamoHelp
}

// Run builds the index, or shows how it is doing.
func (c *indexDynamo) Run(ctx context.Context, s streams, common *indexCommand) error {
	switch {
	case common.Status && (c.AcceptLoss != "" || c.Rebuild):
		return &usageError{"--accept-loss and --rebuild have no meaning beside --status, which changes nothing"}
	case c.AcceptLoss != "" && c.Rebuild:
		return &usageError{"--rebuild brings in what is lost, so there is no loss to accept: leave one of --rebuild and --accept-loss out"}
	case (common.Status || c.Rebuild) && common.listenFlags != (listenFlags{}):
		return &usageError{"--listen and what goes with it have no meaning beside --status and --rebuild, which come to an end by themselves"}
	}
	if err := cmp.Or(c.indexerFlags.check(), c.scanFlags.check()); err != nil {
		return err
	}
	log := common.logger(s.err, slog.LevelInfo)
	config, err := c.config()
	if err != nil {
		return err
	}
	config.IndexBytes = c.IndexTip
	indexing := c.indexing()
	indexing.AcceptLoss = c.AcceptLoss
	page, err := common.listen(ctx)
	if err != nil {
		return err
	}
	defer page.close()
	watched := newIndexPage(config.Table)
	if err := page.serve(watched, log); err != nil {
		return err
	}
	store, db, err := openDynamo(ctx, log, config, indexing, checkout.Categories())
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
	if c.Rebuild {
		return c.rebuild(ctx, s, db)
	}
	watched.is(db)
	if err := page.watch(watched); err != nil {
		return err
	}
	if err := store.Indexer.Run(ctx); err != nil {
		return withAdvice(err, c.name())
	}
	log.Info("stopped")
	return nil
}

// rebuild reads the whole table.
func (c *indexDynamo) rebuild(ctx context.Context, s streams, db *dynamodb.DB) error {
	last := time.Now()
	done, err := db.Rebuild(ctx, dynamodb.RebuildConfig{
		Segments: c.Segments, Units: c.Rate, Indexer: c.indexing(),
		Progress: func(p dynamodb.RebuildProgress) {
			if time.Since(last) >= progressInterval {
				last = time.Now()
				fmt.Fprintln(s.err, rebuilt(p))
			}
		},
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("the rebuild was interrupted, and goes on where it was with the same command: %s", rebuilt(done))
	case err != nil:
		return err
	}
	if _, err := fmt.Fprintln(s.out, rebuilt(done)); err != nil {
		return err
	}
	if done.Bad > 0 {
		return fmt.Errorf("%d streams cannot be read and are not indexed; the log names them", done.Bad)
	}
	return nil
}

func rebuilt(p dynamodb.RebuildProgress) string {
	return fmt.Sprintf("%d of %d parts of the table read: %d items, %d streams with %d events; the index lacked something of %d streams, and got %d events",
		p.Done, p.Segments, p.Items, p.Streams, p.Events, p.Missing, p.Indexed)
}

// printIndex prints a table with a line for each partition.
func printIndex(out io.Writer, partitions []dynamodb.IndexStatus, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "partition\tepoch\tevents\tbytes\tend of feed\tindexer\theartbeat\tlag at most\tnewest change\tmay stand still for")
	silent := false
	for _, p := range partitions {
		owner, heartbeat := "none", "-"
		if p.Owner != "" {
			owner = p.Owner
		}
		if !p.Heartbeat.IsZero() {
			age := now.Sub(p.Heartbeat)
			heartbeat = ago(age)
			silent = silent || p.Owner == "" || age > p.TTL
		} else {
			silent = true
		}
		lag, spare, newest := "unknown", "unknown", "-"
		if l, known := p.Lag(now); known {
			left, _ := p.Spare(now)
			lag, spare = round(l).String(), round(left).String()
		}
		if !p.Newest.IsZero() {
			newest = ago(now.Sub(p.Newest))
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", p.Partition, p.Epoch, p.Events, p.Bytes, p.End, owner, heartbeat, lag, newest, spare)
	}
	err := table.Flush()
	for _, p := range partitions {
		if c := p.Counts; !p.Heartbeat.IsZero() {
			_, note := fmt.Fprintf(out, "\nSince its start the indexer of partition %d indexed %d events, healed %d gaps, found %d events lost and set %d records aside; "+
				"it met %d conflicts, repeated %d requests, %d of which were throttled, and took %.0f read and %.0f write units.\n",
				p.Partition, c.Events, c.Gaps, c.Lost, c.SetAside, c.Conflicts, c.Retries, c.Throttled, c.ReadUnits, c.WriteUnits)
			err = errors.Join(err, note)
		}
	}
	if silent {
		_, note := fmt.Fprintln(out, "\nNo indexer of this program is at work on at least one partition. Unless the Lambda is, nothing new gets into the feed.")
		err = errors.Join(err, note)
	}
	return err
}

func ago(age time.Duration) string { return round(max(age, 0)).String() + " ago" }
