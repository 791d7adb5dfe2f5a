package history

import (
	"context"
	"math"
	"sync"

	"example.com/groupcheckout/es"
)

// Recorder keeps the operations on streams. Calls may overlap.
type Recorder struct {
	mu      sync.Mutex
	clock   int64
	streams map[es.StreamName][]*record
}

// record is an operation with its answer.
type record struct {
	es.Operation

	client     string
	mayBeOld   bool
	start, end int64 // of the recorder's clock; end is 0 while it runs
	answer     es.Answer
}

// NewRecorder makes a recorder that knows of nothing.
func NewRecorder() *Recorder { return &Recorder{streams: map[es.StreamName][]*record{}} }

// Store has the deciders of a store record what is asked of them. The client says who
// asks with a context. Lags says that a read which accepts a replica may miss something.
func (r *Recorder) Store(store es.Store, client func(context.Context) string, lags bool) es.Store {
	return recorded{store, seat{r, client, lags}}
}

// recorded is a store with a recorder.
type recorded struct {
	es.Store
	seat seat
}

// Recorder is looked for by package es.
func (r recorded) Recorder() es.Recorder { return r.seat }

// ManyReader passes on that of the store: a read by itself is no answer.
func (r recorded) ManyReader() es.ManyReader { return es.ManyReaderOf(r.Store) }

// Snapshotter passes on that of the store, for the same reason.
func (r recorded) Snapshotter() es.Snapshotter { return es.SnapshotterOf(r.Store) }

// seat is the recorder for those who use one store.
type seat struct {
	recorder *Recorder
	client   func(context.Context) string
	lags     bool
}

// Begins implements es.Recorder.
func (s seat) Begins(ctx context.Context, operation es.Operation) func(es.Answer) {
	r := s.recorder
	made := &record{Operation: operation, client: s.client(ctx), mayBeOld: operation.Name == "" && (operation.MayBeOld || s.lags)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	made.start = r.clock
	r.streams[operation.Stream] = append(r.streams[operation.Stream], made)
	return func(answer es.Answer) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.clock++
		made.end, made.answer = r.clock, answer
	}
}

// snapshot is what is known of a stream's operations at a moment.
type snapshot struct {
	at      int64
	records []record
}

func (r *Recorder) snapshot(stream es.StreamName) snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := snapshot{at: r.clock}
	for _, made := range r.streams[stream] {
		s.records = append(s.records, *made)
	}
	return s
}

// Operations is how many there were on a stream so far.
func (r *Recorder) Operations(stream es.StreamName) int { return len(r.snapshot(stream).records) }

// Forget lets go of what was kept of streams.
func (r *Recorder) Forget(streams ...es.StreamName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, stream := range streams {
		delete(r.streams, stream)
	}
}

// Judge reads a stream and judges the operations on it so far. Those that have not ended
// by the time of the read may have been done or not. It returns a [*NoOrderError] if their
// answers cannot have been given one after the other.
func (r *Recorder) Judge(ctx context.Context, reader es.Reader, stream es.StreamName) error {
	before := r.snapshot(stream)
	if len(before.records) == 0 {
		return nil
	}
	stored, err := reader.Read(ctx, stream, 0, es.FromLeader)
	if err != nil {
		return err
	}
	after := r.snapshot(stream)
	for i := range after.records {
		made := &after.records[i]
		if made.end == 0 {
			made.end = math.MaxInt64
		}
		if made.end > before.at { // what it has written may have been read, or not
			made.answer.Outcome = es.Unknown
		}
	}
	return judge(stream, after.records, stored)
}
