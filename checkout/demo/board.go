package demo

import (
	"context"
	"slices"
	"sync"
	"time"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// HotelState is what a [Hotel] is at, for a page.
type HotelState struct {
	At        time.Time    `json:"at"`
	Store     string       `json:"store"`
	Working   bool         `json:"reactorWorks"`
	Since     time.Time    `json:"since"` // it works, or does not
	Round     int          `json:"round"` // that is on, from 1
	Balanced  int          `json:"roundsBalanced"`
	Confirmed int          `json:"groupsConfirmed"` // in all
	Events    int          `json:"events"`
	Stays     []StayState  `json:"stays"`      // of the round
	Groups    []GroupState `json:"groups"`     // of the round, in the order in which they came
	Latest    []Happening  `json:"happenings"` // the last first
	Reactions []Reaction   `json:"reactions"`  // the last of them, in order
}

// StayState is what became of a stay.
type StayState struct {
	Name   string `json:"name"`
	Status string `json:"status"` // expected, here, merged, out, or unknown
	Owes   string `json:"owes"`
}

// GroupState is what became of a group.
type GroupState struct {
	Name     string `json:"name"`
	Status   string `json:"status"` // selected, settled, or confirmed
	Selected int    `json:"selected"`
	Merged   int    `json:"merged"`
	Without  int    `json:"without"` // stays that could not be merged
	Owes     string `json:"owes"`
}

// Reaction is how long a group waited for the reactor, from the selection to the record
// of the last outcome.
type Reaction struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
}

// How much a board keeps.
const (
	keptHappenings = 40
	keptReactions  = 240
)

// board keeps what is shown of a hotel.
type board struct {
	names *names

	mu        sync.Mutex
	shown     HotelState
	stays     map[es.StreamName]*account
	groups    map[es.StreamName]*account
	order     []es.StreamName // of stays as planned, and of groups as they came
	arrived   []es.StreamName
	happened  []Happening
	reactions []Reaction
}

// account is of a stay or of a group.
type account struct {
	status                    string
	owes                      domain.Money
	selected, merged, without int
	waits                     time.Time // since the last selection; zero if nothing is pending
}

func newBoard(names *names) *board {
	return &board{names: names, shown: HotelState{Since: time.Now()}}
}

// open begins a round.
func (b *board) open(p plan) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown.Round++
	b.stays, b.groups, b.order, b.arrived = map[es.StreamName]*account{}, map[es.StreamName]*account{}, nil, nil
	for _, s := range p.stays {
		stream := b.names.stayOf.Stream(s.id)
		b.stays[stream] = &account{status: "expected"}
		b.order = append(b.order, stream)
	}
}

func (b *board) balanced() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown.Balanced++
}

func (b *board) works(works bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown.Working, b.shown.Since = works, time.Now()
}

// appended hears of what was written.
func (b *board) appended(ctx context.Context, stream es.StreamName, events []es.EventData) {
	_, reacting := reactor.Handled(ctx)
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, data := range events {
		for _, text := range b.names.say(stream, data) {
			b.happened = append(b.happened, Happening{now, reacting, b.names.called(stream), text})
		}
		b.enter(stream, data, now)
	}
	b.happened = b.happened[max(0, len(b.happened)-keptHappenings):]
	b.reactions = b.reactions[max(0, len(b.reactions)-keptReactions):]
}

// enter puts an event into the account of its stream.
func (b *board) enter(stream es.StreamName, data es.EventData, now time.Time) {
	if event, known, err := b.names.coded.stays.Decode(data.Type, data.Data); stream.Category() == gueststay.Category && known && err == nil {
		if a := b.stays[stream]; a != nil {
			a.ofStay(event)
		}
		return
	}
	event, known, err := b.names.coded.groups.Decode(data.Type, data.Data)
	if stream.Category() != groupcheckout.Category || !known || err != nil {
		return
	}
	a := b.groups[stream]
	if a == nil {
		a = &account{}
		b.groups[stream] = a
		b.arrived = append(b.arrived, stream)
	}
	a.ofGroup(event, now)
	if a.status == "confirmed" {
		b.shown.Confirmed++
	}
	if pending := a.selected - a.merged - a.without; pending == 0 && !a.waits.IsZero() {
		b.reactions = append(b.reactions, Reaction{now, now.Sub(a.waits).Seconds()})
		a.waits = time.Time{}
	}
}

func (a *account) ofStay(event gueststay.Event) {
	switch e := event.(type) {
	case gueststay.CheckedIn:
		a.status = "here"
	case gueststay.Charged:
		a.owes = a.owes.Plus(e.Amount)
	case gueststay.Paid:
		a.owes = a.owes.Minus(e.Amount)
	case gueststay.CheckedOut:
		a.status = "out"
	case gueststay.TransferredToGroup:
		a.status, a.owes = "merged", domain.Money{}
	case gueststay.TransferRefused:
		a.status = "unknown"
	}
}

func (a *account) ofGroup(event groupcheckout.Event, now time.Time) {
	switch e := event.(type) {
	case groupcheckout.StaysSelected:
		a.status, a.selected, a.waits = "selected", a.selected+len(e.Stays), now
	case groupcheckout.StaysMerged:
		a.merged += len(e.Residuals)
		for _, r := range e.Residuals {
			a.owes = a.owes.Plus(r.Residual)
		}
	case groupcheckout.MergesFailed:
		a.without += len(e.Stays)
	case groupcheckout.Paid:
		a.owes = a.owes.Minus(e.Amount)
	case groupcheckout.Confirmed:
		a.status = "confirmed"
		return
	}
	if a.selected == a.merged+a.without {
		a.status = "settled"
	}
}

// state is what is shown.
func (b *board) state(store string, events int) HotelState {
	b.mu.Lock()
	defer b.mu.Unlock()
	shown := b.shown
	shown.At, shown.Store, shown.Events = time.Now(), store, events
	shown.Stays, shown.Groups = []StayState{}, []GroupState{}
	for _, stream := range b.order {
		a := b.stays[stream]
		shown.Stays = append(shown.Stays, StayState{b.names.called(stream), a.status, a.owes.String()})
	}
	for _, stream := range b.arrived {
		a := b.groups[stream]
		shown.Groups = append(shown.Groups, GroupState{b.names.called(stream), a.status, a.selected, a.merged, a.without, a.owes.String()})
	}
	shown.Latest, shown.Reactions = append([]Happening{}, b.happened...), append([]Reaction{}, b.reactions...)
	slices.Reverse(shown.Latest)
	return shown
}
