package domain_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
)

func TestIDsAreKeptTogetherInOrder(t *testing.T) {
	t.Parallel()
	low := domain.StayID(uuid.MustParse("00000000-0000-0000-0000-000000000001"))
	high := domain.StayID(uuid.MustParse("ff000000-0000-0000-0000-000000000000"))
	ids := domain.SortedIDs(map[domain.StayID]bool{high: true, low: true})
	text, err := json.Marshal(ids)
	if want := `"AAAAAAAAAAAAAAAAAAAAAf8AAAAAAAAAAAAAAAAAAAA="`; err != nil || string(text) != want {
		t.Errorf("got %s, error %v, want %s", text, err, want)
	}
	var read domain.StayIDs
	if err := json.Unmarshal(text, &read); err != nil || !slices.Equal(read, ids) {
		t.Errorf("got %v, error %v, want %v again", read, err, ids)
	}
	check.Same(t, "the set", map[domain.StayID]struct{}{low: {}, high: {}}, read.Set())
}

func TestIDsThatAreWrongAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`"AAAA"`, `"?"`, `"AAAAAAAAAAAAAAAAAAAAAf8="`} {
		var read domain.ChargeIDs
		if err := json.Unmarshal([]byte(text), &read); err == nil {
			t.Errorf("%s: got %v, want an error", text, read)
		}
	}
}
