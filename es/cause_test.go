package es_test

import (
	"strings"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/memory"
)

func TestEventsSayWhatLedToThemOnlyIfItIsGiven(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		cause *es.Cause
		want  string // the metadata
	}{
		{nil, ""},
		{&es.Cause{}, ""},
		{&es.Cause{Correlation: "c"}, `{"$correlationId":"c"}`},
		{&es.Cause{Correlation: "c", Causation: "e", Trace: "t"}, `{"$correlationId":"c","$causationId":"e","traceparent":"t"}`},
	} {
		ctx, store := t.Context(), memory.New()
		if test.cause != nil {
			ctx = es.WithCause(ctx, *test.cause)
		}
		counter := counter(t, store, es.Options{Cache: es.NewCache(0, 0)})
		check.Must(t, counter.Transact(ctx, func(int) ([]event, error) { return []event{added{1}, added{2}}, nil }))
		events, err := store.Read(ctx, counter.Stream(), 0, es.FromLeader)
		if err != nil || len(events) != 2 {
			t.Fatalf("got %d events and error %v", len(events), err)
		}
		for _, event := range events {
			if string(event.Meta) != test.want {
				t.Errorf("%+v: got the metadata %s, want %s", test.cause, event.Meta, test.want)
			}
			if test.cause != nil && es.CauseOf(event) != *test.cause {
				t.Errorf("%+v: got %+v back", test.cause, es.CauseOf(event))
			}
		}
	}
}

// Others write metadata too, and not in our words.
func TestWhatIsNoCauseIsNotKnown(t *testing.T) {
	t.Parallel()
	for meta, want := range map[string]es.Cause{
		"":                               {},
		"null":                           {},
		"[]":                             {},
		`"$correlationId"`:               {},
		`{"$correlationId":`:             {},
		`{"streamVersion":3}`:            {},
		`{"$correlationId":3}`:           {},
		`{"$correlationId":null}`:        {},
		`{"$causationId":"e","other":1}`: {Causation: "e"},
		`{"$correlationId":"` + strings.Repeat("x", 201) + `","traceparent":"t"}`: {Trace: "t"},
	} {
		check.Equal(t, meta, want, es.CauseOf(es.Event{EventData: es.EventData{Meta: []byte(meta)}}))
	}
}
