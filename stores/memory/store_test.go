package memory_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/storetest"
)

func mustAppend(t *testing.T, store *memory.Store, stream es.StreamName, expected es.Version, events ...es.EventData) {
	t.Helper()
	check.Must(t, check.Error(store.Append(t.Context(), stream, expected, events)))
}

func mustRead(t *testing.T, store *memory.Store, stream es.StreamName) []es.Event {
	t.Helper()
	events, err := store.Read(t.Context(), stream, 0, es.FromLeader)
	check.Must(t, err)
	return events
}

func TestTimeIsStampedByTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(1234567891 * time.Nanosecond) // the clock of a bubble starts at a whole second
		store, stream := memory.New(), storetest.UniqueStream()
		event := storetest.NewEvent("Stamped", "")
		event.Time = time.Now().Add(-time.Hour)
		mustAppend(t, store, stream, 0, event)

		got := mustRead(t, store, stream)[0].Time
		want := time.Date(2000, 1, 1, 0, 0, 1, 234567000, time.UTC)
		check.Equal(t, "time", want, got)
	})
}

func TestDuplicateIDIsRefused(t *testing.T) {
	t.Parallel()
	store, other, stream := memory.New(), storetest.UniqueStream(), storetest.UniqueStream()
	used := storetest.NewEvent("Used", "")
	mustAppend(t, store, other, 0, used)
	fresh := storetest.NewEvents(2)

	for name, events := range map[string][]es.EventData{
		"of another stream":   {fresh[0], fresh[1], used},
		"of the same append":  {fresh[0], fresh[1], fresh[0]},
		"the zero UUID twice": {{Type: "A"}, {Type: "A"}},
	} {
		_, err := store.Append(t.Context(), stream, 0, events)
		var duplicate *es.DuplicateIDError
		if !errors.As(err, &duplicate) {
			t.Errorf("%s: got error %v, want a DuplicateIDError", name, err)
			continue
		}
		if want := (es.DuplicateIDError{Stream: stream, ID: events[len(events)-1].ID}); *duplicate != want {
			t.Errorf("%s: got %+v, want %+v", name, *duplicate, want)
		}
		if got := mustRead(t, store, stream); len(got) != 0 {
			t.Errorf("%s: got %d events written, want none", name, len(got))
		}
	}

	// What was refused holds no ids, and an id of an append that conflicts
	// does not matter.
	mustAppend(t, store, stream, 0, fresh...)
	_, err := store.Append(t.Context(), stream, 0, fresh)
	want := &es.ConflictError{Stream: stream, Expected: 0, Actual: 2}
	check.Same(t, "the same append again", error(want), err, cmp.AllowUnexported(es.StreamName{}))
}

// TestErrorsNameTheStreamOnce pins their text: nobody above the store says again
// which stream an error is about.
func TestErrorsNameTheStreamOnce(t *testing.T) {
	t.Parallel()
	store, stream := memory.New(), mustParse(t, "GuestStay-1")
	used := storetest.NewEvent("Used", "")
	used.ID = uuid.MustParse("7c9e6679-7425-40de-944b-e07fc1f90ae7")
	mustAppend(t, store, stream, 0, used)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	bad := storetest.NewEvent("Bad", "{")

	for want, do := range map[string]func() error{
		"append to GuestStay-1 at version 1: the event id 7c9e6679-7425-40de-944b-e07fc1f90ae7 is in use already; give every event an id of its own": func() error {
			_, err := store.Append(t.Context(), stream, 1, []es.EventData{used})
			return err
		},
		"append to GuestStay-1 at version 1, nothing was written: context canceled": func() error {
			_, err := store.Append(cancelled, stream, 1, []es.EventData{used})
			return err
		},
		"conflict on GuestStay-1: expected version 3, it is at 1": func() error {
			_, err := store.Append(t.Context(), stream, 3, []es.EventData{used})
			return err
		},
		"event 0 of an append to GuestStay-1: an event needs a type": func() error {
			_, err := store.Append(t.Context(), stream, 1, []es.EventData{{}})
			return err
		},
		"data of event 0 (Bad) of an append to GuestStay-1: ": func() error {
			_, err := store.Append(t.Context(), stream, 1, []es.EventData{bad})
			return err
		},
		"read GuestStay-1: context canceled": func() error {
			_, err := store.Read(cancelled, stream, 0, es.FromLeader)
			return err
		},
	} {
		err := do()
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
			continue
		}
		if got := strings.Count(err.Error(), "GuestStay-1"); got != 1 {
			t.Errorf("the error names the stream %d times: %v", got, err)
		}
	}
}

func TestAppendNeedsAStreamName(t *testing.T) {
	t.Parallel()
	_, err := memory.New().Append(t.Context(), es.StreamName{}, 0, storetest.NewEvents(1))
	if _, ok := errors.AsType[*es.NameError](err); !ok {
		t.Errorf("got error %v, want a NameError", err)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	store, checkpoints := memory.New(), memory.NewCheckpoints()
	storetest.Run(t, storetest.Fixture{
		Store: store,
		Source: func(batchSize int, categories ...string) (feed.Source, error) {
			return store.Source(memory.SourceConfig{Categories: categories, BatchSize: batchSize})
		},
		Checkpoints: func() (feed.Checkpoints, error) { return checkpoints, nil },
	})
}
