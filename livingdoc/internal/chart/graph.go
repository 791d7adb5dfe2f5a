package chart

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Step is an event in the life of a stream.
type Step struct {
	Type string // as stored
	Text string // what it says to a reader; "" if nobody knows it
}

// Place is where something can be seen.
type Place struct{ Title, Address string }

// Graph is what followed what. The zero value is not ready for use; [New] makes one.
type Graph struct {
	nodes map[string]*node
	edges map[[2]string]*edge
}

// node is a type of event.
type node struct {
	typ   string
	texts map[string]int // how often each was said
	known bool
	first map[string]int // how often it was there before another was, by that
}

// edge is a pair of types that followed each other; the first is "" for the first
// event of a stream.
type edge struct {
	from, to string
	first    Place // the first that shows it
	last     Place
	places   int
}

// New returns an empty graph.
func New() *Graph { return &Graph{nodes: map[string]*node{}, edges: map[[2]string]*edge{}} }

// Add adds the life of a stream, as it was seen at a place. The same place may be given
// several times, in a row.
func (g *Graph) Add(life []Step, seen Place) {
	before := ""
	var known []string // the types that were there, in the order in which they came
	for _, step := range life {
		n := g.nodes[step.Type]
		if n == nil {
			n = &node{typ: step.Type, texts: map[string]int{}, first: map[string]int{}}
			g.nodes[step.Type] = n
		}
		if !slices.Contains(known, step.Type) {
			for _, earlier := range known {
				g.nodes[earlier].first[step.Type]++
			}
			known = append(known, step.Type)
		}
		n.known = n.known || step.Text != ""
		n.texts[short(step)]++
		if step.Text == "" {
			continue // nobody knows it, and it changes nothing
		}
		key := [2]string{before, step.Type}
		e := g.edges[key]
		if e == nil {
			e = &edge{from: before, to: step.Type, first: seen}
			g.edges[key] = e
		}
		if e.last != seen {
			e.last = seen
			e.places++
		}
		before = step.Type
	}
}

// Len is how many states there are.
func (g *Graph) Len() int { return len(g.order()) }

// order lists the states that are known, those that come early in a stream first, and
// last those that nothing follows.
func (g *Graph) order() []*node {
	var made []*node
	for _, n := range g.nodes {
		if n.known {
			made = append(made, n)
		}
	}
	slices.SortFunc(made, func(a, b *node) int {
		return cmp.Or(
			compareBools(g.ends(a.typ), g.ends(b.typ)),
			cmp.Compare(g.preceded(b), g.preceded(a)),
			strings.Compare(a.typ, b.typ),
		)
	})
	return made
}

// preceded is how many others a type is usually there before.
func (g *Graph) preceded(n *node) int {
	count := 0
	for typ, times := range n.first {
		if times > g.nodes[typ].first[n.typ] {
			count++
		}
	}
	return count
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// ends tells whether nothing was seen to follow.
func (g *Graph) ends(typ string) bool {
	for key := range g.edges {
		if key[0] == typ {
			return false
		}
	}
	return true
}

// name is what the events of a type say, without what differs. What most of them say
// counts ("paid", if few are "paid out"), and of texts of as many words the longest, which
// has the plural.
func (n *node) name() string {
	said := map[int]int{} // how often, by the number of words
	for text, times := range n.texts {
		said[len(strings.Fields(text))] += times
	}
	return slices.MaxFunc(slices.Sorted(maps.Keys(n.texts)), func(a, b string) int {
		return cmp.Or(cmp.Compare(said[len(strings.Fields(a))], said[len(strings.Fields(b))]), cmp.Compare(len(a), len(b)))
	})
}

// short is what an event says without its numbers, and without what comes with them:
// "weighed 80.00" is "weighed", and "2 parcels unloaded, 1 left" is "parcels unloaded".
func short(step Step) string {
	text, _, _ := strings.Cut(step.Text, ",")
	var kept []string
	words := strings.Fields(text)
	for i, word := range words {
		if strings.IndexFunc(word, unicode.IsDigit) >= 0 {
			continue
		}
		if i < len(words)-1 && len(kept) > 0 && slices.Contains([]string{"with", "of", "to", "for", "at", "by", "from", "in", "because"}, word) {
			break
		}
		kept = append(kept, word)
	}
	if len(kept) == 0 {
		return step.Type
	}
	return strings.Join(kept, " ")
}
