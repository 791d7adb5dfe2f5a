package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/memory"
)

// commanded is a context in which a clerk's command is traced.
func commanded(ctx context.Context, trace string) context.Context {
	return es.WithCause(ctx, es.Cause{Correlation: "the clerk's", Causation: "command 7", Trace: trace})
}

const (
	clerksTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	clerksSpan  = "00f067aa0ba902b7"
)

// reactedTo has a reactor react to a command, and returns the spans, and all events.
func reactedTo(cause context.Context, t *testing.T, traced, told bool) (spans tracetest.SpanStubs, selected es.Event, reactions []es.Event) {
	t.Helper()
	store, exporter := memory.New(), tracetest.NewInMemoryExporter()
	backend := backendOn(t, store, checkout.Categories())
	if told {
		backend.Source = withoutBodies(backend.Source)
	}
	var tracing *tracing
	if traced {
		var err error
		if tracing, err = newTracing(t.Context(), "night", sdktrace.NewSimpleSpanProcessor(exporter)); err != nil {
			t.Fatal(err)
		}
	}
	stays, groups := gueststay.NewService(store, es.Options{}), groupcheckout.NewService(store, es.Options{})
	now := domain.MomentOf(time.Now())
	stay, group := domain.StayID(uuid.New()), domain.GroupID(uuid.New())
	check.Must(t, errors.Join(stays.CheckIn(t.Context(), stay, now), groups.Select(cause, group, []domain.StayID{stay}, now)))
	running, err := checkout.Start(t.Context(), backend, checkout.Config{
		Log:     slog.New(slog.DiscardHandler),
		Reactor: reactor.Config{Group: "night", Around: tracing.around(store)},
	})
	check.Must(t, err)
	synctest.Wait()
	running.Stop()
	check.Must(t, running.Wait(t.Context()))
	spans = exporter.GetSpans() // a shutdown forgets them
	tracing.stop(t.Context())
	read := func(name es.StreamName) []es.Event {
		events, err := store.Read(t.Context(), name, 0, es.FromLeader)
		if err != nil || len(events) != 2 {
			t.Fatalf("%s: got %d events and error %v, want 2", name, len(events), err)
		}
		return events
	}
	ofGroup := read(groups.Stream(group))
	return spans, ofGroup[0], []es.Event{ofGroup[1], read(stays.Stream(stay))[1]}
}

func TestAReactionGoesOnWithTheTraceOfTheCommand(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]bool{"events with bodies": false, "events that are only told of": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				spans, selected, reactions := reactedTo(commanded(t.Context(), "00-"+clerksTrace+"-"+clerksSpan+"-01"), t, true, told)
				if len(spans) < 1 {
					t.Fatalf("got no span")
				}
				span := spans[0]
				if span.Name != "react to GroupCheckout" || span.SpanContext.TraceID().String() != clerksTrace || span.Parent.SpanID().String() != clerksSpan || !span.Parent.IsRemote() {
					t.Errorf("got the span %s of trace %s below %s, want one of the clerk's", span.Name, span.SpanContext.TraceID(), span.Parent.SpanID())
				}
				want := es.Cause{
					Correlation: "the clerk's", Causation: selected.ID.String(),
					Trace: fmt.Sprintf("00-%s-%s-01", clerksTrace, span.SpanContext.SpanID()),
				}
				for _, event := range reactions {
					check.Equal(t, event.Type, want, es.CauseOf(event))
				}
			})
		})
	}
}

func TestACommandThatIsNotTracedIsTheBeginningOfATrace(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]func(context.Context) context.Context{
		"no metadata":          func(ctx context.Context) context.Context { return ctx },
		"a correlation alone":  func(ctx context.Context) context.Context { return es.WithCause(ctx, es.Cause{Correlation: "of .NET"}) },
		"a trace that is none": func(ctx context.Context) context.Context { return commanded(ctx, "00-zz-01") },
		"a trace of nothing at all": func(ctx context.Context) context.Context {
			return commanded(ctx, "00-"+strings.Repeat("0", 32)+"-"+clerksSpan+"-01")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				spans, selected, reactions := reactedTo(cause(t.Context()), t, true, false)
				if len(spans) < 1 || spans[0].Parent.IsValid() {
					t.Fatalf("got the spans %+v, want one without a parent", spans)
				}
				correlation := es.CauseOf(selected).Correlation
				if correlation == "" {
					correlation = spans[0].SpanContext.TraceID().String()
				}
				if got := es.CauseOf(reactions[0]); got.Correlation != correlation || got.Causation != selected.ID.String() {
					t.Errorf("got %+v, want the correlation %s", got, correlation)
				}
			})
		})
	}
}

// Without traces a reactor writes what it always wrote, also after a command that is
// traced.
func TestWithoutTracesNoMetadataIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spans, _, reactions := reactedTo(commanded(t.Context(), "00-"+clerksTrace+"-"+clerksSpan+"-01"), t, false, false)
		for _, event := range reactions {
			if len(event.Meta) > 0 || len(spans) > 0 {
				t.Errorf("%s: got the metadata %s and %d spans, want none", event.Type, event.Meta, len(spans))
			}
		}
	})
}

// A span tells how its reaction ended, and to which other commands it is linked.
func TestASpanTellsOutcomeAndLinks(t *testing.T) {
	t.Parallel()
	exporter := tracetest.NewInMemoryExporter()
	tracing, err := newTracing(t.Context(), "night", sdktrace.NewSimpleSpanProcessor(exporter))
	check.Must(t, err)
	t.Cleanup(func() { tracing.stop(context.Background()) })
	stream, err := es.NewStreamName("GroupCheckout", "1")
	check.Must(t, err)
	event := func(index es.Version, trace string) es.Event {
		return es.Event{EventData: es.EventData{ID: uuid.New(), Type: "X", Data: []byte("{}"), Time: time.Now(), Meta: fmt.Appendf(nil, `{"traceparent":%q}`, trace)}, Index: index}
	}
	first, second := "00-"+clerksTrace+"-"+clerksSpan+"-01", "00-"+strings.Repeat("ab", 16)+"-"+strings.Repeat("cd", 8)+"-01"
	_, over := tracing.reaction(t.Context(), stream, []es.Event{event(0, first), event(1, first), event(2, second)})
	over(0, errors.New("it failed\nand this is a stack"))
	span := exporter.GetSpans()[0]
	if len(span.Links) != 1 || span.Links[0].SpanContext.TraceID().String() != strings.Repeat("ab", 16) {
		t.Errorf("got the links %+v, want one to the second trace", span.Links)
	}
	if span.Status.Description != "it failed" {
		t.Errorf("got the status %+v, want the first line of the error", span.Status)
	}
}
