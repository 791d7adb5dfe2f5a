package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb"
)

// What the commands print with --json. Programs read it: a field may be added, but none
// goes, gets another name or means something else. Amounts are texts, so that none loses
// a digit; times are of RFC 3339, in UTC; durations are numbers of seconds; a position
// or an age that is not known is null. docs/cli.md has an example of each.

// jsonFlag asks for the form that programs read.
type jsonFlag struct {
	JSON bool `once:"" name:"json" help:"Print the result as JSON, for programs, in a form that stays."`
}

// printJSON prints a result.
func printJSON(out io.Writer, result any) error {
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}

// auditResult is of reactor audit.
type auditResult struct {
	Balanced      bool          `json:"balanced"`
	Stays         int           `json:"stays"`
	Groups        int           `json:"groupCheckouts"`
	Confirmed     int           `json:"confirmed"`
	Merged        int           `json:"staysMerged"`
	Failed        int           `json:"staysNotMerged"`
	Pending       int           `json:"staysPending"`
	InFlight      int           `json:"staysInFlight"`
	Moved         string        `json:"moneyMoved"`
	MovedInFlight string        `json:"moneyInFlight"`
	Paid          string        `json:"moneyPaid"`
	Events        int           `json:"events"`
	Unknown       int           `json:"eventsOfUnknownTypes"`
	Foreign       int           `json:"eventsOfOtherStreams"`
	Violations    []violationOf `json:"violations"`
	InAll         int           `json:"violationsInAll"` // where the index lacks much, only some are listed
	Strangers     []string      `json:"groupsWithoutCheckpoint"`

	Aside     []quarantinedOf `json:"quarantined"`        // by the consumer groups that were named, or by all
	AsideSeen bool            `json:"quarantineLookedAt"` // false if that was not looked at: the text says why
}

// quarantinedOf is a stream that a consumer group has set aside.
type quarantinedOf struct {
	Group string `json:"consumerGroup"`
	asideOf
}

// violationOf is one violation: a rule, the streams that prove it, and a sentence.
type violationOf struct {
	Rule     string   `json:"rule"`
	Streams  []string `json:"streams"`
	Sentence string   `json:"sentence"`
}

func auditResultOf(s audit.Summary) auditResult {
	return auditResult{
		Stays: s.Stays, Groups: s.Groups, Confirmed: s.Confirmed, Merged: s.Merged, Failed: s.Failed, Pending: s.Pending, InFlight: s.InFlight,
		Moved: s.Moved.String(), MovedInFlight: s.MovedInFlight.String(), Paid: s.Paid.String(),
		Events: s.Events, Unknown: s.Unknown, Foreign: s.Foreign,
		Violations: []violationOf{}, Strangers: []string{}, Aside: []quarantinedOf{},
	}
}

// checkpointResult is of reactor checkpoint: where a consumer group is on each tranche.
type checkpointResult struct {
	Places []placeOf `json:"places"`
}

type placeOf struct {
	Group      string `json:"consumerGroup"`
	Source     string `json:"source"`
	Tranche    string `json:"tranche"`
	Checkpoint *int64 `json:"checkpoint"` // null if there is none
	Before     *int64 `json:"before"`     // what it was, if it was set; null if there was none, or if it was not set
	Set        bool   `json:"set"`
	End        int64  `json:"endOfFeed"`
}

func placeResult(p place) placeOf {
	of := placeOf{Group: p.key.Group, Source: p.key.Source, Tranche: string(p.key.Tranche), End: int64(p.end)}
	if p.known {
		of.Checkpoint = new(int64(p.saved))
	}
	return of
}

// configResult is of reactor config.
type configResult struct {
	Settings []settingOf `json:"settings"`
}

type settingOf struct {
	Key      string `json:"setting"`
	Value    string `json:"value"` // as it is shown; a secret is not
	From     string `json:"from"`
	Without  string `json:"default"` // "-" if there is none
	Unit     string `json:"unit"`
	Variable string `json:"variable"`
	Meaning  string `json:"meaning"`
}

// slotsResult is of reactor slots: who does the work of a consumer group.
type slotsResult struct {
	Slots   []slotOf   `json:"slots"`
	Members []memberOf `json:"processes"`
}

type slotOf struct {
	Slot   int    `json:"slot"`
	Holder string `json:"holder"` // empty if nobody holds it
}

type memberOf struct {
	Name   string `json:"name"`
	Lease  int64  `json:"leaseMilliseconds"`
	Silent int64  `json:"silentMilliseconds"`
	// Leaving says that the process is about to stop.
	Leaving bool `json:"leaving"`
}

func slotsResultOf(roster feed.Roster) slotsResult {
	result := slotsResult{Slots: []slotOf{}, Members: []memberOf{}}
	for i, slot := range roster.Slots {
		result.Slots = append(result.Slots, slotOf{i, slot.Holder})
	}
	for _, m := range roster.Members {
		result.Members = append(result.Members, memberOf{m.Name, m.Lease, m.Silent + roster.Unwritten.Milliseconds(), m.Leaving})
	}
	return result
}

// quarantineResult is of reactor quarantine list.
type quarantineResult struct {
	Streams []asideOf `json:"streams"`
}

type asideOf struct {
	Stream   string     `json:"stream"`
	Since    *time.Time `json:"since"` // null if the note cannot be read
	UpTo     int64      `json:"upTo"`  // events below it are passed over
	Retrying bool       `json:"retryAskedFor"`
	Cause    string     `json:"cause"`
}

func asideResult(stream string, body []byte) asideOf {
	var note reactor.Quarantined
	if err := json.Unmarshal(body, &note); err != nil {
		return asideOf{Stream: stream, Cause: fmt.Sprintf("the note cannot be read: %v", err)}
	}
	return asideOf{Stream: stream, Since: new(note.Since.UTC()), UpTo: int64(note.UpTo), Retrying: note.Retry, Cause: note.Cause}
}

// indexResult is of reactor index --status.
type indexResult struct {
	Partitions []partitionOf `json:"partitions"`
}

type partitionOf struct {
	Partition int        `json:"partition"`
	Epoch     int64      `json:"epoch"`
	Events    int        `json:"events"` // in the epoch
	Bytes     int        `json:"bytes"`  // of the epoch
	End       int64      `json:"endOfFeed"`
	Indexer   string     `json:"indexer"`          // empty if none is at work
	Heartbeat *time.Time `json:"heartbeat"`        // null if there was none yet
	Lag       *float64   `json:"lagSeconds"`       // at most; null if it is not known
	Newest    *time.Time `json:"newestChange"`     // null if there was none yet
	Spare     *float64   `json:"spareSeconds"`     // for how long it may stand still before changes are lost
	AtWork    bool       `json:"indexerAtWork"`    // one of this program; not the Lambda
	Indexed   *time.Time `json:"lastIndexed"`      // when something was, whoever did it; null if nothing was
	Elsewhere bool       `json:"indexedElsewhere"` // something was indexed, and not by an indexer of this program
}

func partitionResult(p dynamodb.IndexStatus, now time.Time) partitionOf {
	of := partitionOf{
		Partition: int(p.Partition), Epoch: int64(p.Epoch), Events: int(p.Events), Bytes: p.Bytes, End: int64(p.End), Indexer: p.Owner,
		Heartbeat: known(p.Heartbeat), Newest: known(p.Newest), AtWork: indexerAtWork(p, now),
		Indexed: known(p.Indexed), Elsewhere: p.Elsewhere(),
	}
	if lag, is := p.Lag(now); is {
		spare, _ := p.Spare(now)
		of.Lag, of.Spare = new(lag.Seconds()), new(spare.Seconds())
	}
	return of
}

func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return new(at.UTC())
}

// demoResult is of reactor demo.
type demoResult struct {
	Balanced  bool           `json:"balanced"`
	Store     string         `json:"store"`
	Seed      uint64         `json:"seed"`
	Groups    int            `json:"groups"`
	Confirmed int            `json:"confirmed"`
	Merged    int            `json:"staysMerged"`
	Failed    int            `json:"staysNotMerged"`
	Reasons   map[string]int `json:"staysNotMergedBecause"`
	Moved     string         `json:"moneyMoved"`
	Paid      string         `json:"moneyPaid"`
	Calls     int            `json:"handlerCalls"`
	Failures  int            `json:"handlerFailures"`
	Median    float64        `json:"reactionMedianSeconds"`
	P95       float64        `json:"reaction95thPercentileSeconds"`
	Longest   float64        `json:"reactionLongestSeconds"`
	Events    int            `json:"eventsWritten"`
	Elapsed   float64        `json:"elapsedSeconds"`
}

func demoResultOf(r demo.Report, store string, seed uint64, balanced bool) demoResult {
	reasons := map[string]int{}
	for _, reason := range domain.WhyNots() {
		reasons[reason.String()] = r.Failed[reason]
	}
	return demoResult{
		Balanced: balanced, Store: store, Seed: seed, Groups: r.Groups, Confirmed: r.Confirmed,
		Merged: r.Merged, Failed: r.FailedInAll(), Reasons: reasons, Moved: r.Moved.String(), Paid: r.Paid.String(),
		Calls: r.HandlerCalls, Failures: r.HandlerFailures,
		Median: r.Reaction(0.5).Seconds(), P95: r.Reaction(0.95).Seconds(), Longest: r.Reaction(1).Seconds(),
		Events: r.EventsWritten, Elapsed: r.Elapsed.Seconds(),
	}
}
