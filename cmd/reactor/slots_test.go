package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"example.com/groupcheckout/stores/address"
)

// warns is a store that warns of its connection, and then cannot be opened.
type warns struct{}

func (warns) open(_ context.Context, log *slog.Logger, _ []string) (*address.Store, error) {
	log.Warn("the connection is not encrypted")
	return nil, errors.New("the server cannot be reached")
}

func TestSlotsPassesWarningsOn(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	err := (&slotsCommand{ProcessorName: "x"}).run(t.Context(), streams{err: &said}, warns{})
	if err == nil || !strings.Contains(said.String(), "the connection is not encrypted") {
		t.Errorf("got %q and error %v, want the warning and an error", said.String(), err)
	}
}
