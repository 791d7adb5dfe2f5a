package shards

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// Cursor is where to go on in a shard.
type Cursor struct {
	Shard    string                  `json:"shard"`
	From     types.ShardIteratorType `json:"from"`
	Sequence string                  `json:"seq,omitzero"`  // that From refers to; "" if it is TRIM_HORIZON
	Done     bool                    `json:"done,omitzero"` // the shard was read to its end, and none of its children was begun
	// Proven is a time up to which everything that was written to the shard, and to
	// those that it descends from, was certainly read: that of the last record, or one
	// at which a shard was still open that was read to its end later. An empty page
	// proves nothing: records may come behind it that are older than it. Zero if
	// nothing is proven.
	Proven time.Time `json:"proven,omitzero"`
}

// Proven is a time up to which everything was read that was written to the shards
// of some cursors; zero if nothing is proven for one of them.
func Proven(cursors []Cursor) (proven time.Time) {
	for i, c := range cursors {
		if i == 0 || c.Proven.Before(proven) {
			proven = c.Proven
		}
	}
	return proven
}

// shard is what the stream says about one of its shards.
type shard struct {
	id, parent string // parent is "" if it has none
	start      string // the sequence number that it starts with
	open       bool   // it takes records still
}

// progress is the cursors by shard. Of each line of shards it holds the last
// one that was begun.
type progress map[string]*Cursor

// advance begins the shards whose turn it is among those that are listed, and
// forgets the cursors that are not needed any more. It returns the shards that
// are missing: parents of which it is not known whether they were read. Their
// children are begun only if the loss is accepted.
//
// The shards of the first list of all may have lost records before we came, so
// they are read from the oldest record that is left. Every other shard has to
// be there from its first record on.
func (p progress) advance(listed []shard, first map[string]bool, acceptLoss bool) (missing []string) {
	byID := map[string]shard{}
	children := map[string]bool{} // shards that have any
	for _, s := range listed {
		byID[s.id] = s
		children[s.parent] = true
	}
	passed := p.passed(byID)
	for _, s := range listed {
		if p[s.id] != nil || passed[s.id] {
			continue
		}
		parent := p[s.parent]
		_, parentListed := byID[s.parent]
		switch {
		case s.parent == "", passed[s.parent], parent != nil && parent.Done, first[s.id] && !parentListed:
			p.begin(s, first[s.id])
			if parent != nil {
				p[s.id].Proven = parent.Proven
			}
		case parent != nil || parentListed:
			// The parent comes first.
		default:
			missing = append(missing, s.parent)
			if acceptLoss {
				p.begin(s, true)
			}
		}
	}
	for id := range p.passed(byID) {
		delete(p, id)
	}
	for id, c := range p {
		_, isListed := byID[id]
		if acceptLoss && c.Done && !isListed && !children[id] {
			delete(p, id) // its children are gone as well
		}
	}
	return missing
}

func (p progress) begin(s shard, horizon bool) {
	c := &Cursor{Shard: s.id, From: types.ShardIteratorTypeAtSequenceNumber, Sequence: s.start}
	if horizon || s.start == "" {
		c.From, c.Sequence = types.ShardIteratorTypeTrimHorizon, ""
	}
	p[s.id] = c
}

// passed are the ancestors of the shards that have cursors. All were read to
// their ends.
func (p progress) passed(byID map[string]shard) map[string]bool {
	passed := map[string]bool{}
	for id := range p {
		for parent := byID[id].parent; parent != "" && !passed[parent]; parent = byID[parent].parent {
			passed[parent] = true
		}
	}
	return passed
}

// waiting tells whether a shard has ended whose children are not known yet.
func (p progress) waiting() bool {
	for _, c := range p {
		if c.Done {
			return true
		}
	}
	return false
}
