package main

import (
	"strings"
	"testing"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// A note that cannot be read can at least be dropped.
func TestANoteThatIsBrokenCanBeDropped(t *testing.T) {
	t.Parallel()
	stream := groupcheckout.NewService(memory.New(), es.Options{}).Stream(domain.GroupID{15: 1})
	var notes feed.Notes = memory.NewCheckpoints()
	broken := []byte("{")
	check.Must(t, notes.PutNote(t.Context(), "x", reactor.QuarantineKind, stream.String(), broken))
	command := &quarantineCommand{ProcessorName: "x"}
	if _, err := command.change(t.Context(), notes, "retry", stream, broken); err == nil || !strings.Contains(err.Error(), "reactor quarantine drop") {
		t.Errorf("retry: got error %v, want that it cannot be read, and how to drop it", err)
	}
	check.Must(t, check.Error(command.change(t.Context(), notes, "drop", stream, broken)))
	left, err := notes.Notes(t.Context(), "x", reactor.QuarantineKind)
	check.Must(t, err)
	check.Equal(t, "notes that are left", 0, len(left))
}
