package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func conflicts() []leaf {
	return []leaf{
		{"a stale version is a conflict and writes nothing", conflictsWhenStale},
		{"a version inside an earlier append is a conflict and writes nothing", conflictsInsideAppend},
		{"a future version is a conflict and writes nothing", conflictsInFuture},
		{"a negative version is a conflict and writes nothing", conflictsWhenNegative},
		{"of appends that race for a version one wins and the others conflict", conflictsInRaces},
	}
}

func conflictsWhenStale(t testing.TB, f Fixture) {
	checkConflicts(t, f, []int{1, 1, 1}, 0, 1, 2)
}

func conflictsInsideAppend(t testing.TB, f Fixture) {
	checkConflicts(t, f, []int{2, 5}, 1, 3, 6)
}

func conflictsInFuture(t testing.TB, f Fixture) {
	checkConflicts(t, f, nil, 1, 1000)
	checkConflicts(t, f, []int{2, 1}, 4, 5, 1000)
}

func conflictsWhenNegative(t testing.TB, f Fixture) {
	checkConflicts(t, f, nil, es.UnknownVersion, -2)
	checkConflicts(t, f, []int{3}, es.UnknownVersion, -2)
}

// checkConflicts writes a stream in appends of the given sizes, then tries each
// wrong version, and at last the right one.
func checkConflicts(t testing.TB, f Fixture, sizes []int, wrong ...es.Version) {
	t.Helper()
	stream := UniqueStream()
	var stored []es.EventData
	for _, size := range sizes {
		events := NewEvents(size)
		mustAppend(t, f.Store, stream, es.Version(len(stored)), events...)
		stored = append(stored, events...)
	}
	for _, expected := range wrong {
		_, err := f.Store.Append(patient(t), stream, expected, NewEvents(2))
		check.OK(t, checkConflict(err, stream, expected, es.Version(len(stored))))
		checkStream(t, f.Store, stream, stored...)
	}
	last := NewEvents(1)
	mustAppend(t, f.Store, stream, es.Version(len(stored)), last...)
	checkStream(t, f.Store, stream, append(stored, last...)...)
}

// checkConflict checks an error that should be a conflict.
func checkConflict(err error, stream es.StreamName, expected, actual es.Version) error {
	if err == nil {
		return fmt.Errorf("append to %s at version %d, which is at %d: got no error, want a conflict", stream, expected, actual)
	}
	var conflict *es.ConflictError
	if !errors.As(err, &conflict) {
		return fmt.Errorf("append to %s at version %d, which is at %d: want a conflict, got %w", stream, expected, actual, err)
	}
	want := es.ConflictError{Stream: stream, Expected: expected, Actual: actual}
	if conflict.Actual == es.UnknownVersion {
		want.Actual = es.UnknownVersion
	}
	if *conflict != want {
		return fmt.Errorf("conflict: got %+v, want %+v", *conflict, want)
	}
	return nil
}

const (
	races      = 50
	contenders = 8
)

func conflictsInRaces(t testing.TB, f Fixture) {
	stream := UniqueStream()
	ctx := patient(t)
	var stored []es.EventData
	for race := range races {
		at := es.Version(len(stored))
		events := make([][]es.EventData, contenders)
		errs := make([]error, contenders)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range contenders {
			events[i] = NewEvents(2)
			wg.Go(func() {
				<-start
				_, errs[i] = appendAll(ctx, f.Store, stream, at, events[i])
			})
		}
		close(start)
		wg.Wait()

		winners := 0
		for i, err := range errs {
			if err == nil {
				winners++
				stored = append(stored, events[i]...)
			} else if err := checkConflict(err, stream, at, at+2); err != nil {
				t.Errorf("race %d: %v", race, err)
			}
		}
		if winners != 1 {
			t.Fatalf("race %d: got %d winners, want 1", race, winners)
		}
		checkStream(t, f.Store, stream, stored...)
	}
}
