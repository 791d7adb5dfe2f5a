//go:build unix

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// life is what is known of a process: what it logged, and when the test was at it.
type life struct {
	lines []said
	away  []absence
}

// said is a line of a log, as far as it is of interest here.
type said struct {
	Time   time.Time
	Level  string
	Msg    string
	Slot   int
	Token  int64
	Stream string
}

// absence is when a process was paused, or from when on it was dead or about to stop.
type absence struct {
	from, to time.Time // to is zero for good
	stopped  bool      // in order: calls under way may go on
}

// linesOf reads what a process logged.
func linesOf(output string) (lines []said) {
	for text := range strings.Lines(output) {
		var line said
		if json.Unmarshal([]byte(text), &line) == nil {
			lines = append(lines, line)
		}
	}
	return lines
}

// gap is a time for which nobody worked on a slot.
type gap struct {
	slot     int
	from, to time.Time
	stop     bool // it began with a stop in order
}

func (g gap) length() time.Duration { return g.to.Sub(g.from) }

// soon is within what a process that goes on notices that its lease is over.
const soon = time.Second

// gaps are the times for which nobody worked on a slot: from the moment when its holder
// could not go on, was told to stop, or lost it, until somebody has begun to work on it.
// What lies behind end is of no interest.
func gaps(lives []life, slots int, end time.Time) (found []gap) {
	type turn struct {
		from, to time.Time
		token    int64
		stop     bool // how it ended
	}
	for slot := range slots {
		var turns []turn
		for _, l := range lives {
			for i, line := range l.lines {
				if line.Msg != "works on a slot" || line.Slot != slot {
					continue
				}
				t, lost := turn{from: line.Time, to: end, token: line.Token}, false
				for _, later := range l.lines[i+1:] {
					if strings.HasPrefix(later.Msg, "a slot was ") && later.Slot == slot {
						t.to, lost = later.Time, strings.HasPrefix(later.Msg, "a slot was lost")
						break
					}
				}
				// Work rests while a process is away. Who finds its slot lost as soon as it
				// goes on has not worked in between.
				over := t.to
				for _, a := range l.away {
					switch {
					case !a.from.Before(t.to) || !a.to.IsZero() && !a.to.After(t.from):
					case a.to.IsZero() || !a.to.Before(over), lost && over.Sub(a.to) < soon:
						t.to, t.stop = a.from, a.stopped
					default:
						if t.from.Before(a.from) {
							turns = append(turns, turn{t.from, a.from, t.token, false})
						}
						t.from = a.to
					}
				}
				if t.from.Before(t.to) {
					turns = append(turns, t)
				}
			}
		}
		slices.SortFunc(turns, func(a, b turn) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
		if len(turns) == 0 {
			found = append(found, gap{slot: slot, to: end})
			continue
		}
		last := turns[0]
		for _, next := range append(turns[1:], turn{from: end, to: end, token: last.token}) {
			if next.token < last.token && next.from.Before(end) {
				continue // it was paused before it could say so, and another has it since
			}
			if next.from.After(last.to) {
				g := gap{slot, last.to, next.from, last.stop}
				if next.token > last.token+1 {
					g.from, g.stop = lastHit(lives, g), false // whoever took it in between was hit before it had begun
				}
				found = append(found, g)
			}
			if next.to.After(last.to) {
				last.to, last.stop = next.to, next.stop
			}
			last.token = max(last.token, next.token)
		}
	}
	return found
}

// lastHit is when a process was paused, killed or stopped last in a gap, or its beginning.
func lastHit(lives []life, g gap) time.Time {
	last := g.from
	for _, l := range lives {
		for _, a := range l.away {
			if a.from.After(last) && a.from.Before(g.to) {
				last = a.from
			}
		}
	}
	return last
}

// called is a call of a handler.
type called struct {
	stream     string
	by         int // which process
	begin, end time.Time
}

// overlaps are pairs of calls for one stream at the same time: those that may be, since
// one who called was paused for so long that its slot was taken over meanwhile, and those
// that may not.
func overlaps(lives []life, lease time.Duration, end time.Time) (calls int, allowed, others [][2]called) {
	byStream := map[string][]called{}
	for i, l := range lives {
		ends := end
		for _, a := range l.away {
			if a.to.IsZero() && !a.stopped {
				ends = a.from // it was killed
			}
		}
		running := map[string]time.Time{}
		for _, line := range l.lines {
			begin, runs := running[line.Stream]
			switch line.Msg {
			case "a call begins":
				if runs { // that would be within one process
					byStream[line.Stream] = append(byStream[line.Stream], called{line.Stream, i, begin, ends})
				}
				running[line.Stream] = line.Time
			case "a call returned":
				if runs {
					byStream[line.Stream] = append(byStream[line.Stream], called{line.Stream, i, begin, line.Time})
					delete(running, line.Stream)
				}
			}
		}
		for stream, begin := range running {
			byStream[stream] = append(byStream[stream], called{stream, i, begin, ends})
		}
	}
	for _, stream := range slices.Sorted(maps.Keys(byStream)) {
		all := byStream[stream]
		slices.SortFunc(all, func(a, b called) int { return a.begin.Compare(b.begin) })
		calls += len(all)
		for i, first := range all {
			for _, second := range all[i+1:] {
				switch {
				case !second.begin.Before(first.end):
				case first.by != second.by && (paused(lives[first.by], lease, first.begin, second.begin) || paused(lives[second.by], lease, second.begin.Add(-soon), second.begin)):
					allowed = append(allowed, [2]called{first, second})
				default:
					others = append(others, [2]called{first, second})
				}
			}
		}
	}
	return calls, allowed, others
}

// paused tells whether a process was paused for a part of a time, and for so long that
// others may have taken its slots. It counts as silent from its last sign of life on, and
// pauses that follow each other too closely for a sign of life are one.
func paused(l life, lease time.Duration, from, to time.Time) bool {
	var since, until time.Time // of the pauses so far that are one
	for _, a := range l.away {
		if a.to.IsZero() {
			continue
		}
		if a.from.Sub(until) >= soon {
			since = a.from
		}
		if until = a.to; until.Sub(since) > lease/2 && a.from.Before(to) && a.to.After(from) {
			return true
		}
	}
	return false
}

// show logs what happened in a time.
func show(t *testing.T, lives []life, what string, from, to time.Time) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "%s, from %s to %s:\n", what, from.Format(time.StampMicro), to.Format(time.StampMicro))
	for i, l := range lives {
		for _, a := range l.away {
			if a.from.Before(to) && (a.to.IsZero() && a.from.After(from.Add(-soon)) || a.to.After(from)) {
				fmt.Fprintf(&text, "process %d was away from %s to %s\n", i, a.from.Format(time.StampMicro), a.to.Format(time.StampMicro))
			}
		}
		for _, line := range l.lines {
			if line.Time.After(from.Add(-soon)) && !line.Time.After(to.Add(soon)) && line.Msg != "a batch was read" {
				fmt.Fprintf(&text, "process %d at %s: %s, slot %d, token %d, %s\n", i, line.Time.Format(time.StampMicro), line.Msg, line.Slot, line.Token, line.Stream)
			}
		}
	}
	t.Log(text.String())
}

// Moments of the scripts below, in seconds.
func second(n float64) time.Time { return time.Unix(0, 0).Add(time.Duration(n * float64(time.Second))) }

func took(at float64, token int64) said {
	return said{Time: second(at), Msg: "works on a slot", Token: token}
}

func lost(at float64) said { return said{Time: second(at), Msg: "a slot was lost: …"} }

func begins(at float64) said { return said{Time: second(at), Msg: "a call begins", Stream: "s"} }

func returned(at float64) said { return said{Time: second(at), Msg: "a call returned", Stream: "s"} }

func away(from, to float64) absence { return absence{from: second(from), to: second(to)} }

func killed(at float64) absence { return absence{from: second(at)} }

func told(at float64) absence { return absence{from: second(at), stopped: true} }

func TestTimesWithoutAHolderAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lives []life
		want  string
	}{
		"nobody ever":                 {[]life{{}}, "[0-100]"},
		"one works":                   {[]life{{lines: []said{took(0, 1)}}}, "[]"},
		"a short pause":               {[]life{{lines: []said{took(0, 1)}, away: []absence{away(10, 11)}}}, "[10-11]"},
		"killed and taken over":       {[]life{{lines: []said{took(0, 1)}, away: []absence{killed(10)}}, {lines: []said{took(14, 2)}}}, "[10-14]"},
		"killed and not taken over":   {[]life{{lines: []said{took(0, 1)}, away: []absence{killed(10)}}, {}}, "[10-100]"},
		"told to stop":                {[]life{{lines: []said{took(0, 1)}, away: []absence{told(10)}}, {lines: []said{took(10.5, 2)}}}, "[10-10.5 stop]"},
		"paused and taken over":       {[]life{{lines: []said{took(0, 1), lost(18)}, away: []absence{away(10, 17.9)}}, {lines: []said{took(14, 2)}}}, "[10-14]"},
		"taken over after the pause":  {[]life{{lines: []said{took(0, 1), lost(15)}, away: []absence{away(10, 14.9)}}, {lines: []said{took(15.5, 2)}}}, "[10-15.5]"},
		"lost, without a pause":       {[]life{{lines: []said{took(0, 1), lost(10), took(11, 2)}}}, "[10-11]"},
		"handed over":                 {[]life{{lines: []said{took(0, 1), {Time: second(10), Msg: "a slot was handed over to another process"}}}, {lines: []said{took(10.25, 2)}}}, "[10-10.25]"},
		"handed over after a pause":   {[]life{{lines: []said{took(0, 1), {Time: second(10), Msg: "a slot was handed over to another process"}}, away: []absence{away(9, 9.5)}}, {lines: []said{took(10.25, 2)}}}, "[9-9.5 10-10.25]"},
		"the next was hit as well":    {[]life{{lines: []said{took(0, 1)}, away: []absence{killed(10)}}, {away: []absence{killed(14)}}, {lines: []said{took(17, 3)}}}, "[14-17]"},
		"said when it was lost again": {[]life{{lines: []said{took(0, 1)}, away: []absence{killed(10)}}, {lines: []said{took(20, 2), lost(20.1)}, away: []absence{away(12, 19.9)}}, {lines: []said{took(16, 3)}}}, "[12-16]"},
	} {
		var got []string
		for _, g := range gaps(c.lives, 1, second(100)) {
			from := max(g.from.Sub(second(0)), 0)
			text := fmt.Sprintf("%v-%v", from.Seconds(), g.to.Sub(second(0)).Seconds())
			if g.stop {
				text += " stop"
			}
			got = append(got, text)
		}
		if text := fmt.Sprint(got); text != c.want {
			t.Errorf("%s: got %s, want %s", name, text, c.want)
		}
	}
}

func TestCallsAtTheSameTimeAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lives           []life
		allowed, others int
	}{
		"one after the other":              {[]life{{lines: []said{begins(1), returned(2)}}, {lines: []said{begins(2), returned(3)}}}, 0, 0},
		"two at once":                      {[]life{{lines: []said{begins(1), returned(2)}}, {lines: []said{begins(1.5), returned(3)}}}, 0, 1},
		"two at once in one process":       {[]life{{lines: []said{begins(1), begins(1.5), returned(2)}}}, 0, 1},
		"killed, and called by the next":   {[]life{{lines: []said{begins(1)}, away: []absence{killed(2)}}, {lines: []said{begins(2.1), returned(3)}}}, 0, 0},
		"paused, and called by the next":   {[]life{{lines: []said{begins(1), returned(9)}, away: []absence{away(2, 8)}}, {lines: []said{begins(7), returned(8.5)}}}, 1, 0},
		"paused too shortly":               {[]life{{lines: []said{begins(1), returned(9)}, away: []absence{away(2, 4)}}, {lines: []said{begins(7), returned(8.5)}}}, 0, 1},
		"paused again and again":           {[]life{{lines: []said{begins(1), returned(9)}, away: []absence{away(2, 4), away(4.1, 6), away(6.1, 8)}}, {lines: []said{begins(7), returned(8.5)}}}, 1, 0},
		"paused with time in between":      {[]life{{lines: []said{begins(1), returned(9)}, away: []absence{away(2, 4), away(5, 7), away(8, 8.5)}}, {lines: []said{begins(7), returned(8.5)}}}, 0, 1},
		"paused between calls":             {[]life{{lines: []said{begins(1), returned(9)}, away: []absence{away(0.2, 0.8)}}, {lines: []said{begins(7), returned(8.5)}}}, 0, 1},
		"paused when it had been decided":  {[]life{{lines: []said{begins(8), returned(9)}, away: []absence{away(2, 7.9)}}, {lines: []said{begins(7), returned(8.5)}}}, 1, 0},
		"told to stop, and not waited for": {[]life{{lines: []said{begins(1), returned(3)}, away: []absence{told(1.2)}}, {lines: []said{begins(2), returned(2.5)}}}, 0, 1},
	} {
		_, allowed, others := overlaps(c.lives, 10*time.Second, second(100))
		if len(allowed) != c.allowed || len(others) != c.others {
			t.Errorf("%s: got %d overlaps that may be and %d others, want %d and %d", name, len(allowed), len(others), c.allowed, c.others)
		}
	}
}
