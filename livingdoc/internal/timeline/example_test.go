package timeline_test

import (
	"fmt"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/timeline"
)

// The same events as a picture, and in words for those who cannot see it.
func ExampleDraw() {
	events := evidence.Events{Streams: []evidence.Stream{
		{Name: "Truck-1", Label: "truck T1", Events: []evidence.Event{{Order: 0, Type: "Unloaded", Text: "2 parcels unloaded", By: evidence.ByScenario}}},
		{Name: "Chute-1", Label: "chute for Oslo", Events: []evidence.Event{{
			Order: 1, Type: "Took", Text: "took parcel A", By: evidence.ByReactor, Cause: &evidence.Ref{Stream: "Truck-1"},
		}}},
	}}
	picture := timeline.Draw(events, timeline.Options{Title: "Sorting"})
	fmt.Println(strings.Contains(string(picture), "<svg"))
	fmt.Println(timeline.List(events, timeline.Options{Title: "Sorting"}))
	// Output:
	// true
	// <ol class="timeline-list"><li><b>truck T1</b> 2 parcels unloaded</li><li><b>chute for Oslo</b> took parcel A <span class="timeline-by">(by the reactor, because of truck T1 2 parcels unloaded)</span></li></ol>
}
