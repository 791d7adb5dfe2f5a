package steps

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/memory"
)

// TestCommandsTogetherAllDecideBeforeAnyWrites has commands that end without a
// write among them: nobody waits for those.
func TestCommandsTogetherAllDecideBeforeAnyWrites(t *testing.T) {
	t.Parallel()
	store := fair{memory.New()}
	stream, err := es.ParseStreamName("GuestStay-101")
	check.Must(t, err)
	refused := errors.New("refused")
	write := func(ctx context.Context) error {
		held, err := store.Read(ctx, stream, 0, es.FromLeader)
		if err != nil {
			return err
		}
		_, err = store.Append(ctx, stream, es.Version(len(held)), []es.EventData{{ID: uuid.New(), Type: "Charged"}})
		return err
	}
	errs := newDesk(&register{}).together(t.Context(), write, func(context.Context) error { return refused }, write, func(context.Context) error { return nil }, write)
	conflicts := 0
	for _, i := range []int{0, 2, 4} {
		if isA[*es.ConflictError](errs[i]) {
			conflicts++
		} else if errs[i] != nil {
			t.Errorf("command %d: got %v, want a conflict or no error", i, errs[i])
		}
	}
	check.Equal(t, "conflicts of 3 writes to one stream", 2, conflicts)
	if !errors.Is(errs[1], refused) || errs[3] != nil {
		t.Errorf("got %v of a command that was refused, and %v of one with nothing to write", errs[1], errs[3])
	}
	if err := write(t.Context()); err != nil {
		t.Errorf("a command on its own: got %v, want no error", err)
	}
}

// TestNoClerkWritesBeforeAllHaveDecided has one clerk decide only when nobody else
// gets on any more: the other then waits with what it is about to write.
func TestNoClerkWritesBeforeAllHaveDecided(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := fair{memory.New()}
		stream, err := es.ParseStreamName("GuestStay-101")
		check.Must(t, err)
		quick := func(ctx context.Context) error {
			_, err := store.Append(ctx, stream, 0, []es.EventData{{ID: uuid.New(), Type: "Charged"}})
			return err
		}
		slow := func(ctx context.Context) error {
			synctest.Wait()
			held, err := store.Read(ctx, stream, 0, es.FromLeader)
			if err == nil && len(held) > 0 {
				err = errors.New("the quick clerk wrote before the other had decided")
			}
			return err
		}
		check.OK(t, errors.Join(newDesk(&register{}).together(t.Context(), quick, slow)...))
	})
}

// recorded is a store that somebody records.
type recorded struct {
	es.Store

	operations []es.Operation
}

// Recorder is what package es looks for.
func (r *recorded) Recorder() es.Recorder { return r }

// Begins implements es.Recorder.
func (r *recorded) Begins(_ context.Context, o es.Operation) func(es.Answer) {
	r.operations = append(r.operations, o)
	return func(es.Answer) {}
}

// The barrier between clerks hides nobody who records what they are answered.
func TestWhatClerksAreAnsweredIsRecorded(t *testing.T) {
	t.Parallel()
	store := &recorded{Store: memory.New()}
	services := gueststay.NewService(fair{store}, es.Options{})
	check.Must(t, services.CheckIn(t.Context(), newStay(), domain.MomentOf(today())))
	if len(store.operations) != 1 || store.operations[0].Name != "checkIn" {
		t.Errorf("got no operation by the name of checkIn, but %v", store.operations)
	}
}
