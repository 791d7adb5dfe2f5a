package index

import (
	"fmt"
	"strconv"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// Partition numbers an independent part of the index. All that is written
// today is in partition 0.
type Partition int

// Epoch numbers the streams that follow one another in a partition.
type Epoch int64

// maxEpochEvents is by how much the positions of two epochs are apart, and so
// how many events an epoch can hold.
const maxEpochEvents = 1_000_000

// positionOf is the place before an event of an epoch: the epoch times a
// million, plus the index of the event in the epoch's stream.
func positionOf(epoch Epoch, offset es.Version) feed.Position {
	return feed.Position(int64(epoch)*maxEpochEvents + int64(offset))
}

// splitPosition is the epoch and the offset of a position that is not
// negative.
func splitPosition(p feed.Position) (Epoch, es.Version) {
	return Epoch(p / maxEpochEvents), es.Version(p % maxEpochEvents)
}

// Tranche is the tranche of a feed that a partition is.
func (p Partition) Tranche() feed.Tranche { return feed.Tranche(strconv.Itoa(int(p))) }

// ParseTranche is the partition that a tranche is.
func ParseTranche(tranche feed.Tranche) (Partition, error) {
	n, err := strconv.ParseUint(string(tranche), 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != string(tranche) {
		return 0, fmt.Errorf("%q is not a tranche of the index: want the number of a partition, such as 0", tranche)
	}
	return Partition(n), nil
}

// The categories of the index. The dollar keeps the indexer from indexing
// them, should a table of events hold its own index.
const (
	indexCategory   = "$AppendsIndex"
	epochCategory   = "$AppendsEpoch"
	indexerCategory = "$Indexer"
)

// indexStream lists the active epoch of each partition.
func indexStream() es.StreamName { return mustName(indexCategory, "0") }

// epochStream holds the spans of an epoch.
func epochStream(p Partition, e Epoch) es.StreamName {
	return mustName(epochCategory, strconv.Itoa(int(p)), strconv.FormatInt(int64(e), 10))
}

// indexerStream is where an [Indexer] keeps its lease and its progress.
func indexerStream(p Partition) es.StreamName { return mustName(indexerCategory, strconv.Itoa(int(p))) }

// mustName is for names made of numbers, which cannot be wrong.
func mustName(category string, elements ...string) es.StreamName {
	name, err := es.NewStreamName(category, elements...)
	if err != nil {
		panic(err)
	}
	return name
}
