package dynamodb

import (
	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// What works on the index.
type (
	Source      = index.Source
	Checkpoints = index.Checkpoints
	Ingester    = index.Ingester
	IndexStatus = index.Status // of one partition
)

// The errors that say more than their text.
type (
	TooLargeError       = table.TooLargeError       // events that do not fit into one item
	MissingError        = table.MissingError        // events that were pruned
	KeyError            = index.KeyError            // a name that no checkpoint can have
	GapError            = index.GapError            // changes that are missing, and could not be found
	RecordError         = index.RecordError         // a change of another form
	LeaseLostError      = index.LeaseLostError      // another indexer has taken over
	BodyError           = index.BodyError           // an index of another form
	StreamReplacedError = index.StreamReplacedError // the table has another stream than before
	LossError           = shards.LossError          // changes that lived for longer than the stream keeps them
	EndedError          = shards.EndedError         // a stream that is switched off
)
