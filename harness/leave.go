package harness

import (
	"context"
	"encoding/json"
	"fmt"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/livingdoc/evidence"
)

// leaveEvidence attaches to the scenario's report what really happened.
func (w *World) leaveEvidence(ctx context.Context) error {
	w.mu.Lock()
	waits := append([]evidence.Wait{}, w.waits...) // never null in JSON
	w.mu.Unlock()
	for _, part := range []struct {
		mediaType, fileName string
		value               any
	}{
		{evidence.EventsMediaType, "events.json", evidence.Events{Streams: w.harness.journal.streams(w)}},
		{evidence.WaitsMediaType, "waits.json", evidence.Waits{Waits: waits}},
	} {
		text, err := json.Marshal(part.value)
		if err != nil {
			return fmt.Errorf("write %s of the scenario: %w", part.fileName, err)
		}
		gherkin.Attach(ctx, gherkin.Attachment{MediaType: part.mediaType, FileName: part.fileName, Text: string(text)})
	}
	return nil
}
