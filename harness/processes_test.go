package harness_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/dynamodb"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/harness/messagedb"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps/hotel"
)

// onEachStore runs a test on each real store, with the reactor that is shipped in so
// many processes of its own. Where a store cannot be had the test is skipped, unless
// the environment forbids that.
func onEachStore(t *testing.T, processes int, spec faults.Spec, test func(t *testing.T, h *harness.Harness)) {
	t.Helper()
	for _, store := range []harness.Store{messagedb.Store(), dynamodb.Store()} {
		t.Run(store.Name, func(t *testing.T) {
			t.Parallel()
			h, err := harness.Open(t.Context(), harness.Options{System: hotel.System(), Store: store, Processes: processes, Faults: spec, Seed: 1})
			if errors.As(err, new(*provision.UnavailableError)) && os.Getenv(provisiontest.NoSkip) == "" {
				t.Skip(err)
			}
			test(t, opened(t, h, err))
			check.OK(t, h.Audit(t.Context()))
		})
	}
}

// An event that nobody can read has each attempt of the program fail.
func TestAProgramThatNeverSucceedsIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	system := hotel.System()
	system.Audit = nil // it could not read it either
	h, err := harness.Open(t.Context(), harness.Options{System: system, Store: messagedb.Store(), Processes: 2})
	if errors.As(err, new(*provision.UnavailableError)) && os.Getenv(provisiontest.NoSkip) == "" {
		t.Skip(err)
	}
	w := world(t, opened(t, h, err), false)
	stream := w.groups.Stream(domain.GroupID(uuid.New()))
	w.Name(stream, "the group")
	broken := es.EventData{ID: uuid.New(), Type: "StaysSelected", Data: []byte(`{"stays":"all"}`)}
	_, err = w.Store().Append(t.Context(), stream, 0, []es.EventData{broken})
	check.Must(t, err)
	err = w.Eventually(t.Context(), func(context.Context) error { return nil })
	if handler, ok := errors.AsType[*harness.HandlerError](err); !ok || handler.Times < 5 || !strings.HasPrefix(err.Error(), "the reactor cannot handle the group: event 0 (StaysSelected) of ") {
		t.Errorf("got %v, want it to begin with what the reactor cannot handle", err)
	}
}

// One of them is killed now and then, in the midst of a write, and replaced.
func TestTwoRealReactorsUnderOneNameDoNoHarm(t *testing.T) {
	t.Parallel()
	kill, err := faults.Parse("kill=1")
	check.Must(t, err)
	onEachStore(t, 2, kill, func(t *testing.T, h *harness.Harness) {
		t.Helper()
		w := world(t, h, false)
		groups, ids := map[domain.GroupID][]domain.StayID{}, stays(t, w, 16)
		for ; len(ids) > 0; ids = ids[4:] {
			group := domain.GroupID(uuid.New())
			groups[group] = ids[:4]
			check.Must(t, w.groups.Select(t.Context(), group, ids[:4], at()))
		}
		for group, ids := range groups {
			mergedOnce(t, w, group, ids)
		}
		if len(h.Injected()) == 0 {
			t.Error("none was killed, so nothing was proved")
		}
	})
}
