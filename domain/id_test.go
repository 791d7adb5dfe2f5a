package domain_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
)

const (
	hyphenated = "0f8fad5b-d9cb-469f-a165-70867728950e"
	n          = "0f8fad5bd9cb469fa16570867728950e"
)

func TestAnIDHasTwoForms(t *testing.T) {
	t.Parallel()
	var fromText, fromN domain.StayID
	check.Must(t, fromText.UnmarshalText([]byte(hyphenated)))
	check.Must(t, fromN.UnmarshalN(n))
	if fromText != fromN {
		t.Errorf("got %s and %s, want the same id", fromText, fromN)
	}
	if fromText.String() != hyphenated || fromText.N() != n {
		t.Errorf("got %s and %s, want %s and %s", fromText, fromText.N(), hyphenated, n)
	}
	body, err := json.Marshal(fromText)
	if want := `"` + hyphenated + `"`; err != nil || string(body) != want {
		t.Errorf("got %s and error %v, want %s", body, err, want)
	}
}

func TestTheZeroIDIdentifiesNothing(t *testing.T) {
	t.Parallel()
	var zero domain.GroupID
	if !zero.IsZero() || (domain.GroupID{15: 1}).IsZero() {
		t.Error("IsZero is wrong")
	}
	zeros := strings.Repeat("0", 32)
	if err := zero.UnmarshalN(zeros); err != nil || !zero.IsZero() {
		t.Errorf("read %s: got %s and error %v", zeros, zero, err)
	}
}

func TestTextIsReadInTheHyphenatedFormOnly(t *testing.T) {
	t.Parallel()
	var id domain.ChargeID
	if err := id.UnmarshalText([]byte(strings.ToUpper(hyphenated))); err != nil || id.String() != hyphenated {
		t.Errorf("upper case: got %s and error %v, want %s", id, err, hyphenated)
	}
	for _, text := range []string{
		"",
		n,
		"{" + hyphenated + "}",
		"urn:uuid:" + hyphenated,
		hyphenated + "\n",
		" " + hyphenated,
		hyphenated[:35],
		hyphenated + "0",
		"0f8fad5bd-9cb-469f-a165-70867728950e",
		"0f8fad5b_d9cb_469f_a165_70867728950e",
		"gf8fad5b-d9cb-469f-a165-70867728950e",
		strings.Repeat("-", 36),
		"0f8fad5b-d9cb-469f-a165-7086772895é", // 36 bytes, no digit at the end
		strings.Repeat("0", 10_000),
	} {
		before := id
		checkIDError(t, text, id.UnmarshalText([]byte(text)))
		if id != before {
			t.Errorf("read %.80q: the id became %s", text, id)
		}
	}
}

func TestNIsReadInLowerCaseOnly(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", hyphenated, strings.ToUpper(n), n[:31], n[:30], n + "0", n + "00", "g" + n[1:], " " + n[1:], strings.Repeat("-", 32),
	} {
		id := domain.PaymentID{1, 2, 3}
		before := id
		checkIDError(t, text, id.UnmarshalN(text))
		if id != before {
			t.Errorf("read %q: the id became %s", text, id)
		}
	}
}

func checkIDError(t *testing.T, text string, err error) {
	t.Helper()
	var refused *domain.IDError
	switch {
	case !errors.As(err, &refused) || refused.Value != text:
		t.Errorf("read %.80q: got error %v, want an *IDError that names the text", text, err)
	case !strings.Contains(err.Error(), "0f8fad5b") || len(err.Error()) > 300:
		t.Errorf("read %.80q: got the message %v, want a short one with an example", text, err)
	}
}

func TestIDsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var id, fromText, fromN domain.StayID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		text, err := id.MarshalText()
		check.Must(t, err)
		if err := fromText.UnmarshalText(text); err != nil || fromText != id {
			t.Fatalf("%s became %s and error %v", text, fromText, err)
		}
		if err := fromN.UnmarshalN(id.N()); err != nil || fromN != id {
			t.Fatalf("%s became %s and error %v", id.N(), fromN, err)
		}
	})
}

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
