package timeline_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"example.com/groupcheckout/internal/golden"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/timeline"
)

// wedding has three streams, of which the reactor writes to all.
func wedding() evidence.Events {
	because := func(position int64) *evidence.Ref {
		return &evidence.Ref{Stream: "GroupCheckout-7", Position: position}
	}
	return evidence.Events{Streams: []evidence.Stream{
		{Name: "GuestStay-1", Label: "stay 101", Events: []evidence.Event{
			{Position: 0, Order: 0, Type: "CheckedIn", Text: "checked in", By: evidence.ByScenario},
			{Position: 1, Order: 1, Type: "Charged", Text: "charged 80.00", By: evidence.ByScenario},
			{Position: 2, Order: 4, Type: "TransferredToGroup", Text: "transferred to the group “Hansen wedding” with 80.00 unpaid", By: evidence.ByReactor, Cause: because(0)},
		}},
		{Name: "GuestStay-2", Label: "stay 102", Events: []evidence.Event{
			{Position: 0, Order: 2, Type: "CheckedIn", By: evidence.ByScenario},
			{Position: 1, Order: 5, Type: "TransferredToGroup", By: evidence.ByReactor, Cause: because(0)},
		}},
		{Name: "GroupCheckout-7", Label: "group “Hansen wedding”", Events: []evidence.Event{
			{Position: 0, Order: 3, Type: "StaysSelected", Text: "selected stays 101 and 102", By: evidence.ByScenario},
			{Position: 1, Order: 6, Type: "StaysMerged", Text: "merged stays 101 and 102", By: evidence.ByReactor, Cause: because(0)},
		}},
	}}
}

// coach has one group of a number of stays, each of which has three events.
func coach(stays int) evidence.Events {
	var events evidence.Events
	for i := range stays {
		name := fmt.Sprintf("GuestStay-%d", i)
		events.Streams = append(events.Streams, evidence.Stream{Name: name, Label: fmt.Sprintf("stay %d", 101+i), Events: []evidence.Event{
			{Position: 0, Order: 2 * i, Type: "CheckedIn", By: evidence.ByScenario},
			{Position: 1, Order: 2*i + 1, Type: "Charged", By: evidence.ByScenario},
			{Position: 2, Order: 2*stays + 1 + i, Type: "TransferredToGroup", By: evidence.ByReactor, Cause: &evidence.Ref{Stream: "GroupCheckout-7"}},
		}})
	}
	events.Streams = append(events.Streams, evidence.Stream{Name: "GroupCheckout-7", Label: "group “Coach tour”", Events: []evidence.Event{
		{Order: 2 * stays, Type: "StaysSelected", By: evidence.ByScenario},
	}})
	return events
}

func hostile() evidence.Events {
	return evidence.Events{Streams: []evidence.Stream{{
		Name: `"><script>alert(1)</script>`, Label: `</text><script>alert(2)</script>`, Events: []evidence.Event{
			{Text: `<img src=x onerror="alert(3)">`, Type: "T", By: evidence.ByReactor},
			{Position: 1, Order: 1, Text: "bell \x07, half a letter \xc3, ]]> and &amp;", By: "</svg>"},
			{Position: 2, Order: 2, Text: strings.Repeat("endless", 200)},
		},
	}}}
}

// options are those of most tests.
func options() timeline.Options {
	return timeline.Options{Reactor: "by the reactor", MaxLanes: 8, MaxEvents: 40}
}

func TestDrawings(t *testing.T) {
	t.Parallel()
	for name, events := range map[string]evidence.Events{
		"wedding": wedding(), "coach": coach(1000), "hostile": hostile(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compare(t, name+".svg", string(timeline.Draw(events, options())))
			compare(t, name+".html", string(timeline.List(events, options())))
		})
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	// A tag a line, so that a difference can be read.
	golden.Compare(t, name, strings.ReplaceAll(got, "><", ">\n<")+"\n")
}

func TestNothingIsDrawnOfNothing(t *testing.T) {
	t.Parallel()
	for _, events := range []evidence.Events{{}, {Streams: []evidence.Stream{{Name: "A-1"}}}} {
		if got := timeline.Draw(events, options()) + timeline.List(events, options()); got != "" {
			t.Errorf("got %q, want nothing", got)
		}
	}
}

// TestTheGroupIsShownAmongAThousandStays although it was written to last.
func TestTheGroupIsShownAmongAThousandStays(t *testing.T) {
	t.Parallel()
	got := strings.ReplaceAll(string(timeline.Draw(coach(1000), options())), "<br>", " ")
	for _, want := range []string{"group “Coach tour”", "stay 101", "and 993 more stays, with 2,979 events: 993 checked in; 993 charged"} {
		if !strings.Contains(got, want) {
			t.Errorf("the drawing lacks %q", want)
		}
	}
	if strings.Contains(got, "stay 108") {
		t.Error("the drawing shows the eighth stay, want seven and the group")
	}
	if len(got) > 8<<10 {
		t.Errorf("got %d bytes, want at most 8 KiB", len(got))
	}
}

func TestStreamsThatAreNotShownAreCountedByWhatTheyAre(t *testing.T) {
	t.Parallel()
	var events evidence.Events
	for i, label := range []string{"stay 101", `the group "Hansen"`, "stay 102", "stay 103", `the group "Club"`, `the group "Choir"`, "an audit"} {
		events.Streams = append(events.Streams, evidence.Stream{Name: label, Label: label, Events: []evidence.Event{{Order: i, Text: "began"}}})
	}
	for lanes, want := range map[int]string{
		3: "and 2 more stays, 2 more groups, with 4 events: 4 began",
		4: "and 1 more stay, 2 more groups, with 3 events: 3 began",
		2: "and 3 more groups, 2 more stays, with 5 events: 5 began",
	} {
		if got := string(timeline.List(events, timeline.Options{MaxLanes: lanes, MaxEvents: 40})); !strings.Contains(got, ">"+want+"<") {
			t.Errorf("with %d lanes: got %s, want %q in it", lanes, got, want)
		}
	}
}

func TestEventsBeyondTheLimitAreCounted(t *testing.T) {
	t.Parallel()
	got := string(timeline.List(coach(4), timeline.Options{Reactor: "by the reactor", MaxLanes: 8, MaxEvents: 8}))
	if !strings.Contains(got, "… 3 more events: 2 charged; 1 checked in …</li><li><b>group “Coach tour”</b> stays selected</li>") || !strings.Contains(got, "… 2 more events: 2 transferred to group …") {
		t.Errorf("got %s, want gaps of 5 of the 13 events that say what they leave out, and between them what is rare", got)
	}
	if n := strings.Count(got, "<li>"); n != 8 {
		t.Errorf("got %d events, want 8", n)
	}
	if !strings.HasSuffix(got, "<li><b>stay 104</b> transferred to group <span class=\"timeline-by\">(by the reactor, because of group “Coach tour” stays selected)</span></li></ol>") {
		t.Errorf("got %s, want the last event at its end", got)
	}
}

// TestAGapTellsOfFourKindsOfEventsAndCountsTheOthers.
func TestAGapTellsOfFourKindsOfEventsAndCountsTheOthers(t *testing.T) {
	t.Parallel()
	stream := evidence.Stream{Name: "Truck-1", Label: "the truck"}
	for i, says := range []string{"began", "a", "2 sent", "c", "d", "a", "e", "f", "g", "ended"} {
		stream.Events = append(stream.Events, evidence.Event{Position: int64(i), Order: i, Text: says})
	}
	got := string(timeline.List(evidence.Events{Streams: []evidence.Stream{stream}}, timeline.Options{MaxLanes: 1, MaxEvents: 2}))
	const want = "8 more events: 2 a; 1 × 2 sent; 1 c; 1 d; 3 others"
	if !strings.Contains(got, want) {
		t.Errorf("got %s, want %q in it", got, want)
	}
}

func TestAnArrowForEachCauseThatIsShown(t *testing.T) {
	t.Parallel()
	events := wedding()
	events.Streams[1].Events[1].Cause = &evidence.Ref{Stream: "GroupCheckout-7", Position: 99} // unknown
	arrows := strings.Split(string(timeline.Draw(events, options())), "<path")[5]
	if got := strings.Count(arrows, "M"); got != 2 {
		t.Errorf("got %d arrows, want 2 of the 3 reactions:\n%s", got, arrows)
	}
}

// TestMomentsAreBetweenTheEventsOfTheirSteps has a scenario that is refused something
// while the reactor is stopped.
func TestMomentsAreBetweenTheEventsOfTheirSteps(t *testing.T) {
	t.Parallel()
	events := wedding()
	for _, stream := range events.Streams {
		for k := range stream.Events {
			stream.Events[k].Step = map[evidence.Writer]int{evidence.ByScenario: 0, evidence.ByReactor: 4}[stream.Events[k].By]
		}
	}
	with := options()
	with.Moments = []timeline.Moment{
		{Step: 1, Kind: timeline.Stopped, Text: "the reactor is stopped"},
		{Step: 2, Kind: timeline.Refused, Text: "Ann asks – refused: <wait>", About: "group “Hansen wedding”"},
		{Step: 3, Kind: timeline.Elapsed, Text: "30 days pass"},
		{Step: 4, Kind: timeline.Resumed, Text: "the reactor starts again"},
		{Step: 5, Kind: timeline.Tried, Text: "Ann asks again", About: "nobody"},
		{Step: 6, Kind: timeline.Broken, Text: "it breaks down"},
	}
	list := string(timeline.List(events, with))
	at := 0
	for _, want := range []string{
		"selected stays 101 and 102</li>", "<li>the reactor is stopped</li>", `<li class="timeline-refused">Ann asks – refused: &lt;wait&gt;</li>`,
		"<li>30 days pass</li>", "<li>the reactor starts again</li>", "transferred to the group", "<li>Ann asks again</li>", "<li>it breaks down</li>",
	} {
		i := strings.Index(list[at:], want)
		if i < 0 {
			t.Fatalf("the list lacks, after all that should come before: %s\n%s", want, list)
		}
		at += i
	}
	compare(t, "moments.svg", string(timeline.Draw(events, with)))
}

func TestWhatDiffersIsMarked(t *testing.T) {
	t.Parallel()
	with := options()
	with.Differs = func(label, text string) bool { return label == "stay 101" && text == "charged 80.00" }
	for _, drawn := range []string{string(timeline.Draw(wedding(), with)), string(timeline.List(wedding(), with))} {
		if strings.Count(drawn, "<mark>") != 1 || !strings.Contains(drawn, "<mark><b>stay 101</b> charged 80.00</mark>") {
			t.Errorf("got %s, want one event marked", drawn)
		}
	}
}

func TestWhoDidItAndWhyIsTextToo(t *testing.T) {
	t.Parallel()
	drawn := string(timeline.Draw(wedding(), options()))
	if want := "<i>, by the reactor, because of group “Hansen wedding” selected stays 101 and 102</i>"; strings.Count(drawn, want) != 3 {
		t.Errorf("got %s, want %s three times", drawn, want)
	}
}

func TestTypesWithoutATextAreSpelledOut(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]string{
		"TransferredToGroup": "transferred to group",
		"stay_checked-out":   "stay checked out",
		"HTTPRequestFailed":  "HTTP request failed",
		"ÅbenEvent":          "åben event",
		"":                   "something",
	} {
		events := evidence.Events{Streams: []evidence.Stream{{Name: "OpenAccount-12", Events: []evidence.Event{{Type: typ}}}}}
		if got := timeline.List(events, options()); !strings.Contains(string(got), "<b>open account</b> "+want+"</li>") {
			t.Errorf("type %q: got %s, want the text %q", typ, got, want)
		}
	}
}

func TestAPictureHasNoStyleOfItsOwn(t *testing.T) {
	t.Parallel()
	got := string(timeline.Draw(wedding(), options()))
	for _, want := range []string{"<li><b>stay 101</b> charged 80.00", `<path d="M57 110q0 41-30 41m8-4-8 4 8 4`, "<br>"} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %s:\n%s", want, got)
		}
	}
	for n := range strings.Count(got, "<path") {
		if !strings.Contains(timeline.Style(), fmt.Sprintf("path:nth-child(%d){", n+1)) {
			t.Errorf("the style has nothing for path %d", n+1)
		}
	}
}

// FuzzNoTextBecomesAnElement or an attribute that was not drawn, whatever the
// events.
func FuzzNoTextBecomesAnElement(f *testing.F) {
	for _, events := range []evidence.Events{wedding(), coach(20), hostile(), {}} {
		seed, err := json.Marshal(events)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed, "a name", "a title", 3, 5)
	}
	f.Fuzz(func(t *testing.T, data []byte, name, title string, lanes, limit int) {
		var events evidence.Events
		if json.Unmarshal(data, &events) != nil {
			// Whatever it is, it may be the text of an event.
			events.Streams = []evidence.Stream{{Name: name, Label: string(data), Events: []evidence.Event{{Text: string(data)}, {Type: title, Order: -1}}}}
		}
		options := timeline.Options{
			Reactor: title, MaxLanes: max(1, lanes), MaxEvents: max(1, limit),
			Moments: []timeline.Moment{{Step: lanes, Kind: timeline.Kind(limit % 7), Text: title, About: name}},
			Differs: func(label, text string) bool { return len(label) < len(text) },
		}
		drawing, list := timeline.Draw(events, options), timeline.List(events, options)
		check(t, string(drawing))
		check(t, string(list))
		if list != "" {
			if err := xml.Unmarshal([]byte(list), new(struct{})); err != nil {
				t.Errorf("the list is no well-formed XML: %v\n%s", err, list)
			}
		}
		if again := timeline.Draw(events, options); again != drawing {
			t.Error("the same events are drawn in two ways")
		}
	})
}

// check fails the test on an element or an attribute that nobody drew.
func check(t *testing.T, drawn string) {
	t.Helper()
	known := map[string]string{
		"svg": "viewbox width", "path": "d", "foreignobject": "x", "ol": "class", "li": "class", "b": "", "i": "", "mark": "", "br": "", "span": "class",
	}
	tokens := html.NewTokenizer(strings.NewReader(drawn))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		if token.Type == html.TextToken {
			continue
		}
		attributes, is := known[token.Data]
		if !is {
			t.Fatalf("got %s\n%s", token, drawn)
		}
		for _, attribute := range token.Attr {
			if !slices.Contains(strings.Fields(attributes), attribute.Key) {
				t.Fatalf("got an attribute %s of %s\n%s", attribute.Key, token.Data, drawn)
			}
		}
	}
}

func TestTheKindOfAStreamIsNotItsOwner(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{
		"Anna's stay": "stay", "Ben’s stay": "stay", "the truck 7": "truck", "stay 101": "stay",
		`the group "Smith's wedding"`: "group", "group “Ben’s party”": "group", "Ann's group “Ben’s party”": "group", "101": "101",
	} {
		if got := timeline.StreamKind(evidence.Stream{Label: label}); got != want {
			t.Errorf("%s: got the kind %q, want %q", label, got, want)
		}
	}
}
