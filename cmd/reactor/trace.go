package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"example.com/groupcheckout/es"
)

// traceFlags say whether to send traces. Where to is said by OpenTelemetry's own variables.
type traceFlags struct {
	Trace bool `help:"Send a span of each reaction by OTLP over HTTP to where the variables OTEL_EXPORTER_OTLP_… say, which goes on with the trace of the command that led to it, and note in the metadata of events what led to them. Without it nothing is sent, and no metadata is written."`
}

// tracing makes a span of each reaction.
type tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	group    string
	events   es.Reader // of feeds that only tell that there are events
}

// traceLimit is how long the last spans may take to be sent when the reactor stops.
const traceLimit = 2 * time.Second

// start returns nil if no traces are asked for.
func (f traceFlags) start(ctx context.Context, group string, log *slog.Logger) (*tracing, error) {
	if !f.Trace {
		return nil, nil //nolint:nilnil // nothing is traced
	}
	if protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")); protocol != "" && protocol != "http/protobuf" {
		return nil, &usageError{"--trace sends by http/protobuf alone, and OTEL_EXPORTER_OTLP_PROTOCOL asks for another protocol: leave it out, and name the port for HTTP, usually 4318"}
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare to send traces: %w", err)
	}
	otel.SetErrorHandler(seldom(log, time.Minute))
	log.Info("sending traces", "to", traceHost())
	return newTracing(ctx, group, sdktrace.NewBatchSpanProcessor(exporter))
}

func newTracing(ctx context.Context, group string, to sdktrace.SpanProcessor) (*tracing, error) {
	is, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "reactor"), attribute.String("service.instance.id", group)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, &usageError{fmt.Sprintf("OTEL_RESOURCE_ATTRIBUTES cannot be used: %v", err)}
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(to), sdktrace.WithResource(is))
	return &tracing{provider: provider, tracer: provider.Tracer("example.com/groupcheckout/cmd/reactor"), group: group}, nil
}

// traceHost is where traces go to, without what may be secret in it.
func traceHost() string {
	at, err := url.Parse(cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://localhost:4318"))
	if err != nil || at.Host == "" {
		return "…"
	}
	return at.Host
}

// seldom logs that traces cannot be sent, and not more often than that.
func seldom(log *slog.Logger, pause time.Duration) otel.ErrorHandler {
	var mu sync.Mutex
	var last time.Time
	return otel.ErrorHandlerFunc(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) >= pause {
			last = time.Now()
			log.Warn("traces cannot be sent; the work goes on", "reason", paragraph(err))
		}
	})
}

// stop sends what is left, for as long as that may take.
func (t *tracing) stop(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceLimit)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the error handler has told
}

// around is what the reactor calls before each reaction, or nil if nothing is traced. What
// it returns is called after it.
func (t *tracing) around(events es.Reader) func(context.Context, es.StreamName, []es.Event) (context.Context, func(es.Version, error)) {
	if t == nil {
		return nil
	}
	t.events = events
	return t.reaction
}

// reaction begins the span of a reaction. It goes on with the trace of the first event that
// has one, and is linked to those of the others.
func (t *tracing) reaction(ctx context.Context, stream es.StreamName, events []es.Event) (context.Context, func(es.Version, error)) {
	told := events
	if first := events[0]; first.Time.IsZero() && len(first.Data) == 0 {
		if read, err := t.events.Read(ctx, stream, first.Index, es.FromReplica); err == nil && len(read) > 0 {
			told = read // without, the span has no parent
		}
	}
	var cause es.Cause
	var parents []trace.SpanContext
	for _, event := range told {
		of := es.CauseOf(event)
		if cause.Correlation == "" {
			cause.Correlation = of.Correlation
		}
		parent := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": of.Trace}))
		if parent.IsValid() && !slices.ContainsFunc(parents, parent.Equal) {
			parents = append(parents, parent)
		}
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("stream", stream.String()), attribute.String("consumer_group", t.group),
		attribute.Int64("first_event", int64(events[0].Index)), attribute.Int("events", len(events)),
	)}
	if len(parents) > 0 {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parents[0])
		for _, other := range parents[1:] {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: other}))
		}
	}
	ctx, span := t.tracer.Start(ctx, "react to "+stream.Category(), options...)
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	cause.Trace = carrier["traceparent"]
	cause.Correlation = cmp.Or(cause.Correlation, span.SpanContext().TraceID().String())
	if cause.Causation = told[0].ID.String(); told[0].ID == uuid.Nil {
		cause.Causation = fmt.Sprintf("%s/%d", stream, told[0].Index) // the store keeps no ids
	}
	return es.WithCause(ctx, cause), func(version es.Version, err error) {
		switch {
		case err == nil:
			span.SetAttributes(attribute.Int64("version", int64(version)))
		case errors.Is(err, context.Canceled):
			span.SetStatus(codes.Error, "it was stopped")
		default:
			text, _, _ := strings.Cut(err.Error(), "\n") // of a panic, the stack stays here
			span.SetStatus(codes.Error, text)
		}
		span.End()
	}
}
