package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/internal/terminal"
	"example.com/groupcheckout/stores/dynamodb"
)

// indexCommand is reactor index.
type indexCommand struct {
	Status bool `once:"" help:"Show how the index is doing, and change nothing."`
	jsonFlag
	logFlags
	listenFlags
	Dynamo indexDynamo `cmd:"" help:"Of a DynamoDB."`
}

// indexDynamo is reactor index dynamo.
type indexDynamo struct {
	dynamoTables
	indexerFlags
	AcceptLoss string `once:"" placeholder:"ID" help:"Go on past a loss: the one that the indexer named with this ID, and no other. Events of streams that nobody writes to again stay out of the index."`
	Rebuild    bool   `once:"" help:"Read the whole table, bring every event into the index that the index lacks, and end."`
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
	case common.JSON && !common.Status:
		return &usageError{"--json has a meaning only with --status"}
	case c.AcceptLoss != "" && c.Rebuild:
		return &usageError{"--rebuild brings in what is lost, so there is no loss to accept: leave one of --rebuild and --accept-loss out"}
	case (common.Status || c.Rebuild) && common.listenFlags != (listenFlags{}):
		return &usageError{"--listen and what goes with it have no meaning beside --status and --rebuild, which come to an end by themselves"}
	}
	if err := cmp.Or(c.indexerFlags.check(), c.scanFlags.check()); err != nil {
		return err
	}
	log := common.logger(s.log, slog.LevelInfo)
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
		return common.print(s, status, time.Now())
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
				s.note(rebuilt(p))
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
		return fmt.Errorf("%s cannot be read and %s not indexed; the log names %s", plural.Of(done.Bad, "stream"), plural.Word(done.Bad, "is", "are"), plural.Word(done.Bad, "it", "them"))
	}
	return nil
}

func rebuilt(p dynamodb.RebuildProgress) string {
	return fmt.Sprintf("%d of %s of the table read: %s, %s with %s; the index lacked something of %s, and got %s",
		p.Done, countOf(p.Segments, "part"), countOf(p.Items, "item"), countOf(p.Streams, "stream"), countOf(p.Events, "event"), countOf(p.Missing, "stream"), countOf(p.Indexed, "event"))
}

// indexerAtWork tells whether an indexer of this program is at work.
func indexerAtWork(p dynamodb.IndexStatus, now time.Time) bool {
	return p.Owner != "" && !p.Heartbeat.IsZero() && now.Sub(p.Heartbeat) <= p.TTL
}

// print prints how each partition is doing.
func (c *indexCommand) print(s streams, partitions []dynamodb.IndexStatus, now time.Time) error {
	result := indexResult{Partitions: []partitionOf{}}
	table := terminal.Table{Head: []string{"partition", "epoch", "events", "bytes", "end of feed", "last indexed", "indexer", "heartbeat", "lag at most", "newest change", "may stand still for"}}
	var notes strings.Builder
	silent, elsewhere := false, false
	for _, p := range partitions {
		of := partitionResult(p, now)
		result.Partitions = append(result.Partitions, of)
		silent, elsewhere = silent || !of.AtWork && !of.Elsewhere, elsewhere || of.Elsewhere
		indexer := cmp.Or(of.Indexer, "none")
		if of.Elsewhere {
			indexer = "something else"
		}
		lag, spare := "unknown", "unknown"
		if of.Lag != nil {
			lag, spare = fromSeconds(*of.Lag), fromSeconds(*of.Spare)
		}
		table.Rows = append(table.Rows, []string{
			fmt.Sprint(of.Partition), fmt.Sprint(of.Epoch), fmt.Sprint(of.Events), fmt.Sprint(of.Bytes), fmt.Sprint(of.End),
			sinceThen(of.Indexed, now), indexer, sinceThen(of.Heartbeat, now), lag, sinceThen(of.Newest, now), spare,
		})
		if c := p.Counts; of.Heartbeat != nil {
			notes.WriteString("\n" + s.styles.out.Wrap(fmt.Sprintf("Since its start the indexer of partition %d indexed %s, healed %s, found %s lost and set %s aside; "+
				"it met %s, repeated %s, %s of which were throttled, and took %s read and %s write units.",
				p.Partition, countOf(c.Events, "event"), countOf(c.Gaps, "gap"), countOf(c.Lost, "event"), countOf(c.SetAside, "record"),
				countOf(c.Conflicts, "conflict"), countOf(c.Retries, "request"), plural.Thousands(c.Throttled), terminal.Grouped(fmt.Sprintf("%.0f", c.ReadUnits)), terminal.Grouped(fmt.Sprintf("%.0f", c.WriteUnits))), "") + "\n")
		}
	}
	if c.JSON {
		return printJSON(s.out, result)
	}
	if silent {
		notes.WriteString("\n" + s.styles.out.Warning(s.styles.out.Wrap("No indexer of this program is at work on at least one partition, and nothing was indexed since one was. Unless a Lambda does, nothing new gets into the feed.", "")) + "\n")
	}
	if elsewhere {
		notes.WriteString("\n" + s.styles.out.Wrap("Something other than an indexer of this program indexed last, such as a Lambda. Whether that still works cannot be seen here, nor how far it is behind: look at its alarms.", "") + "\n")
	}
	if err := table.Write(s.out, s.styles.out); err != nil {
		return err
	}
	_, err := io.WriteString(s.out, notes.String())
	return err
}

func fromSeconds(s float64) string { return round(time.Duration(s * float64(time.Second))).String() }

// sinceThen is how long ago something was.
func sinceThen(at *time.Time, now time.Time) string {
	if at == nil {
		return "-"
	}
	return ago(now.Sub(*at))
}

// countOf is a number with what it counts: 1 event, 2 events.
func countOf[N ~int | ~int64](n N, what string) string {
	if n != 1 {
		what += "s"
	}
	return plural.Thousands(n) + " " + what
}

func ago(age time.Duration) string { return round(max(age, 0)).String() + " ago" }
