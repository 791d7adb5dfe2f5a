// Package fakestream is a DynamoDB stream in memory that splits its shards,
// lets iterators expire, loses old records and fails, when a test tells it to.
// Only tests import it.
package fakestream

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// ARN is the name of the stream.
const ARN = "arn:aws:dynamodb:ddblocal:000000000000:table/events/stream/fake"

// Stream is the stream. Its calls may overlap. It starts with one shard.
type Stream struct {
	mu         sync.Mutex
	shards     []*shard
	sequence   int
	generation int // of iterators
	pageSize   int // of lists of shards
	failures   map[string][]error
	disabled   bool
	gone       bool
	calls      map[string]int
	empty      int             // pages without records before those with
	throttled  map[string]bool // shards
}

type shard struct {
	id, parent string
	low, high  uint32 // of the hashes of keys, both included
	start      int
	records    []types.Record
	sequences  []int
	trimmed    int // how many of records are gone
	closed     bool
	gone       bool
}

// New returns a stream with one open shard.
func New() *Stream {
	s := &Stream{pageSize: 2, failures: map[string][]error{}, calls: map[string]int{}, throttled: map[string]bool{}}
	s.open("", 0, math.MaxUint32)
	return s
}

func (s *Stream) open(parent string, low, high uint32) {
	s.sequence++
	s.shards = append(s.shards, &shard{
		id: fmt.Sprintf("shard-%04d", len(s.shards)), parent: parent, low: low, high: high, start: s.sequence,
	})
}

// Put adds a record of the item with a key.
func (s *Stream) Put(key string, record types.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shard := s.shardOf(key)
	s.sequence++
	data := types.StreamRecord{}
	if record.Dynamodb != nil {
		data = *record.Dynamodb
	}
	data.SequenceNumber = aws.String(strconv.Itoa(s.sequence))
	record.Dynamodb = &data
	shard.records = append(shard.records, record)
	shard.sequences = append(shard.sequences, s.sequence)
}

// ShardOf is the open shard that takes the records of a key.
func (s *Stream) ShardOf(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shardOf(key).id
}

func (s *Stream) shardOf(key string) *shard {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(key))
	at := hash.Sum32()
	for _, shard := range s.shards {
		if !shard.closed && shard.low <= at && at <= shard.high {
			return shard
		}
	}
	panic("no shard is open")
}

// Split closes the nth open shard, modulo their number, and opens two in its
// place, or one if there is nothing left to split or into is 1.
func (s *Stream) Split(n, into int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []*shard
	for _, shard := range s.shards {
		if !shard.closed {
			open = append(open, shard)
		}
	}
	parent := open[n%len(open)]
	parent.closed = true
	if into == 1 || parent.low == parent.high {
		s.open(parent.id, parent.low, parent.high)
		return
	}
	middle := parent.low + (parent.high-parent.low)/2
	s.open(parent.id, parent.low, middle)
	s.open(parent.id, middle+1, parent.high)
}

// Expire makes all iterators that were given out expire.
func (s *Stream) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
}

// Trim loses all records but the newest ones of a shard. If none is to be
// kept and the shard is closed, it is gone itself.
func (s *Stream) Trim(id string, keep int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shard := s.find(id)
	shard.trimmed = max(shard.trimmed, len(shard.records)-keep)
	shard.gone = keep == 0 && shard.closed
}

// Disable ends the stream.
func (s *Stream) Disable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled = true
	for _, shard := range s.shards {
		shard.closed = true
	}
}

// Fail makes the next calls of an operation, such as GetRecords, fail.
func (s *Stream) Fail(operation string, errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures[operation] = append(s.failures[operation], errs...)
}

// Vanish makes the stream unknown, as one is a day after it was disabled.
func (s *Stream) Vanish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
}

// Empty makes the next so many pages of each iterator that is made from now on come
// without records, though there are some.
func (s *Stream) Empty(pages int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty = pages
}

// Throttle makes each read of a shard fail, or succeed again.
func (s *Stream) Throttle(id string, throttled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttled[id] = throttled
}

// Calls tells how often an operation was called.
func (s *Stream) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// Shards are the ids of all shards, gone ones included.
func (s *Stream) Shards() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, shard := range s.shards {
		ids = append(ids, shard.id)
	}
	return ids
}

func (s *Stream) find(id string) *shard {
	for _, shard := range s.shards {
		if shard.id == id {
			return shard
		}
	}
	return nil
}

func (s *Stream) called(ctx context.Context, operation string) error {
	s.calls[operation]++
	if err := ctx.Err(); err != nil {
		return err
	}
	if failures := s.failures[operation]; len(failures) > 0 {
		s.failures[operation] = failures[1:]
		return failures[0]
	}
	return nil
}

// DescribeStream is part of the API.
func (s *Stream) DescribeStream(
	ctx context.Context, input *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options),
) (*dynamodbstreams.DescribeStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.called(ctx, "DescribeStream"); err != nil {
		return nil, err
	}
	if s.gone {
		return nil, &types.ResourceNotFoundException{Message: aws.String("no such stream")}
	}
	description := &types.StreamDescription{StreamArn: aws.String(ARN), StreamStatus: types.StreamStatusEnabled}
	if s.disabled {
		description.StreamStatus = types.StreamStatusDisabled
	}
	begun := input.ExclusiveStartShardId == nil
	for _, shard := range s.shards {
		if begun && !shard.gone {
			if len(description.Shards) == s.pageSize {
				description.LastEvaluatedShardId = description.Shards[len(description.Shards)-1].ShardId
				break
			}
			listed := types.Shard{
				ShardId:             aws.String(shard.id),
				SequenceNumberRange: &types.SequenceNumberRange{StartingSequenceNumber: aws.String(strconv.Itoa(shard.start))},
			}
			if shard.closed {
				listed.SequenceNumberRange.EndingSequenceNumber = aws.String(strconv.Itoa(s.sequence))
			}
			if shard.parent != "" {
				listed.ParentShardId = aws.String(shard.parent)
			}
			description.Shards = append(description.Shards, listed)
		}
		begun = begun || shard.id == aws.ToString(input.ExclusiveStartShardId)
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: description}, nil
}

// GetShardIterator is part of the API.
func (s *Stream) GetShardIterator(
	ctx context.Context, input *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options),
) (*dynamodbstreams.GetShardIteratorOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.called(ctx, "GetShardIterator"); err != nil {
		return nil, err
	}
	shard := s.find(aws.ToString(input.ShardId))
	if shard == nil || shard.gone {
		return nil, &types.ResourceNotFoundException{Message: aws.String("no such shard")}
	}
	at := shard.trimmed
	if input.ShardIteratorType != types.ShardIteratorTypeTrimHorizon {
		sequence, err := strconv.Atoi(aws.ToString(input.SequenceNumber))
		if err != nil {
			return nil, fmt.Errorf("sequence number: %w", err)
		}
		if input.ShardIteratorType == types.ShardIteratorTypeAfterSequenceNumber {
			sequence++
		}
		at, _ = slices.BinarySearch(shard.sequences, sequence)
		if at < shard.trimmed {
			return nil, &types.TrimmedDataAccessException{Message: aws.String("trimmed")}
		}
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: s.iterator(shard, at, s.empty)}, nil
}

func (s *Stream) iterator(shard *shard, at, empty int) *string {
	return aws.String(fmt.Sprintf("%s %d %d %d", shard.id, at, s.generation, empty))
}

// GetRecords is part of the API.
func (s *Stream) GetRecords(
	ctx context.Context, input *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options),
) (*dynamodbstreams.GetRecordsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.called(ctx, "GetRecords"); err != nil {
		return nil, err
	}
	var id string
	var at, generation, empty int
	if _, err := fmt.Sscanf(aws.ToString(input.ShardIterator), "%s %d %d %d", &id, &at, &generation, &empty); err != nil {
		return nil, fmt.Errorf("iterator: %w", err)
	}
	shard := s.find(id)
	switch {
	case shard == nil || shard.gone:
		return nil, &types.ResourceNotFoundException{Message: aws.String("no such shard")}
	case generation < s.generation:
		return nil, &types.ExpiredIteratorException{Message: aws.String("expired")}
	case at < shard.trimmed:
		return nil, &types.TrimmedDataAccessException{Message: aws.String("trimmed")}
	case s.throttled[id]:
		return nil, &types.LimitExceededException{Message: aws.String("throttled")}
	case empty > 0:
		return &dynamodbstreams.GetRecordsOutput{NextShardIterator: s.iterator(shard, at, empty-1)}, nil
	}
	end := min(len(shard.records), at+int(aws.ToInt32(input.Limit)))
	output := &dynamodbstreams.GetRecordsOutput{Records: slices.Clone(shard.records[at:end])}
	if !shard.closed || end < len(shard.records) {
		output.NextShardIterator = s.iterator(shard, end, 0)
	}
	return output, nil
}
