package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// backlogs is row 7: a million events wait for a handler that is busy and needs no bodies,
// though the feed has them. No two events of a batch are of the same stream, which takes
// the most. The floor is a list of where each is.
func backlogs() []figure {
	const million = 1_000_000
	return []figure{{
		row: "7", name: "memory for a million events that wait ÷ a list of their streams and indices", unit: "MB", target: atMost(1.4),
		prepare: func(context.Context, *ground) (*pair, error) {
			return &pair{
				subject: func(ctx context.Context) (float64, error) { return buffered(ctx, million) },
				floor: func(context.Context) (float64, error) {
					type place struct {
						stream es.StreamName
						index  es.Version
					}
					s := newCrowd(million)
					before := heap()
					places := make([]place, million)
					for i := range places {
						places[i] = place{s.streams[i%len(s.streams)], es.Version(i / len(s.streams))}
					}
					after := heap()
					runtime.KeepAlive(places)
					return after - before, nil
				},
			}, nil
		},
	}}
}

// heap is the memory in use, in MB.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}

// crowd is a feed of so many events of a thousand streams.
type crowd struct {
	events  int
	streams []es.StreamName
	end     chan struct{} // closed when all was read
	ended   sync.Once
}

func newCrowd(events int) *crowd {
	s := &crowd{events: events, end: make(chan struct{})}
	for range 1000 {
		s.streams = append(s.streams, newStream("Crowd"))
	}
	return s
}

// crowdBatch is how many events a read returns.
const crowdBatch = 1000

func (s *crowd) ID() string { return "crowd" }

func (s *crowd) Tranches(context.Context) ([]feed.Tranche, error) {
	return []feed.Tranche{"Crowd"}, nil
}

func (s *crowd) Read(_ context.Context, _ feed.Tranche, from feed.Position) (feed.Batch, error) {
	if int(from) >= s.events {
		s.ended.Do(func() { close(s.end) })
		return feed.Batch{Next: from, Tail: true}, nil
	}
	events := make([]feed.Delivery, crowdBatch)
	for i := range events {
		at := int(from) + i
		events[i] = feed.Delivery{
			Stream: s.streams[at%len(s.streams)], Next: feed.Position(at + 1),
			Event: es.Event{
				EventData: es.EventData{ID: uuid.New(), Type: "Charged", Data: []byte(body), Time: time.Now()},
				Index:     es.Version(at / len(s.streams)),
			},
		}
	}
	return feed.Batch{Events: events, Next: from + crowdBatch}, nil
}

func (s *crowd) End(context.Context, feed.Tranche) (feed.Position, error) {
	return feed.Position(s.events), nil
}

// busy is a handler that is not done before it is let go.
type busy chan struct{}

// Handle implements reactor.Handler.
func (b busy) Handle(ctx context.Context, _ es.StreamName, events []es.Event) (es.Version, error) {
	select {
	case <-b:
		return events[len(events)-1].Index + 1, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// buffered is the memory that events take which wait in a reactor.
func buffered(ctx context.Context, events int) (float64, error) {
	s, handler := newCrowd(events), make(busy)
	before := heap()
	running, err := reactor.Start(ctx, s, memory.NewCheckpoints(), handler, reactor.Config{Group: "bench", MaxWriters: 1, MaxReadAhead: events/crowdBatch + 1, VersionsDo: true})
	if err != nil {
		return 0, err
	}
	select {
	case <-s.end:
	case <-running.Done():
		return 0, fmt.Errorf("the reactor has ended: %w", running.Wait(ctx))
	}
	after := heap()
	close(handler)
	running.Stop()
	return after - before, running.Wait(context.WithoutCancel(ctx))
}
