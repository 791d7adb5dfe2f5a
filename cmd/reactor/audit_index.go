package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb"
)

// auditDynamo is reactor audit dynamo.
type auditDynamo struct {
	dynamoTables
	scanFlags

	db *dynamodb.DB // once it is open
}

// scanFlags say how a table is read.
type scanFlags struct {
	Segments int     `default:"4" placeholder:"N" help:"In how many parts to read the table side by side. Default ${default}."`
	Rate     float64 `placeholder:"UNITS" help:"How many read units a second to take of the table at the most, about. No limit unless given."`
}

func (f scanFlags) check() error {
	if f.Rate < 0 {
		return &usageError{fmt.Sprintf("--rate cannot be %v: it has to be above zero", f.Rate)}
	}
	return between("--segments", f.Segments, 1, 1000)
}

// Help is the text behind the summary.
func (*auditDynamo) Help() string {
	return `Reads the whole table, each stream once, and then the index, and compares: a stream of which the index lacks events is one whose changes no reactor is told of, and one that the index knows more of was restored without it. What an indexer is about to index is waited for.

It costs what a scan of the table does: a read unit for each 8 KB.
` + dynamoHelp
}

// Run audits the store.
func (c *auditDynamo) Run(ctx context.Context, s streams, common *auditCommand) error {
	if err := c.check(); err != nil {
		return err
	}
	return common.run(ctx, s, c, func() whole { return c })
}

// findings are what a table and its index say of each other.
type findings struct {
	lacking []finding // the index lacks something
	others  []finding // the table is not the one that was indexed, or cannot be read
}

type finding struct{ rule, stream, text string }

// shownOfIndex is how many streams are named of a kind: where an index is empty, all lack
// something.
const shownOfIndex = 50

// violations are those that are listed, and how many there are in all.
func (f findings) violations() (listed []violationOf, inAll int) {
	for _, kind := range [][]finding{f.others, f.lacking} {
		slices.SortFunc(kind, func(a, b finding) int { return cmp.Compare(a.stream, b.stream) })
		for _, found := range kind[:min(len(kind), shownOfIndex)] {
			listed = append(listed, violationOf{Rule: found.rule, Streams: []string{found.stream}, Sentence: found.text})
		}
		inAll += len(kind)
	}
	return listed, inAll
}

// seen is what a scan has of a stream.
type seen struct {
	first, version es.Version
	last           time.Time // of the last event
}

// enter puts all events into the books, and compares the table with its index.
func (c *auditDynamo) enter(ctx context.Context, a *storeAudit, tranche feed.Tranche) error {
	table := map[string]seen{}
	err := c.db.Scan(ctx, dynamodb.ScanConfig{Segments: c.Segments, Units: c.Rate}, func(s dynamodb.Scanned) error {
		a.progress(walked{tranche: tranche, at: feed.Position(len(table)), events: a.events})
		if s.Err != nil {
			a.found.others = append(a.found.others, finding{"item", s.Name, fmt.Sprintf("%s cannot be read: %v", s.Name, s.Err)})
			return nil //nolint:nilerr // it is among the findings
		}
		of := seen{first: s.First, version: s.Version}
		if len(s.Events) > 0 {
			of.last = s.Events[len(s.Events)-1].Time
		}
		table[s.Name] = of
		name, err := es.ParseStreamName(s.Name)
		if err != nil || !slices.Contains(auditedCategories(), name.Category()) {
			return nil //nolint:nilerr // it is no stay's and no group's
		}
		if a.groups != nil && name.Category() == groupcheckout.Category {
			a.groups[name] = tranche
		}
		for _, event := range s.Events {
			a.events++
			a.books.Add(name, event)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.compare(ctx, a, table)
}

// compare compares what was read of a table with its index, which is read later, and
// so has to have it all.
func (c *auditDynamo) compare(ctx context.Context, a *storeAudit, table map[string]seen) error {
	indexed, err := c.indexed(ctx, table)
	if err != nil {
		return err
	}
	say := func(list *[]finding, stream, format string, args ...any) {
		*list = append(*list, finding{"index", stream, fmt.Sprintf(format, args...)})
	}
	for stream, s := range table {
		known := indexed[stream]
		switch {
		case s.version == 0:
		case known.Next == 0:
			say(&a.found.lacking, stream, "%s has %s, and the index has none of them", stream, plural.Of(s.version, "event"))
		case known.Next < s.version:
			say(&a.found.lacking, stream, "%s has %s, and the index has only those before %d", stream, plural.Of(s.version, "event"), known.Next)
		case known.From > s.first:
			say(&a.found.lacking, stream, "%s has events from %d on, and the index has them from %d on", stream, s.first, known.From)
		case known.Next == s.version && s.last.Sub(known.At) > clockTolerance:
			say(&a.found.others, stream, "event %d of %s was written at %s, and the index had one of that number at %s: the table was set back and written to again",
				s.version-1, stream, s.last.Format(time.RFC3339), known.At.UTC().Format(time.RFC3339))
		}
	}
	for stream := range maps.Keys(indexed) {
		if indexed[stream].Next <= table[stream].version {
			continue
		}
		version, err := c.db.Version(ctx, stream)
		if err != nil {
			return err
		}
		if known := indexed[stream].Next; known > version {
			say(&a.found.others, stream, "%s has %s, and the index knows %d: the table was set back without its index, and what is appended now passes for what it knows",
				stream, plural.Of(version, "event"), known)
		}
	}
	return nil
}

// clockTolerance is by how much the clocks of clerks and of an indexer may differ.
const clockTolerance = 15 * time.Minute

// indexed reads the index, again and again while an indexer at work makes up for what
// it lacks.
func (c *auditDynamo) indexed(ctx context.Context, table map[string]seen) (map[string]dynamodb.Known, error) {
	pauses := pause.Doubling(time.Second, lagLimit)
	for began, last := time.Now(), len(table)+1; ; {
		indexed, err := c.db.Indexed(ctx)
		if err != nil {
			return nil, err
		}
		behind := 0
		for stream, s := range table {
			if indexed[stream].Next < s.version {
				behind++
			}
		}
		if behind == 0 || behind >= last && time.Since(began) > lagPause*10 || time.Since(began) > lagLimit {
			return indexed, nil
		}
		last = behind
		if err := pause.For(ctx, pauses.NextBackOff()); err != nil {
			return nil, err
		}
	}
}
