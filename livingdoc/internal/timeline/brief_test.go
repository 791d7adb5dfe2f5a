package timeline_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/timeline"
)

func TestABriefPictureHasTheSameTextsAndNoStyle(t *testing.T) {
	t.Parallel()
	long := string(timeline.Draw(wedding(), timeline.Options{}))
	short := string(timeline.Draw(wedding(), timeline.Options{Brief: true}))
	if len(short)*2 > len(long) {
		t.Errorf("it has %d bytes and not less than half of %d:\n%s", len(short), len(long), short)
	}
	for _, want := range []string{"<li><b>stay 101</b> charged 80.00", `<path d="M57 110q0 41-30 41m8-4-8 4 8 4`, "<br>"} {
		if !strings.Contains(short, want) {
			t.Errorf("it lacks %s:\n%s", want, short)
		}
	}
	for n := range strings.Count(short, "<path") {
		if !strings.Contains(timeline.Style(), fmt.Sprintf("path:nth-child(%d){", n+1)) {
			t.Errorf("the style has nothing for path %d", n+1)
		}
	}
	for _, never := range []string{"style=", "id=", "<title"} {
		if strings.Contains(short, never) {
			t.Errorf("it has %s:\n%s", never, short)
		}
	}
}

func TestNoTextLeavesABriefPicture(t *testing.T) {
	t.Parallel()
	bad := `</text><script>alert(1)</script> " onload="x`
	events := evidence.Events{Streams: []evidence.Stream{
		{Name: bad, Label: bad, Events: []evidence.Event{{Text: bad, Type: bad, By: evidence.ByScenario}}},
		{Name: "b", Label: bad, Events: []evidence.Event{{Order: 1, Text: bad, By: evidence.ByReactor, Cause: &evidence.Ref{Stream: bad}}}},
	}}
	if got := string(timeline.Draw(events, timeline.Options{Brief: true})); strings.Contains(got, "<script") || !strings.Contains(got, "&lt;script") {
		t.Errorf("got:\n%s", got)
	}
}
