package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// leader is what the store holds by the time that streams are read again. It
// notes which are.
type leader struct {
	t       testing.TB
	history history
	read    []string
	err     error
}

func (l *leader) Read(_ context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	if freshness != es.FromLeader {
		l.t.Errorf("read %s from a %v, want the leader", stream, freshness)
	}
	l.read = append(l.read, strings.TrimPrefix(sentences([]audit.Violation{{Sentence: stream.String()}})[0], ": ")+fmt.Sprintf(" from %d", from))
	if l.err != nil {
		return nil, fmt.Errorf("read %s: %w", stream, l.err)
	}
	var events []es.Event
	for _, e := range stored(l.t, l.history[stream.String()]) {
		if e.Index >= from {
			events = append(events, e)
		}
	}
	return events, nil
}

func TestSettle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		seen, there history
		read        []string
		want        []string // violations that remain
	}{
		"nothing in doubt": {
			seen: history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1)}},
		},
		"a violation that needs no proof": {
			seen: history{s1: {checkedOut(), charged(5, 1)}},
			want: []string{"closed: event 1 (Charged) of s1 follows event 0 (CheckedOut), which closed the stream"},
		},
		"a group that was read before it selected": {
			seen:  history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(2)}},
			there: history{g1: {selected(2), selected(1)}},
			read:  []string{"g1 from 1"},
		},
		"a stay that was read before its transfer": {
			seen:  history{s1: {charged(5, 1)}, g1: {selected(1), merged(1, 5)}},
			there: history{s1: {charged(5, 1), transferred(1, 5)}},
			read:  []string{"s1 from 1"},
		},
		"a stay that was not read at all": {
			seen:  history{g1: {selected(1), merged(1, 5)}},
			there: history{s1: {charged(5, 1), transferred(1, 5)}},
			read:  []string{"s1 from 0"},
		},
		"a second look that raises another doubt": {
			seen:  history{s1: {charged(5, 1), transferred(1, 5)}},
			there: history{g1: {selected(1, 2), merged(2, 7), merged(1, 5)}, s2: {charged(7, 1), transferred(1, 7)}},
			read:  []string{"g1 from 0", "s2 from 0"},
		},
		"what is missing for good": {
			seen:  history{s1: {charged(5, 1), transferred(1, 5)}, g2: {selected(2), merged(2, 3)}},
			there: history{g1: {selected(2)}, s2: {charged(3, 1)}},
			read:  []string{"g1 from 0", "s2 from 0"},
			want: []string{
				"merge: event 1 of g2 records a residual of 3 for s2, but that stay was not transferred",
				"transfer: event 1 of s1 moves 5 to g1, but that group never selected the stay",
			},
		},
		"a gap of the stream": {
			seen:  history{s1: {checkedIn(), hole{}, checkedOut()}},
			there: history{s1: {checkedIn(), hole{}, checkedOut()}},
			read:  []string{"s1 from 0"},
			want:  []string{"positions: s1 lacks event 1, and goes on with event 2"},
		},
		"a gap of the feed": {
			seen:  history{g1: {selected(1), hole{}, hole{}, confirmed()}},
			there: history{g1: {selected(1), failed(1), groupPaid(1, 1), confirmed()}},
			read:  []string{"g1 from 0"},
			want: []string{
				"feed: the feed passed over events 1 to 2 of g1, and so did whoever follows it",
				"balance: event 3 of g1 confirms the group, but residuals minus payments before it are -1",
			},
		},
		"a gap of the feed in a stay": {
			seen:  history{s1: {checkedIn(), hole{}, charged(5, 1)}, g1: {selected(1)}},
			there: history{s1: {checkedIn(), charged(2, 2), charged(5, 1), transferred(1, 7)}},
			read:  []string{"s1 from 0"},
			want:  []string{"feed: the feed passed over event 1 of s1, and so did whoever follows it"},
		},
		"a stream that lost its end": {
			seen:  history{g1: {selected(1), hole{}, confirmed()}},
			there: history{g1: {selected(1)}},
			read:  []string{"g1 from 0"},
			want:  []string{"positions: g1 lacks event 1, and goes on with event 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, l := books(t, test.seen), &leader{t: t, history: test.there}
			check.Must(t, b.Settle(t.Context(), l))
			check.Same(t, "streams read", test.read, l.read)
			check.Same(t, "violations", test.want, sentences(b.Violations()))
		})
	}
}

func TestWorkThatWasDoneMeanwhileIsNotBehindACheckpoint(t *testing.T) {
	t.Parallel()
	b := books(t, history{g1: {selected(1)}, g2: {hole{}, selected(2)}})
	b.Passed("night", stream(t, g1), 1)
	b.Passed("night", stream(t, g2), 2)
	l := &leader{t: t, history: history{g1: {selected(1), failed(1), selected(2)}, g2: {selected(1), selected(2), failed(1)}}}
	check.Must(t, b.Settle(t.Context(), l))
	want := []string{
		"feed: the feed passed over event 0 of g2, and so did whoever follows it",
		`checkpoint: the checkpoint of the consumer group "night" lies past event 1 of g2, but stays that were selected by then are still pending: 1`,
	}
	check.Same(t, "violations", want, sentences(b.Violations()))
}

func TestAStreamThatCannotBeReadEndsIt(t *testing.T) {
	t.Parallel()
	broken := errors.New("the store is gone")
	for _, h := range []history{{g1: {selected(1), merged(1, 5)}}, {s1: {hole{}, checkedIn()}}} {
		err := books(t, h).Settle(t.Context(), &leader{t: t, err: broken})
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), s1) {
			t.Errorf("got %v, want why, and the stream", err)
		}
	}
}

func TestAForeignStreamIsNotLoaded(t *testing.T) {
	t.Parallel()
	b, l := audit.NewBooks(), &leader{t: t}
	for _, name := range []string{"Other-1", "GuestStay-7", "GroupCheckout-G"} {
		check.Must(t, b.Load(t.Context(), l, stream(t, name)))
	}
	if got := b.Summary().Foreign; got != 3 || len(l.read) > 0 {
		t.Errorf("got %d foreign and %q read, want 3 and none", got, l.read)
	}
}
