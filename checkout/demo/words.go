package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
)

// Happening is something that happened at the desk or in the reactor, in the hotel's
// words.
type Happening struct {
	At      time.Time `json:"at"`
	Reactor bool      `json:"reactor"` // the reactor did it, not a clerk
	Subject string    `json:"subject"` // such as stay 102, or the Hansen wedding
	Text    string    `json:"text"`    // such as: pays 80.00
}

// names are what stays and groups are called, instead of ids.
type names struct {
	mu     sync.Mutex
	of     map[es.StreamName]string
	stays  int // numbers given out
	groups int
	coded  codecs

	stayOf  *gueststay.Service // for the names of their streams
	groupOf *groupcheckout.Service
}

type codecs struct {
	stays  *es.Codec[gueststay.Event]
	groups *es.Codec[groupcheckout.Event]
}

// firstStay is the number before that of the first stay, as numbers of rooms go.
const firstStay = 100

func newNames() *names {
	return &names{
		of: map[es.StreamName]string{}, stays: firstStay, coded: codecs{gueststay.Codec(), groupcheckout.Codec()},
		stayOf: gueststay.NewService(nil, es.Options{}), groupOf: groupcheckout.NewService(nil, es.Options{}),
	}
}

// parties are what groups are called, with a number behind it once all are used.
func parties() []string {
	return []string{
		"Hansen wedding", "football club", "chess congress", "Moreau family", "choir of Delft", "cyclists", "Ito anniversary", "theatre company",
		"robotics team", "book club", "sailing school", "Okafor reunion",
	}
}

// name gives the stays and groups of a plan names.
func (n *names) name(p plan) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range p.stays {
		n.stays++
		n.of[n.stayOf.Stream(s.id)] = "stay " + strconv.Itoa(n.stays)
	}
	for _, g := range p.groups {
		all := parties()
		name := "the " + all[n.groups%len(all)]
		if again := n.groups / len(all); again > 0 {
			name += " " + strconv.Itoa(again+1)
		}
		n.groups++
		n.of[n.groupOf.Stream(g.id)] = name
	}
}

// forget takes the names of a plan back.
func (n *names) forget(p plan) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range p.stays {
		delete(n.of, n.stayOf.Stream(s.id))
	}
	for _, g := range p.groups {
		delete(n.of, n.groupOf.Stream(g.id))
	}
}

func (n *names) called(stream es.StreamName) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return cmp.Or(n.of[stream], stream.String())
}

func (n *names) stay(id domain.StayID) string { return n.called(n.stayOf.Stream(id)) }

// all are stays in one word: stays 101, 102 and 103.
func (n *names) all(ids []domain.StayID) string {
	var numbers []string
	for _, id := range ids {
		numbers = append(numbers, strings.TrimPrefix(n.stay(id), "stay "))
	}
	slices.Sort(numbers)
	switch last := len(numbers) - 1; {
	case last < 0:
		return "no stays"
	case last == 0:
		return "stay " + numbers[0]
	case last > 4: //nolint:mnd // more would not fit into a line
		return fmt.Sprintf("%d stays", len(numbers))
	default:
		text := "stays " + numbers[0]
		for _, number := range numbers[1:last] {
			text += ", " + number
		}
		return text + " and " + numbers[last]
	}
}

// say is what an event says; nothing for one that is not the hotel's.
func (n *names) say(stream es.StreamName, data es.EventData) []string {
	switch stream.Category() {
	case gueststay.Category:
		if event, known, err := n.coded.stays.Decode(data.Type, data.Data); known && err == nil {
			return []string{n.ofStay(event)}
		}
	case groupcheckout.Category:
		if event, known, err := n.coded.groups.Decode(data.Type, data.Data); known && err == nil {
			return n.ofGroup(event)
		}
	}
	return nil
}

func (n *names) ofStay(event gueststay.Event) string {
	switch e := event.(type) {
	case gueststay.CheckedIn:
		return "checks in"
	case gueststay.Charged:
		return "is charged " + e.Amount.String()
	case gueststay.Paid:
		return "pays " + e.Amount.String()
	case gueststay.CheckedOut:
		return "checks out"
	case gueststay.TransferredToGroup:
		return fmt.Sprintf("is merged into %s: %s", n.called(n.groupOf.Stream(e.GroupID)), e.ResidualBalance)
	case gueststay.TransferRefused:
		return "is not on record: not merged"
	}
	return ""
}

func (n *names) ofGroup(event groupcheckout.Event) []string {
	switch e := event.(type) {
	case groupcheckout.StaysSelected:
		return []string{"selects " + n.all(e.Stays)}
	case groupcheckout.StaysMerged:
		sum := domain.Money{}
		var ids []domain.StayID
		for _, r := range e.Residuals {
			sum = sum.Plus(r.Residual)
			ids = append(ids, r.Stay)
		}
		return []string{fmt.Sprintf("notes %s as merged: %s", n.all(ids), sum)}
	case groupcheckout.MergesFailed:
		var texts []string
		for _, failure := range e.Reasons {
			texts = append(texts, fmt.Sprintf("goes without %s: %s", n.stay(failure.Stay), failure.WhyNot))
		}
		return texts
	case groupcheckout.Paid:
		return []string{"pays " + e.Amount.String()}
	case groupcheckout.Confirmed:
		return []string{"is confirmed"}
	}
	return nil
}
