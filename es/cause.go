package es

import (
	"context"
	"encoding/json"
)

// Cause says what led to events, in their metadata and in the words of Equinox: what
// they all come from in the end, and what came right before them. An empty field is not
// known.
type Cause struct {
	Correlation string `json:"$correlationId,omitempty"` // the same for all that one command led to
	Causation   string `json:"$causationId,omitempty"`   // the id of the event, or of the command, that led to it
	Trace       string `json:"traceparent,omitempty"`    // the span that led to it, as W3C's trace context writes it
}

type causeKey struct{}

// WithCause returns a context with which a [Decider] writes events that have the cause in
// their metadata. Without one events have no metadata.
func WithCause(ctx context.Context, cause Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, cause)
}

// longestCause is the longest part of a cause that is carried on: what others wrote may
// be anything.
const longestCause = 200

// CauseOf reads the cause in the metadata of an event. What is not one, is too long, or is
// not there, is not known.
func CauseOf(event Event) Cause {
	var cause Cause
	var raw map[string]any
	if len(event.Meta) == 0 || json.Unmarshal(event.Meta, &raw) != nil {
		return cause
	}
	for name, part := range map[string]*string{"$correlationId": &cause.Correlation, "$causationId": &cause.Causation, "traceparent": &cause.Trace} {
		if text, ok := raw[name].(string); ok && len(text) <= longestCause {
			*part = text
		}
	}
	return cause
}

// metaOf is the metadata of events that are written with a context: one JSON value, or
// nothing.
func metaOf(ctx context.Context) []byte {
	cause, ok := ctx.Value(causeKey{}).(Cause)
	if !ok || cause == (Cause{}) {
		return nil
	}
	meta, err := json.Marshal(cause)
	if err != nil {
		return nil // it cannot be: these are texts
	}
	return meta
}
