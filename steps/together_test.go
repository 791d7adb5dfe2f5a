package steps

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/memory"
)

// TestCommandsTogetherAllDecideBeforeAnyWrites has commands that end without a
// write among them: nobody waits for those.
func TestCommandsTogetherAllDecideBeforeAnyWrites(t *testing.T) {
	t.Parallel()
	store := fair{memory.New()}
	stream, err := es.ParseStreamName("GuestStay-101")
	if err != nil {
		t.Fatal(err)
	}
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
	if conflicts != 2 {
		t.Errorf("got %d conflicts of 3 writes to one stream, want 2", conflicts)
	}
	if !errors.Is(errs[1], refused) || errs[3] != nil {
		t.Errorf("got %v of a command that was refused, and %v of one with nothing to write", errs[1], errs[3])
	}
	if err := write(t.Context()); err != nil {
		t.Errorf("a command on its own: got %v, want no error", err)
	}
}
