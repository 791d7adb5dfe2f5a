package reactor

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/cockroachdb/datadriven"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// TestCore runs the scripts in testdata/core. A script tells the core what
// happens and shows what it makes of it. Times are seconds since the script
// began; pauses after failures are 1 s, 2 s, 4 s and so on.
//
//	core [writers=n] [hung=n] [hangs=seconds] [stuck=n] [held=n] [whole=n] [remember=n]
//	                                   makes a new core; 8, 2, 60, 100, 100, any number and 100
//	start A [from=n]                   adds the tranche A
//	submit A next=n                    a batch; on the next line its deliveries:
//	a@0 a@1 b@0/101                    events 0 and 1 of the stream a, 0 of b in front of 101
//	dispatch [now=n]                   which calls are to be made?
//	return a observed=n [now=n]        the call for a is back
//	return a err=text [now=n]          the call for a failed
//	look A end=n [able=false] [now=n]  the leader says where the feed ends
//	aside a [now=n]                    sets the stream a aside
//	retry a, drop a                    has it retried; takes it off the list
//	wake                               when to dispatch again at the latest?
//	state                              everything that the core knows
func TestCore(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/core", func(t *testing.T, path string) {
		t.Helper()
		t.Parallel()
		s := &script{}
		datadriven.RunTest(t, path, s.run)
	})
}

// script is a core that is told what to do by a file.
type script struct {
	core  *core
	shown map[feed.Tranche]feed.Position
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "core":
		s.core = newCore(limits{
			maxWriters: number(t, d, "writers", 8), maxHung: number(t, d, "hung", 2), hangs: time.Duration(number(t, d, "hangs", 60)) * time.Second,
			still:    30 * time.Second,
			maxStuck: number(t, d, "stuck", 100), maxHeld: number(t, d, "held", 100), maxWhole: number(t, d, "whole", 0),
			costs: counting(), remember: number(t, d, "remember", 100),
		}, newDoubling)
		s.shown = map[feed.Tranche]feed.Position{}
		return ""
	case "start":
		tranche, from := feed.Tranche(d.CmdArgs[0].Key), feed.Position(number(t, d, "from", 0))
		s.core.start(tranche, from)
		s.core.hold(tranche, 0, from)
		s.shown[tranche] = from
		return ""
	case "submit":
		batch := feed.Batch{Next: feed.Position(number(t, d, "next", 0)), Events: deliveries(t, d.Input)}
		s.core.submit(feed.Tranche(d.CmdArgs[0].Key), batch)
		return s.effects()
	case "dispatch":
		var out strings.Builder
		for _, call := range s.core.dispatch(second(t, d)) {
			fmt.Fprintf(&out, "call %s with %s\n", call.stream.ID(), indexes(call.events))
		}
		if effects := s.effects(); effects != orNothing("") {
			out.WriteString(effects)
		}
		return orNothing(out.String())
	case "return":
		var err error
		if d.HasArg("err") {
			var text string
			d.ScanArgs(t, "err", &text)
			err = errors.New(text)
		}
		s.core.returned(streamNamed(d.CmdArgs[0].Key), es.Version(number(t, d, "observed", 0)), err, second(t, d))
		return s.effects()
	case "aside":
		s.core.setAside(streamNamed(d.CmdArgs[0].Key), "poisoned", second(t, d), 0)
		return s.effects()
	case "retry":
		s.core.retry(streamNamed(d.CmdArgs[0].Key))
		return s.effects()
	case "drop":
		s.core.drop(streamNamed(d.CmdArgs[0].Key))
		return s.effects()
	case "look":
		able := true
		d.MaybeScanArgs(t, "able", &able)
		s.core.looked(feed.Tranche(d.CmdArgs[0].Key), feed.Position(number(t, d, "end", 0)), able, second(t, d))
		return s.effects()
	case "wake":
		if at, ok := s.core.wake(); ok {
			return fmt.Sprintln("at", since(at))
		}
		return "no need\n"
	case "state":
		return s.state()
	}
	t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
	return ""
}

// effects is what drain tells, in words.
func (s *script) effects() string {
	var out strings.Builder
	effects := s.core.drain()
	for _, occurrence := range effects.occurred {
		switch o := occurrence.(type) {
		case Retired:
			fmt.Fprintf(&out, "%s is retired up to %d\n", o.Stream.ID(), o.UpTo)
		case Troubled:
			fmt.Fprintf(&out, "%s is troubled: attempt %d since %s, next try at %s: %v\n", o.Stream.ID(), o.Attempts, since(o.Since), since(o.NextTry), o.Cause)
		case Recovered:
			fmt.Fprintf(&out, "%s has recovered from %d attempts in %s\n", o.Stream.ID(), o.Attempts, o.After)
		case SetAside:
			fmt.Fprintf(&out, "%s is set aside up to %d: %s\n", o.Stream.ID(), o.UpTo, o.Cause)
		case TakenUp:
			fmt.Fprintf(&out, "%s is taken up again\n", o.Stream.ID())
		case StoodStill:
			fmt.Fprintf(&out, "%s stands still at %d since %s, and the feed ends at %d\n", o.Tranche, o.Position, since(o.Since), o.End)
		case GotOn:
			fmt.Fprintf(&out, "%s gets on, at %d\n", o.Tranche, o.Position)
		case Hung:
			fmt.Fprintf(&out, "the call for %s hangs, since %s\n", o.Stream.ID(), since(o.Since))
		default:
			fmt.Fprintf(&out, "unexpected: %#v\n", o)
		}
	}
	for _, tranche := range effects.freed {
		fmt.Fprintf(&out, "a slot of %s is free\n", tranche)
	}
	for _, tranche := range slices.Sorted(maps.Keys(s.shown)) {
		if position := s.core.position(tranche); position != s.shown[tranche] {
			fmt.Fprintf(&out, "%s is completed up to %d\n", tranche, position)
			s.shown[tranche] = position
		}
	}
	return orNothing(out.String())
}

// state is everything that the core knows, in words.
func (s *script) state() string {
	var lines []string
	for name, stream := range s.core.streams {
		line := fmt.Sprintf("%s: handled %d, waiting %s", name.ID(), stream.handled, waiting(stream))
		switch {
		case stream.hung:
			line += ", hanging"
		case stream.calling:
			line += ", being called"
		case stream.trouble != nil && stream.trouble.delayed:
			line += ", delayed to " + since(stream.trouble.retryAt)
		case stream.in == &s.core.ready:
			line += ", ready"
		case stream.in == &s.core.idle:
			line += ", idle"
		}
		lines = append(lines, line)
	}
	for name, p := range s.core.tranches {
		line := fmt.Sprintf("%s: read %d, position %d, %d batches open, %d of them with a slot", name, p.read, p.parts[0].position, len(p.parts[0].open), p.slots)
		if !s.core.room(p) {
			line += ", no room"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return fmt.Sprintf("%s\ncalls: %d\n", strings.Join(lines, "\n"), s.core.calling)
}

// counting are costs of one for each event.
func counting() costs { return costs{event: func(es.Event) int { return 1 }, bare: 1} }

// waiting is what waits of a stream: events, and the spans of those that are bare.
func waiting(s *stream) string {
	if len(s.waiting.bare) == 0 {
		return indexes(s.waiting.whole)
	}
	var words []string
	for _, e := range s.waiting.whole {
		words = append(words, fmt.Sprint(e.Index))
	}
	for _, b := range s.waiting.bare {
		words = append(words, fmt.Sprintf("%d..%d", b.from, b.to-1))
	}
	return strings.Join(words, " ")
}

// epoch is when scripts begin.
func epoch() time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) }

func second(t *testing.T, d *datadriven.TestData) time.Time {
	t.Helper()
	return epoch().Add(time.Duration(number(t, d, "now", 0)) * time.Second)
}

func since(at time.Time) string { return at.Sub(epoch()).String() }

// number is an argument of a command.
func number(t *testing.T, d *datadriven.TestData, name string, without int) int {
	t.Helper()
	d.MaybeScanArgs(t, name, &without)
	return without
}

// deliveries reads a line such as "a@0 a@1 b@0". With places it is "a@0/101 b@0/102".
func deliveries(t *testing.T, line string) []feed.Delivery {
	t.Helper()
	var found []feed.Delivery
	for word := range strings.FieldsSeq(strings.ReplaceAll(line, "@", " @ ")) {
		switch {
		case word == "@":
		case len(found) == 0 || found[len(found)-1].Event.Type != "":
			found = append(found, feed.Delivery{Stream: streamNamed(word)})
		default:
			last := &found[len(found)-1]
			last.Event.Type = "Happened"
			index, place, _ := strings.Cut(word, "/")
			check.Mustf(t, check.Error(fmt.Sscan(index+" "+cmp.Or(place, "0"), &last.Event.Index, &last.Next)), "deliveries %q", line)
		}
	}
	return found
}

// streamNamed is a stream with a short id.
func streamNamed(id string) es.StreamName {
	name, err := es.NewStreamName("Stream", id)
	if err != nil {
		panic(err)
	}
	return name
}

func indexes(events []es.Event) string {
	if len(events) == 0 {
		return "nothing"
	}
	words := make([]string, len(events))
	for i, e := range events {
		words[i] = fmt.Sprint(e.Index)
	}
	return strings.Join(words, " ")
}

func orNothing(text string) string {
	if text == "" {
		return "nothing\n"
	}
	return text
}

// doubling pauses 1 s, 2 s, 4 s and so on.
type doubling struct{ next time.Duration }

func newDoubling() backoff.BackOff { return &doubling{time.Second} }

func (d *doubling) NextBackOff() time.Duration {
	d.next *= 2
	return d.next / 2
}

func (d *doubling) Reset() { d.next = time.Second }

// A checkpoint may lie within a batch. What lies before it and was handled before it came
// has been told by then: whoever watches knows that no work is lost.
func TestWhatIsKnownIsToldBeforeACheckpointPassesIt(t *testing.T) {
	t.Parallel()
	limits := limits{maxWriters: 1, maxHung: 1, hangs: time.Hour, costs: counting(), maxStuck: 10, maxHeld: 1000, remember: 10}
	c, now := newCore(limits, newDoubling), epoch()
	delivery := func(index es.Version, next feed.Position) feed.Delivery {
		return feed.Delivery{Stream: streamNamed("a"), Event: es.Event{Index: index}, Next: next}
	}
	c.start("A", 0)
	c.hold("A", 0, 0)
	c.submit("A", feed.Batch{Next: 6, Events: []feed.Delivery{delivery(0, 6)}})
	c.dispatch(now)
	c.returned(streamNamed("a"), 2, nil, now) // it has written an event itself
	c.drain()
	c.submit("A", feed.Batch{Next: 9, Events: []feed.Delivery{delivery(1, 8), delivery(2, 9)}})
	told := c.drain().occurred
	check.Equal(t, "the completed position", 8, c.tranches["A"].part(0).completed())
	check.Equal(t, "what was told", fmt.Sprint([]Occurrence{Retired{streamNamed("a"), 2, nil}}), fmt.Sprint(told))
}
