package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/messagedb"
)

// measuring is a flag, since it takes half a minute and a quiet machine.
var measuring = flag.Bool("measure", false, "compare the model with a Message DB of this machine") //nolint:gochecknoglobals // a flag of go test

// TestTheModelIsAFifthFromTheMeasurementAtMost appends to one category with different
// numbers of callers, in turns. The model gets to know what one caller and what 64 reach,
// and says the others.
func TestTheModelIsAFifthFromTheMeasurementAtMost(t *testing.T) { //nolint:paralleltest // nothing else should run
	if !*measuring {
		t.Skip("it takes a quiet machine: go test ./cmd/scale -measure")
	}
	server, err := provision.MessageDB(t.Context(), provision.Options{Durable: true, Log: slog.New(slog.DiscardHandler)})
	check.Must(t, err)
	t.Cleanup(func() { check.OK(t, server.Close()) })
	db, err := messagedb.Open(t.Context(), messagedb.Config{Connection: server.ConnectionString})
	check.Must(t, err)
	defer db.Close()
	counts := []int{1, 4, 8, 16, 32, 64}
	const rounds = 15
	rates := map[int][]float64{}
	for range rounds + 1 {
		for _, callers := range counts {
			rates[callers] = append(rates[callers], appending(t, db.Store(), callers))
		}
	}
	median := func(callers int) float64 { return quantiles(slices.Clone(rates[callers][1:]), []float64{0.5})[0] }
	l, ok := lockOf(median(1), median(64), 64, 128)
	if !ok {
		t.Fatalf("one caller appends %.0f times a second and 64 %.0f times: no lock does that", median(1), median(64))
	}
	t.Logf("a transaction takes %.3f ms and %.3f ms for each append in it", 1000*l.Fixed, 1000*l.Each)
	for _, callers := range counts[1 : len(counts)-1] {
		said, measured := l.closed(callers), median(callers)
		t.Logf("%2d callers: the model says %5.0f a second, measured are %5.0f: %.2f", callers, said, measured, said/measured)
		if said/measured < 0.8 || said/measured > 1.25 {
			t.Errorf("%d callers: the model says %.0f appends a second, measured are %.0f", callers, said, measured)
		}
	}
}

// appending is how often a second some callers append one event each to new streams.
func appending(t *testing.T, store es.Store, callers int) float64 {
	t.Helper()
	const body = `{"amount":100.50,"at":"2026-11-23T11:35:27.687685+00:00","chargeId":"7c9e6679-7425-40de-944b-e07fc1f90ae7"}`
	times := int64(150 + 40*callers)
	var made atomic.Int64
	ctx, fail := context.WithCancelCause(t.Context())
	defer fail(nil)
	var all sync.WaitGroup
	began := time.Now()
	for range callers {
		all.Go(func() {
			for made.Add(1) <= times && ctx.Err() == nil {
				stream, err := es.NewStreamName("Measured", uuid.NewString())
				if err == nil {
					_, err = store.Append(ctx, stream, 0, []es.EventData{{ID: uuid.New(), Type: "Charged", Data: []byte(body)}})
				}
				if err != nil {
					fail(err)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return float64(times) / took.Seconds()
}
