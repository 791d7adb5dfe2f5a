package domain_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
)

func TestParseMomentAccepts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"2026-11-23T11:35:27.687685+00:00", "2026-11-23T11:35:27.687685+00:00"},
		{"2026-11-23T11:35:27.6876850+00:00", "2026-11-23T11:35:27.687685+00:00"},
		{"2026-11-23T11:35:27.6876851+00:00", "2026-11-23T11:35:27.6876851+00:00"},
		{"2026-11-23T11:35:27+00:00", "2026-11-23T11:35:27+00:00"},
		{"2026-11-23T11:35:27.0000000+00:00", "2026-11-23T11:35:27+00:00"},
		{"2026-11-23T11:35:27.1+00:00", "2026-11-23T11:35:27.1+00:00"},
		{"2026-11-23T11:35:27Z", "2026-11-23T11:35:27+00:00"},
		{"2026-11-23T11:35:27-00:00", "2026-11-23T11:35:27+00:00"},
		{"2026-11-23T11:35:27+02:30", "2026-11-23T09:05:27+00:00"},
		{"2026-11-23T23:35:27-02:30", "2026-11-24T02:05:27+00:00"},
		{"2026-11-23T14:00:00+14:00", "2026-11-23T00:00:00+00:00"},
		{"2026-11-23T10:00:00-14:00", "2026-11-24T00:00:00+00:00"},
		{"2026-11-23T11:35:27.1234567890123456Z", "2026-11-23T11:35:27.1234567+00:00"},
		{"2026-11-23T11:35:27.9999999999999999Z", "2026-11-23T11:35:27.9999999+00:00"},
		{"2026-11-23T11:35:27.0000000999999999Z", "2026-11-23T11:35:27+00:00"},
		{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00+00:00"},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"},
		{"0001-01-01T14:00:00+14:00", "0001-01-01T00:00:00+00:00"},
		{"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999+00:00"},
	} {
		got, err := domain.ParseMoment(test.text)
		if err != nil {
			t.Errorf("parse %q: %v", test.text, err)
			continue
		}
		if got.String() != test.want {
			t.Errorf("parse %q: got %s, want %s", test.text, got, test.want)
		}
	}
}

func TestParseMomentRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"",
		"yesterday",
		"2026-11-23",
		"2026-11-23T11:35+00:00",
		"2026-11-23T11:35:27",
		"2026-11-23 11:35:27Z",
		"2026-11-23t11:35:27Z",
		"2026-11-23T11:35:27z",
		"2026-11-23T1:35:27Z",
		"2026-11-23T11:35:27.Z",
		"2026-11-23T11:35:27,5Z",
		"2026-11-23T11:35:27.12345678901234567Z", // 17 digits
		"2026-11-23T11:35:27+0000",
		"2026-11-23T11:35:27+00",
		"2026-11-23T11:35:27+14:01",
		"2026-11-23T11:35:27+15:00",
		"2026-11-23T11:35:27+01:60",
		"2026-11-23T11:35:27Z\n",
		" 2026-11-23T11:35:27Z",
		"2026-13-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"2026-11-23T24:00:00Z",
		"2026-11-23T11:60:00Z",
		"2026-11-23T11:35:60Z",
		"26-11-23T11:35:27Z",
		"12026-11-23T11:35:27Z",
		"-2026-11-23T11:35:27Z",
		"0000-12-31T23:59:59Z",
		"0001-01-01T00:00:00+01:00", // the year 0 in UTC
		"9999-12-31T23:59:59-01:00", // the year 10000 in UTC
		strings.Repeat("2", 1000),
	} {
		got, err := domain.ParseMoment(text)
		if refused, ok := errors.AsType[*domain.MomentError](err); !ok || refused.Value != text {
			t.Errorf("parse %.60q: got %s and error %v, want a *MomentError that names the text", text, got, err)
			continue
		}
		if len(err.Error()) > 300 {
			t.Errorf("parse %.60q: the error has %d characters", text, len(err.Error()))
		}
		if !got.IsZero() {
			t.Errorf("parse %.60q: got %s beside the error, want the zero value", text, got)
		}
	}
}

func TestAMomentIsCutNotRounded(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 35, 27, 687685199, time.FixedZone("CET", 3600))
	got := domain.MomentOf(at)
	if want := "2026-11-23T11:35:27.6876851+00:00"; got.String() != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if want := at.Truncate(100); !got.Time().Equal(want) || got.Time().Location() != time.UTC {
		t.Errorf("got the time %v, want %v in UTC", got.Time(), want)
	}
	if again := domain.MomentOf(got.Time()); again != got {
		t.Errorf("got %s, want %s", again, got)
	}
}

func TestMomentsCompare(t *testing.T) {
	t.Parallel()
	at := time.Now()
	a, b := domain.MomentOf(at), domain.MomentOf(at.Round(0).In(time.FixedZone("EST", -5*3600)))
	if a != b || !a.Equal(b) {
		t.Errorf("%s and %s are one point in time and not equal", a, b)
	}
	if later := domain.MomentOf(at.Add(100)); a == later || a.Equal(later) {
		t.Errorf("%s and %s are equal", a, later)
	}
	var zero domain.Moment
	if !zero.IsZero() || a.IsZero() || domain.MomentOf(time.Time{}) != zero {
		t.Errorf("the zero value is %s", zero)
	}
}

func TestAMomentOutOfRangeIsNotMarshalled(t *testing.T) {
	t.Parallel()
	for _, year := range []int{-1, 0, 10000, 200000} {
		m := domain.MomentOf(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC))
		body, err := m.MarshalText()
		if _, ok := errors.AsType[*domain.MomentError](err); body != nil || !ok {
			t.Errorf("marshal %s: got %q and error %v, want a *MomentError", m, body, err)
		}
	}
}

func TestMomentInJSON(t *testing.T) {
	t.Parallel()
	var m domain.Moment
	check.Must(t, json.Unmarshal([]byte(`"2026-11-23T12:35:27.6876850+01:00"`), &m))
	body, err := json.Marshal(m)
	if want := `"2026-11-23T11:35:27.687685+00:00"`; err != nil || string(body) != want {
		t.Errorf("got %s and error %v, want %s", body, err, want)
	}
	before := m
	if err := m.UnmarshalText([]byte("yesterday")); err == nil || m != before {
		t.Errorf("unmarshal yesterday: got %s and error %v, want an error and %s", m, err, before)
	}
}

// TestAMomentEqualsItselfOnceStored is why moments are cut: a repeated check-in
// compares the time it is given with one that was stored.
func TestAMomentEqualsItselfOnceStored(t *testing.T) {
	t.Parallel()
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(first, last).Draw(t, "seconds")
		nanoseconds := rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")
		offset := rapid.IntRange(-14*3600, 14*3600).Draw(t, "offset")
		at := time.Unix(seconds, nanoseconds)
		m := domain.MomentOf(at.In(time.FixedZone("", offset)))
		if late := at.Sub(m.Time()); late < 0 || late >= 100 {
			t.Fatalf("%v became %s, which is %v before it", at, m, late)
		}
		text, err := m.MarshalText()
		check.Must(t, err)
		if again, err := domain.ParseMoment(string(text)); err != nil || again != m {
			t.Fatalf("%s became %s and error %v", text, again, err)
		}
	})
}

func FuzzParseMoment(f *testing.F) {
	for _, text := range []string{
		"2026-11-23T11:35:27.687685+00:00", "2026-11-23T11:35:27Z", "2026-11-23T11:35:27.1234567890123456-14:00",
		"0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.9999999-00:01", "2026-02-29T00:00:00Z", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := domain.ParseMoment(text)
		if err != nil {
			return
		}
		stored, err := m.MarshalText()
		check.Mustf(t, err, "%q was accepted and cannot be stored", text)
		if again, err := domain.ParseMoment(string(stored)); err != nil || again != m {
			t.Errorf("%q became %s, then %s and error %v", text, stored, again, err)
		}
	})
}
