package timeline_test

import (
	"strings"
	"testing"

	"groupcheckout/harness/evidence"
	"groupcheckout/harness/livingdoc/timeline"
)

func TestABriefPictureHasTheSameTextsAndNoStyle(t *testing.T) {
	t.Parallel()
	long := string(timeline.Draw(wedding(), timeline.Options{}))
	short := string(timeline.Draw(wedding(), timeline.Options{Brief: true}))
	if len(short)*2 > len(long) {
		t.Errorf("it has %d bytes and not less than half of %d:\n%s", len(short), len(long), short)
	}
	for _, want := range []string{"<tspan>stay 101</tspan> charged 80.00", "class=ta", "class=tr"} {
		if !strings.Contains(short, want) {
			t.Errorf("it lacks %s:\n%s", want, short)
		}
	}
	for _, class := range []string{"tl", "ta", "th", "ts", "tr"} {
		if !strings.Contains(timeline.Style(), "."+class+"{") {
			t.Errorf("the style has nothing for %s", class)
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
