package gherkin

import (
	"context"
	"fmt"
	"time"
)

// LogMediaType is the media type of an attachment that is a line of a log.
const LogMediaType = "text/x.cucumber.log+plain"

// Attachment is something that a step or hook leaves for the reports. It has
// either a Text or a Body.
type Attachment struct {
	MediaType string // such as "application/json"
	FileName  string // by which a reader could save it; may be empty
	Text      string
	Body      []byte    // if not nil, the content is this and not Text; nobody changes it
	At        time.Time // when it was attached; set by Attach
}

// Recorder is told what the steps and hooks of one scenario do, besides what
// they return to godog. Steps may start goroutines, so its calls may overlap.
type Recorder interface {
	Attach(Attachment)
	HookStarted(HookInfo)

	// HookFinished gives the hook's own error, or nil.
	HookFinished(HookInfo, error)
}

type recorderKey struct{}

// WithRecorder makes [Attach] and [Logf], and the hooks of [Definitions.Bind],
// tell the recorder.
func WithRecorder(ctx context.Context, recorder Recorder) context.Context {
	return context.WithValue(ctx, recorderKey{}, recorder)
}

// Attach adds to the report of the running step or hook. Without a recorder in
// the context it does nothing. Use it in place of godog.Attach, for which a step
// has to return its context.
func Attach(ctx context.Context, attachment Attachment) {
	if recorder, ok := ctx.Value(recorderKey{}).(Recorder); ok {
		attachment.At = time.Now()
		recorder.Attach(attachment)
	}
}

// Logf notes something that helps to understand the running step. It is shown
// beneath that step if the scenario fails, or always under go test -v, and it is
// an attachment in reports. Without a recorder in the context it does nothing.
// Use it in place of godog.Log, which writes to standard output, between the
// lines of other scenarios.
func Logf(ctx context.Context, format string, args ...any) {
	if _, ok := ctx.Value(recorderKey{}).(Recorder); ok {
		Attach(ctx, Attachment{MediaType: LogMediaType, Text: fmt.Sprintf(format, args...)})
	}
}
