package es_test

import (
	"errors"
	"strings"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func TestNewStreamNameJoins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		category string
		elements []string
		want     string
	}{
		{"GuestStay", []string{"0f8fad5bd9cb469fa16570867728950e"}, "GuestStay-0f8fad5bd9cb469fa16570867728950e"},
		{"$AppendsEpoch", []string{"0", "17"}, "$AppendsEpoch-0_17"},
		{"$ReaderCheckpoint", []string{"dynamoStore", "0", "MyProcessor"}, "$ReaderCheckpoint-dynamoStore_0_MyProcessor"},
		{"GroupCheckout:snapshot", []string{"5b1f"}, "GroupCheckout:snapshot-5b1f"},
		{"snake_case", []string{"a-b", "-"}, "snake_case-a-b_-"},
		{"Größe", []string{"ß"}, "Größe-ß"},
	} {
		got, err := es.NewStreamName(test.category, test.elements...)
		if err != nil {
			t.Errorf("%s: %v", test.want, err)
			continue
		}
		checkName(t, got, test.want, test.category, strings.Join(test.elements, "_"))
		if parsed, err := es.ParseStreamName(test.want); err != nil || parsed != got {
			t.Errorf("parse %s: got %s and error %v, want what was joined", test.want, parsed, err)
		}
	}
}

func TestNewStreamNameRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		category string
		elements []string
		want     es.NameError
	}{
		{"", []string{"a"}, es.NameError{Kind: "category", Value: "", Reason: "it is empty"}},
		{"a-b", []string{"c"}, es.NameError{Kind: "category", Value: "a-b", Reason: "a dash ends a category and cannot stand within one"}},
		{"\xff", []string{"a"}, es.NameError{Kind: "category", Value: "\xff", Reason: "it is not UTF-8"}},
		{"a\x00", []string{"a"}, es.NameError{Kind: "category", Value: "a\x00", Reason: "it holds a NUL character"}},
		{"a", nil, es.NameError{Kind: "stream name", Value: "a-", Reason: "an id needs at least one element"}},
		{"a", []string{""}, es.NameError{Kind: "id element", Value: "", Reason: "it is empty"}},
		{"a", []string{"b", ""}, es.NameError{Kind: "id element", Value: "", Reason: "it is empty"}},
		{"a", []string{"b_c"}, es.NameError{Kind: "id element", Value: "b_c", Reason: "an underscore separates elements and cannot stand within one"}},
		{"a", []string{"\xff"}, es.NameError{Kind: "id element", Value: "\xff", Reason: "it is not UTF-8"}},
		{"a", []string{"\x00"}, es.NameError{Kind: "id element", Value: "\x00", Reason: "it holds a NUL character"}},
	} {
		got, err := es.NewStreamName(test.category, test.elements...)
		checkRefused(t, got, err, test.want)
	}
}

func TestParseStreamName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ raw, category, id string }{
		{"GroupCheckout-5b1f", "GroupCheckout", "5b1f"},
		{"a-b-c", "a", "b-c"},
		{"a--", "a", "-"},
		{"a-_", "a", "_"},
		{"a_b-c_d", "a_b", "c_d"},
		{"a-b+c", "a", "b+c"},
	} {
		got, err := es.ParseStreamName(test.raw)
		if err != nil {
			t.Errorf("parse %q: %v", test.raw, err)
			continue
		}
		checkName(t, got, test.raw, test.category, test.id)
	}
	for _, test := range []struct{ raw, reason string }{
		{"", "a dash must separate the category from the id"},
		{"GroupCheckout", "a dash must separate the category from the id"},
		{"-", "the category before the dash is empty"},
		{"-abc", "the category before the dash is empty"},
		{"abc-", "the id after the dash is empty"},
		{"a-\xff", "it is not UTF-8"},
		{"a-\x00", "it holds a NUL character"},
	} {
		got, err := es.ParseStreamName(test.raw)
		checkRefused(t, got, err, es.NameError{Kind: "stream name", Value: test.raw, Reason: test.reason})
	}
}

func TestTheZeroStreamNameNamesNothing(t *testing.T) {
	t.Parallel()
	var zero es.StreamName
	checkName(t, zero, "", "", "")
	if !zero.IsZero() {
		t.Error("the zero value is not zero")
	}
}

func checkName(t *testing.T, got es.StreamName, raw, category, id string) {
	t.Helper()
	if got.String() != raw || got.Category() != category || got.ID() != id || got.IsZero() != (raw == "") {
		t.Errorf("got %q of category %q and id %q, want %q, %q and %q", got, got.Category(), got.ID(), raw, category, id)
	}
}

func checkRefused(t *testing.T, got es.StreamName, err error, want es.NameError) {
	t.Helper()
	if refused, ok := errors.AsType[*es.NameError](err); !ok || *refused != want {
		t.Errorf("got %q and error %v, want %v", got, err, &want)
	}
	if !got.IsZero() {
		t.Errorf("got the name %q beside the error %v", got, err)
	}
}

func FuzzParseStreamName(f *testing.F) {
	for _, raw := range []string{"GuestStay-0f8f", "a-b-c_d", "-a", "a-", "a", "", "a-\xff", "a-\x00", "$AppendsEpoch-0_17"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name, err := es.ParseStreamName(raw)
		if err != nil {
			return
		}
		if name.String() != raw || name.Category()+"-"+name.ID() != raw || name.Category() == "" || name.ID() == "" {
			t.Errorf("%q became %q of category %q and id %q", raw, name, name.Category(), name.ID())
		}
		check.OKf(t, es.ValidateCategory(name.Category()), "the category of %q", raw)
		// A name can be made of its parts, unless an element is empty.
		built, err := es.NewStreamName(name.Category(), strings.Split(name.ID(), "_")...)
		if err == nil && built != name {
			t.Errorf("%q was built as %q", raw, built)
		}
	})
}
