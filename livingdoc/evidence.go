package livingdoc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
	"example.com/groupcheckout/livingdoc/internal/timeline"
)

// The most that a picture shows; what is beyond is counted.
const (
	mostLanes  = 6
	mostEvents = 32
	onPaper    = 16 // events, where a picture stands beside its example on one page
	mostLines  = 10 // of an account
)

// proof is what really happened in a row: on each store, or once for all those
// where it was the same.
type proof struct {
	Happened []happened
	Waits    []wait
	Books    []books
}

// Empty tells whether nothing is known.
func (p proof) Empty() bool { return len(p.Happened) == 0 && len(p.Waits) == 0 && len(p.Books) == 0 }

// happened is what was written.
type happened struct {
	Stores    []string
	Otherwise []string      // the stores among them where its streams were written to in another order
	Shown     template.HTML // a picture, or a list
	Streams   []stream

	moments []timeline.Moment
}

// Picture tells whether it is a picture.
func (h happened) Picture() bool { return strings.HasPrefix(string(h.Shown), "<svg") }

// stream is for developers.
type stream struct {
	Label    string
	Category string // "" if it is that of the one before
	From, To int64  // the positions of its first and last event
}

// wait is how long the stores were waited for at a step.
type wait struct {
	Step  string
	Cells []string // one for each store; "" if there was no wait on it
}

// books are the accounts at the end.
type books struct {
	Stores     []string
	Otherwise  []string // the stores among them on which lines were entered in another order
	Statements []statement
	whole      []evidence.Statement
}

// lineByLine puts the lines of accounts in an order that does not depend on which
// was entered first, which is often a matter of chance.
func lineByLine(list []evidence.Statement) []evidence.Statement {
	sorted := slices.Clone(list)
	for i := range sorted {
		sorted[i].Lines = slices.Clone(sorted[i].Lines)
		slices.SortStableFunc(sorted[i].Lines, func(a, b evidence.Line) int {
			return cmp.Or(strings.Compare(a.Text, b.Text), strings.Compare(a.Amount, b.Amount), strings.Compare(fmt.Sprint(a.Detail), fmt.Sprint(b.Detail)))
		})
	}
	return sorted
}

// statement is an account of which the first lines are shown.
type statement struct {
	evidence.Statement

	Lines   []line
	Left    int  // how many lines are not shown
	Differs bool // whether it comes to something else on another store
}

// line is one of an account.
type line struct {
	evidence.Line

	Differs bool // whether it is not so on another store
}

// shortened takes from accounts the lines that are beyond what is read.
func shortened(list []evidence.Statement) []statement {
	made := make([]statement, len(list))
	for i, s := range list {
		made[i] = statement{Statement: s, Left: max(len(s.Lines)-mostLines, 0)}
		for _, l := range s.Lines[:len(s.Lines)-made[i].Left] {
			made[i].Lines = append(made[i].Lines, line{Line: l})
		}
	}
	return made
}

// entered counts the lines of accounts, and what the accounts come to.
func (b books) entered() map[string]int {
	made := map[string]int{}
	for _, s := range b.whole {
		made[balanceOf(s)]++
		for _, l := range s.Lines {
			made[entryOf(s, l)]++
		}
	}
	return made
}

func balanceOf(s evidence.Statement) string { return fmt.Sprintf("%q: %q", s.Title, s.Balance) }

func entryOf(s evidence.Statement, l evidence.Line) string { return fmt.Sprintf("%q, %q", s.Title, l) }

// compareBooks marks what is not the same in the accounts of all.
func compareBooks(list []books) {
	entered := make([]map[string]int, len(list))
	for i, b := range list {
		entered[i] = b.entered()
	}
	for i, b := range list {
		differs := func(key string) bool {
			return slices.ContainsFunc(entered, func(other map[string]int) bool { return other[key] != entered[i][key] })
		}
		for k := range b.Statements {
			s := &b.Statements[k]
			s.Differs = differs(balanceOf(s.Statement))
			for n := range s.Lines {
				s.Lines[n].Differs = differs(entryOf(s.Statement, s.Lines[n].Line))
			}
		}
	}
}

// key says which signs there are in the pictures of a page.
type key struct{ Any, Refused, Tried bool }

// with adds those of a row.
func (k key) with(p proof) key {
	for _, h := range p.Happened {
		if h.Picture() {
			k.Any = true
			for _, m := range h.moments {
				k.Refused = k.Refused || m.Kind == timeline.Refused
				k.Tried = k.Tried || m.Kind == timeline.Tried
			}
		}
	}
	return k
}

// version is what happened on stores on which the same did.
type version struct {
	content string // by which it is told apart
	counts  map[[2]string]int
	result  run.Result // on the first of the stores
	h       happened
}

// proof gathers what is known of a row. A picture needs room, so it may be asked
// for lists only.
func (t *tree) proof(s *run.Scenario, row *run.Row, pictures bool) proof {
	made := proof{Waits: t.waits(row)}
	var versions []*version
	for i, result := range row.Results {
		name := t.stores[i].Name
		if content := contentOf(result.Events); content != "" {
			k := slices.IndexFunc(versions, func(v *version) bool { return v.content == content })
			if k < 0 {
				k = len(versions)
				versions = append(versions, &version{content: content, counts: spoken(result.Events), result: result, h: happened{Streams: streams(result.Events)}})
			}
			v := versions[k]
			v.h.Stores = append(v.h.Stores, name)
			if fmt.Sprint(timeline.List(result.Events, limits())) != fmt.Sprint(timeline.List(v.result.Events, limits())) {
				v.h.Otherwise = append(v.h.Otherwise, name)
			}
		}
		made.Books = booked(made.Books, name, result.Statements.Statements)
	}
	compareBooks(made.Books)
	for _, v := range versions {
		options := limits()
		if len(versions) > 1 {
			options.Differs = v.unlike(versions)
		}
		v.h.moments = moments(s, row, v.result)
		v.h.Shown = drawn(v.result.Events, v.h.moments, pictures, options)
		made.Happened = append(made.Happened, v.h)
	}
	return made
}

// from returns what is known, on one store before the others, and without waits.
func (p proof) from(store string) proof {
	made := proof{Happened: slices.Clone(p.Happened), Books: slices.Clone(p.Books)}
	slices.SortStableFunc(made.Happened, func(a, b happened) int { return later(a.Stores, store) - later(b.Stores, store) })
	slices.SortStableFunc(made.Books, func(a, b books) int { return later(a.Stores, store) - later(b.Stores, store) })
	return made
}

// later is 0 for a list that has a store, else 1.
func later(stores []string, store string) int {
	if slices.Contains(stores, store) {
		return 0
	}
	return 1
}

// contentOf tells what happened from what else may have: what each stream was told, in
// its order. Which stream was first, and what the reactor had read when it wrote, is
// often a matter of chance.
func contentOf(events evidence.Events) string {
	var made strings.Builder
	for _, stream := range streamByStream(events).Streams {
		for _, event := range stream.Events {
			label, says := timeline.Words(stream, event)
			made.WriteString(label + "\n" + says + "\n" + string(event.By) + "\n")
		}
	}
	return made.String()
}

// spoken counts what events say to their streams.
func spoken(events evidence.Events) map[[2]string]int {
	made := map[[2]string]int{}
	for _, stream := range events.Streams {
		for _, event := range stream.Events {
			label, text := timeline.Words(stream, event)
			made[[2]string{label, text}]++
		}
	}
	return made
}

// unlike tells what is not so in one of the other versions.
func (v *version) unlike(all []*version) func(label, text string) bool {
	return func(label, text string) bool {
		key := [2]string{label, text}
		return slices.ContainsFunc(all, func(other *version) bool { return other.counts[key] != v.counts[key] })
	}
}

// booked adds the accounts on a store to those on others.
func booked(list []books, store string, whole []evidence.Statement) []books {
	if len(whole) == 0 {
		return list
	}
	k := slices.IndexFunc(list, func(b books) bool { return same(lineByLine(b.whole), lineByLine(whole)) })
	if k < 0 {
		k = len(list)
		list = append(list, books{Statements: shortened(whole), whole: whole})
	}
	list[k].Stores = append(list[k].Stores, store)
	if !same(list[k].whole, whole) {
		list[k].Otherwise = append(list[k].Otherwise, store)
	}
	return list
}

// streamByStream puts the streams of a scenario, and their events, in an order
// that does not depend on which was first. Streams are independent of each other,
// and whether one is written to before another is often a matter of chance.
func streamByStream(events evidence.Events) evidence.Events {
	sorted := evidence.Events{Streams: slices.Clone(events.Streams)}
	slices.SortStableFunc(sorted.Streams, func(a, b evidence.Stream) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(eventTexts(a), eventTexts(b)))
	})
	order := 0
	for i := range sorted.Streams {
		sorted.Streams[i].Events = slices.Clone(sorted.Streams[i].Events)
		for k := range sorted.Streams[i].Events {
			sorted.Streams[i].Events[k].Order = order
			order++
		}
	}
	return sorted
}

func eventTexts(s evidence.Stream) string {
	var texts strings.Builder
	for _, e := range s.Events {
		texts.WriteString(e.Type + " " + e.Text + "\n")
	}
	return texts.String()
}

func limits() timeline.Options {
	return timeline.Options{Reactor: "by the system", MaxLanes: mostLanes, MaxEvents: mostEvents}
}

// drawn is a picture where several streams took part, or something happened beside
// their events; else a list says as much.
func drawn(events evidence.Events, moments []timeline.Moment, pictures bool, options timeline.Options) template.HTML {
	options.Moments = moments
	if pictures && (len(events.Streams) > 1 || len(moments) > 0) {
		return timeline.Draw(events, options)
	}
	return timeline.List(events, options)
}

func streams(events evidence.Events) []stream {
	var made []stream
	last := ""
	for _, s := range events.Streams {
		if len(s.Events) == 0 || len(made) == mostLanes {
			continue
		}
		category, _, _ := strings.Cut(s.Name, "-")
		if len(made) > 0 && category == last {
			category = ""
		} else {
			last = category
		}
		made = append(made, stream{
			Label: s.Label, Category: category, From: s.Events[0].Position, To: s.Events[len(s.Events)-1].Position,
		})
	}
	return made
}

func same(a, b any) bool {
	left, errLeft := json.Marshal(a)
	right, errRight := json.Marshal(b)
	return errLeft == nil && errRight == nil && string(left) == string(right)
}

// waits lays the waits of the stores side by side, step by step.
func (t *tree) waits(row *run.Row) []wait {
	bySteps := map[int][]string{}
	for i, result := range row.Results {
		took := map[int]evidence.Wait{}
		for _, w := range result.Waits.Waits {
			sum := took[w.Step]
			sum.Took += w.Took
			sum.Checks += w.Checks
			sum.Kind = w.Kind
			took[w.Step] = sum
		}
		for step, w := range took {
			if bySteps[step] == nil {
				bySteps[step] = make([]string, len(row.Results))
			}
			bySteps[step][i] = waited(w)
		}
	}
	var order []int
	for step := range bySteps {
		order = append(order, step)
	}
	slices.Sort(order)
	var made []wait
	for _, step := range order {
		text := "in between"
		if step >= 0 && step < len(row.Steps) {
			text = row.Steps[step]
		}
		made = append(made, wait{Step: text, Cells: bySteps[step]})
	}
	return made
}

// waited says a wait in a few words.
func waited(w evidence.Wait) string {
	text := spell(w.Took)
	if w.Kind == evidence.Virtual {
		text += " by its own clock"
	}
	if w.Checks > 1 {
		text += fmt.Sprintf(", looked %s", plural(w.Checks, "time", "times"))
	}
	return text
}

// spell is a length of time as a reader would say it.
func spell(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "under 1 ms"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	}
	return history.Spell(d)
}
