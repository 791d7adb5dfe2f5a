package suite

import (
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

func outline(nodes []*node, indent string) []string {
	var lines []string
	for _, n := range nodes {
		lines = append(lines, indent+n.name)
		lines = append(lines, outline(n.children, indent+"  ")...)
	}
	return lines
}

func TestGrow(t *testing.T) {
	t.Parallel()
	got := outline(grow(load(t, `Feature: Paid/unpaid   rooms
  Scenario:
    * x
  Scenario Outline: Of <a>
    * <a>
    Examples:
      | a | b |
      | 1 | a/b |
      |   |   |
  Scenario Outline: With other columns
    * <a>
    Examples:
      | a | b |
      | 1 | 2 |
    Examples: More
      | a |
      | `+strings.Repeat("ä", 80)+` |
  Rule: First
    Scenario: Same
      * x
    Scenario: Same
      * x
`)), "")
	want := []string{
		"Paid-unpaid rooms",
		"  scenario at line 2",
		"  Of <a>",
		"    1: 1, a-b",
		"    2: ,",
		"  With other columns",
		"    1: a = 1, b = 2",
		"    2: a = " + strings.Repeat("ä", 55) + "…",
		"  First",
		"    Same",
		"    Same",
	}
	check.Same(t, "tree", want, got)
}

func TestShuffleRepeatsForASeed(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("Feature: F\n")
	for _, name := range strings.Split("abcdefghij", "") {
		file.WriteString("Scenario: " + name + "\n* x\n")
	}
	order := func(seed uint64) string {
		tree := grow(load(t, file.String()))
		shuffle(tree, rand.New(rand.NewPCG(seed, 0)))
		return strings.Join(outline(tree[0].children, ""), "")
	}
	first, again, other := order(1), order(1), order(2)
	if first != again || first == other || first == "abcdefghij" {
		t.Errorf("got %s, %s and %s for the seeds 1, 1 and 2", first, again, other)
	}
}

func TestRunPattern(t *testing.T) {
	t.Parallel()
	got := RunPattern("TestX/memory/A_guest's_stay/2:_101,_EUR_20.00_(net)")
	want := `^TestX$/^memory$/^A_guest.s_stay$/^2:_101,_EUR_20\.00_\(net\)$`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
