package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// Flags that are seldom needed stand behind the others, each under the name of the field
// that it sets. A field that none sets is named in tuning_test.go, with the reason.

// engineFlags tune the engine.
type engineFlags struct {
	MaxStuckBytes byteCount     `default:"64MiB" placeholder:"BYTES" help:"How much may wait in memory of a tranche, beyond --max-read-ahead, because its groups are in trouble. Default ${default}."`
	MaxHeldBytes  byteCount     `default:"128MiB" placeholder:"BYTES" help:"How much may wait in memory in all. Beyond it a tranche is read on only when nothing of it is under way but what is in trouble. Default ${default}."`
	ReadLimit     time.Duration `default:"30s" placeholder:"TIME" help:"How long the store may take to answer a read of the feed or of a checkpoint. Default ${default}."`
	FirstPause    time.Duration `default:"50ms" placeholder:"TIME" help:"How long to wait before work on a group, or a read, that failed is tried again. Each next pause is twice as long, and each varies by half of itself. Default ${default}."`
	LongestPause  time.Duration `default:"30s" placeholder:"TIME" help:"How long such a pause gets at the most. Default ${default}."`
	RecordAtOnce  int           `default:"100" placeholder:"STAYS" help:"The outcomes of how many stays to record with one append, up to 1000. Default ${default}."`
	Member        string        `placeholder:"NAME" without:"host and number of the process" help:"How this process is named to the others of the same --processor-name. Something is added that no other has."`
	CacheStates   int           `default:"10000" placeholder:"STATES" help:"The states of how many stays and groups to keep in memory between calls. Default ${default}."`
	CacheBytes    byteCount     `default:"128MiB" placeholder:"BYTES" help:"How much memory these take at the most, about. Default ${default}."`
	CacheTime     time.Duration `default:"20m" placeholder:"TIME" help:"For how long to keep one that is not used. Default ${default}."`
}

func (f *engineFlags) check() error {
	if f.LongestPause < f.FirstPause {
		return &usageError{fmt.Sprintf("--longest-pause cannot be %v: it has to be at least --first-pause, which is %v", f.LongestPause, f.FirstPause)}
	}
	return cmp.Or(
		aboveZero("--max-stuck-bytes", f.MaxStuckBytes), aboveZero("--max-held-bytes", f.MaxHeldBytes), aboveZero("--cache-bytes", f.CacheBytes),
		aboveZero("--read-limit", f.ReadLimit), aboveZero("--first-pause", f.FirstPause), aboveZero("--cache-time", f.CacheTime),
		between("--record-at-once", f.RecordAtOnce, 1, mostRecorded), atLeastOne("--cache-states", f.CacheStates),
	)
}

// mostRecorded is how many outcomes fit into one item of a DynamoDB, together with the
// largest tip: an append that does not would never succeed.
const mostRecorded = 1000

// pauseVariation is by which part of itself a pause varies, so that what failed together
// is not tried again together.
const pauseVariation = 0.5

// tune adds what the flags say to the configuration of the engine.
func (f *engineFlags) tune(c *reactor.Config) {
	c.MaxStuckBytes, c.MaxHeldBytes, c.ReadLimit, c.Member = int(f.MaxStuckBytes), int(f.MaxHeldBytes), f.ReadLimit, f.Member
	c.Pauses = reactor.GrowingPauses(f.FirstPause, f.LongestPause, pauseVariation)
}

// cache is how states are kept between calls.
func (f *engineFlags) cache() es.CacheConfig {
	return es.CacheConfig{States: f.CacheStates, Bytes: int64(f.CacheBytes), Lifetime: f.CacheTime}
}

// mdbTuning tunes a Message DB.
type mdbTuning struct {
	FirstTailSleep milliseconds  `placeholder:"TIME" without:"an eighth of --tail-sleep" help:"The first wait at the end of the feed after something has come; each next one is twice as long, up to --tail-sleep. A plain number is in milliseconds. An eighth of --tail-sleep unless given, or if it is 0."`
	MaxConnections int           `placeholder:"NUMBER" without:"as --connection says, else 10" help:"How many connections to open for writing at the most, and as many for reading. As Maximum Pool Size in the connection string says, or else 10. The feed, its end and checkpoints have 4, 2 and 2 of their own."`
	SettleLimit    time.Duration `default:"5s" placeholder:"TIME" help:"How long to look for the outcome of an append of which the reply was lost. Default ${default}."`
}

func (f *mdbTuning) check() error {
	if f.MaxConnections < 0 {
		return &usageError{fmt.Sprintf("--max-connections cannot be %d: leave it out for what the connection string says", f.MaxConnections)}
	}
	return aboveZero("--settle-limit", f.SettleLimit)
}

// dynamoTuning tunes a DynamoDB.
type dynamoTuning struct {
	FirstTailSleep milliseconds  `placeholder:"TIME" without:"an eighth of --tail-sleep" help:"The first wait at the end of the feed after something has come; each next one is twice as long, up to --tail-sleep. A plain number is in milliseconds. An eighth of --tail-sleep unless given, or if it is 0."`
	SettleLimit    time.Duration `default:"5s" placeholder:"TIME" help:"How long to look for the outcome of an append of which the reply was lost. Default ${default}."`
	TipBytes       byteCount     `default:"32KiB" placeholder:"BYTES" help:"How large the newest item of a stream grows before its events move to an item of their own. Each append pays for all of it. Default ${default}."`
	TipEvents      int           `placeholder:"EVENTS" without:"no limit" help:"How many events that item holds at the most. No limit unless given."`
	TipCache       byteCount     `default:"10MiB" placeholder:"BYTES" help:"How much memory to take for such items, which saves reads, about. Default ${default}."`
}

func (f *dynamoTuning) check() error {
	if f.TipEvents < 0 {
		return &usageError{fmt.Sprintf("--tip-events cannot be %d: leave it out for no limit", f.TipEvents)}
	}
	return cmp.Or(aboveZero("--settle-limit", f.SettleLimit), aboveZero("--tip-cache", f.TipCache), between("--tip-bytes", int(f.TipBytes), 1024, largestTip))
}

// largestTip leaves room in an item, which takes 400 KB, for one more append.
const largestTip = 256 << 10

// byteCount is a number of bytes, which may be written with a unit after it.
type byteCount int64

// byteUnit is a unit of memory.
type byteUnit struct {
	name  string
	bytes byteCount
}

// byteUnits are the units, the largest first.
func byteUnits() []byteUnit {
	return []byteUnit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

// UnmarshalText reads 65536, 64KiB or 64 MiB.
func (b *byteCount) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), byteCount(1)
	for _, u := range byteUnits() {
		if before, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(before), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil || n > uint64(mostBytes/unit) {
		return fmt.Errorf("%.40q is not %s", text, expectedBytes)
	}
	*b = byteCount(n) * unit
	return nil
}

// mostBytes is more memory than a machine has.
const mostBytes byteCount = 1 << 50

const expectedBytes = "a number of bytes: write 65536, or a unit after it, as in 64KiB, 64MiB or 1GiB"

// String writes it as a person would.
func (b byteCount) String() string {
	for _, u := range byteUnits() {
		if b != 0 && b%u.bytes == 0 && u.bytes > 1 {
			return strconv.FormatInt(int64(b/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}
