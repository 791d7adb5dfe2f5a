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
	mostEvents = 16
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

	Left int // how many lines are not shown
}

// shortened takes from accounts the lines that are beyond what is read.
func shortened(list []evidence.Statement) []statement {
	made := make([]statement, len(list))
	for i, s := range list {
		made[i] = statement{Statement: s, Left: max(len(s.Lines)-mostLines, 0)}
		made[i].Lines = s.Lines[:len(s.Lines)-made[i].Left]
	}
	return made
}

// proof gathers what is known of a row. A picture needs room, so it may be asked
// for lists only.
func (t *tree) proof(row *run.Row, pictures bool) proof {
	made := proof{Waits: t.waits(row)}
	var contents []string // of what happened, by which it is told apart
	for i, result := range row.Results {
		name := t.stores[i].Name
		if shown := drawn(result.Events, pictures); shown != "" {
			content := fmt.Sprint(timeline.List(streamByStream(result.Events), limits()))
			k := slices.Index(contents, content)
			if k < 0 {
				k = len(contents)
				contents = append(contents, content)
				made.Happened = append(made.Happened, happened{Shown: shown, Streams: streams(result.Events)})
			}
			h := &made.Happened[k]
			h.Stores = append(h.Stores, name)
			if h.Shown != shown {
				h.Otherwise = append(h.Otherwise, name)
			}
		}
		if whole := result.Statements.Statements; len(whole) > 0 {
			k := slices.IndexFunc(made.Books, func(b books) bool { return same(lineByLine(b.whole), lineByLine(whole)) })
			if k < 0 {
				k = len(made.Books)
				made.Books = append(made.Books, books{Statements: shortened(whole), whole: whole})
			}
			b := &made.Books[k]
			b.Stores = append(b.Stores, name)
			if !same(b.whole, whole) {
				b.Otherwise = append(b.Otherwise, name)
			}
		}
	}
	return made
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

// drawn is a picture where several streams took part; of one, a list says as
// much.
func drawn(events evidence.Events, pictures bool) template.HTML {
	if pictures && len(events.Streams) > 1 {
		return timeline.Draw(events, limits())
	}
	return timeline.List(events, limits())
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
			text = fmt.Sprintf("at step %d", step+1)
		}
		made = append(made, wait{Step: text, Cells: bySteps[step]})
	}
	return made
}

// waited says a wait in a few words.
func waited(w evidence.Wait) string {
	text := spell(w.Took)
	if w.Kind == evidence.Virtual {
		text += " by the clock of the example"
	}
	if w.Checks > 1 {
		text += fmt.Sprintf(", looked %d times", w.Checks)
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
