package terminal

import (
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

func TestThousandsAreSetApart(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"0": "0", "999": "999", "1000": "1,000", "-1000": "-1,000", "-100": "-100", "1234567.891": "1,234,567.891", "0.1234": "0.1234",
	} {
		check.Equal(t, number, want, Grouped(number))
	}
}

func TestWithoutATerminalNothingIsColouredOrBroken(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 40)
	s := Of(&strings.Builder{}, false, func(string) string { return "" })
	if got := s.Bad(s.Strong(s.Wrap(long, ""))); got != long || s.Interactive() {
		t.Errorf("got %q, want the text as it is", got)
	}
}

func TestATextIsWrapped(t *testing.T) {
	t.Parallel()
	s := Style{Width: 12}
	check.Same(t, "the result", "one two\n  three four\n  unbreakable!", s.Wrap("one two three four unbreakable!", "  "))
}

func TestATableThatIsTooWideIsParagraphs(t *testing.T) {
	t.Parallel()
	table := Table{Head: []string{"name", "n", "cause"}, Right: []bool{false, true}, Rows: [][]string{{"a", "1", "it broke"}, {"bb", "22", "it broke again and again"}}}
	for width, want := range map[int]string{
		0: "name    n   cause\na       1   it broke\nbb     22   it broke again and again\n",
		24: "name   a\nn      1\ncause  it broke\n" +
			"\nname   bb\nn      22\ncause  it broke again\n       and again\n",
	} {
		var out strings.Builder
		check.Must(t, table.Write(&out, Style{Width: width}))
		check.Same(t, fmt.Sprintf("in %d columns", width), want, out.String())
	}
}

func TestFiguresStandBelowEachOther(t *testing.T) {
	t.Parallel()
	var figures Figures
	figures.Add("1,000", "stays")
	figures.Add("7", "    that were not merged")
	for width, want := range map[int]string{
		0:  "1,000  stays\n    7      that were not merged\n",
		22: "1,000  stays\n    7      that were\n           not merged\n",
	} {
		var out strings.Builder
		check.Must(t, figures.Write(&out, Style{Width: width}))
		check.Same(t, fmt.Sprintf("in %d columns", width), want, out.String())
	}
}
