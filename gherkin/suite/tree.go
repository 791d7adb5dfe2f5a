package suite

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// node is a level of the tree of subtests: a feature, a rule, an outline, or,
// with a scenario, a leaf.
type node struct {
	name     string
	scenario *Scenario
	children []*node
}

// grow arranges scenarios under their features, rules and outlines, in the
// order given.
func grow(scenarios []*Scenario) []*node {
	var root node
	known := map[any]*node{}
	under := func(parent *node, key any, name string) *node {
		if known[key] == nil {
			known[key] = &node{name: name}
			parent.children = append(parent.children, known[key])
		}
		return known[key]
	}
	for _, s := range scenarios {
		at := under(&root, s.Feature, title(s.Feature.Name, s.Feature.URI))
		if s.ruleNode != nil {
			at = under(at, s.ruleNode, title(s.Rule, fmt.Sprintf("rule at line %d", s.ruleNode.Location.Line)))
		}
		name := title(s.Name, fmt.Sprintf("scenario at line %d", s.Line))
		if s.Row > 0 {
			at = under(at, s.scenarioNode, title(s.Outline, fmt.Sprintf("outline at line %d", s.scenarioNode.Location.Line)))
			name = rowTitle(s)
		}
		at.children = append(at.children, &node{name: name, scenario: s})
	}
	return root.children
}

func shuffle(nodes []*node, random *rand.Rand) {
	random.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	for _, n := range nodes {
		shuffle(n.children, random)
	}
}

func reverse(nodes []*node) {
	slices.Reverse(nodes)
	for _, n := range nodes {
		reverse(n.children)
	}
}

// leaves lists the scenarios in the order of the tree.
func leaves(nodes []*node) []*Scenario {
	var list []*Scenario
	for _, n := range nodes {
		if n.scenario != nil {
			list = append(list, n.scenario)
		}
		list = append(list, leaves(n.children)...)
	}
	return list
}

// title makes a name of a subtest. A slash would look like a level to -run.
func title(name, otherwise string) string {
	name = strings.Join(strings.Fields(strings.ReplaceAll(name, "/", "-")), " ")
	if name == "" {
		return strings.ReplaceAll(otherwise, "/", "-")
	}
	return name
}

// rowTitle tells a row by its number and shows its values as far as there is room.
func rowTitle(s *Scenario) string {
	const room = 60
	values := title(s.Values(), "empty")
	if utf8.RuneCountInString(values) > room {
		values = string([]rune(values)[:room-1]) + "…"
	}
	return fmt.Sprintf("%d: %s", s.Row, values)
}

// RunPattern makes the argument of -run that selects exactly the test of this
// name, to stand between single quotation marks in a shell.
func RunPattern(testName string) string {
	levels := strings.Split(testName, "/")
	for i, level := range levels {
		levels[i] = "^" + strings.ReplaceAll(regexp.QuoteMeta(level), "'", `.`) + "$"
	}
	return strings.Join(levels, "/")
}
