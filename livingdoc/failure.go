package livingdoc

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// comparison lays what was wanted and what was found side by side.
type comparison struct {
	Head []string
	Rows []comparedRow
}

// comparedRow is a row of a comparison. State is what is wrong with the whole of it:
// "missing" or "too much"; "" if nothing is, or some of its cells.
type comparedRow struct {
	Cells []comparedCell
	State string
}

// Odd tells whether something is wrong with the whole of a row.
func (c comparison) Odd() bool {
	return slices.ContainsFunc(c.Rows, func(r comparedRow) bool { return r.State != "" })
}

// comparedCell is what was wanted in a cell, and, if it was wrong, what was there.
type comparedCell struct {
	Text, Got string
	Wrong     bool
}

var (
	// gotWant is how checks say what is wrong, a line each.
	gotWant = regexp.MustCompile(`^(?:.*: )?got (.+), want (.+)$`)
	// valued is what was found of something, such as "a balance of the account of 80.00".
	valued = regexp.MustCompile(`^(.+) of (\S+)$`)
	quoted = regexp.MustCompile(`[“"]([^”"]+)[”"]`)
)

// difference is a line of a failure.
type difference struct{ what, got, want string }

// reactor is what developers call what readers know as the system, as pictures do.
var reactor = regexp.MustCompile(`\b([Tt])he reactor\b`)

// headline is the first line of a failure, in the words of readers.
func headline(failure string) string {
	return amounts(reactor.ReplaceAllString(first(failure), "${1}he system"))
}

func differences(failure string) []difference {
	var made []difference
	for line := range strings.Lines(failure) {
		found := gotWant.FindStringSubmatch(strings.TrimSpace(line))
		if found == nil {
			if len(made) > 0 {
				break // what follows is for developers
			}
			continue
		}
		one := difference{got: amounts(found[1]), want: amounts(found[2])}
		if parts := valued.FindStringSubmatch(one.got); parts != nil && !strings.Contains(one.want, " ") {
			one.what, one.got = parts[1], parts[2]
		}
		made = append(made, one)
	}
	return made
}

// compared is what a failure says as a table: that of the step at which it was, where
// it has one, with what was found in the cells that were wrong; else a table of what
// was wanted and what was found. It is nil if the failure says nothing of both.
func compared(failure string, step *run.Step) *comparison {
	list := differences(failure)
	if len(list) == 0 {
		return nil
	}
	if step != nil && len(step.Table) > 1 {
		if made := inTable(list, step.Table); made != nil {
			return made
		}
	}
	made := &comparison{Head: []string{"wanted", "got"}}
	named := slices.ContainsFunc(list, func(d difference) bool { return d.what != "" })
	if named {
		made.Head = []string{"", "wanted", "got"}
	}
	for _, d := range list {
		row := comparedRow{Cells: []comparedCell{{Text: d.want}, {Text: d.got, Wrong: true}}}
		if named {
			row.Cells = append([]comparedCell{{Text: d.what}}, row.Cells...)
		}
		made.Rows = append(made.Rows, row)
	}
	return made
}

// inTable marks differences in the table of a step; nil if one of them has no place
// there.
func inTable(list []difference, table [][]string) *comparison {
	made := &comparison{Head: table[0]}
	for _, cells := range table[1:] {
		row := comparedRow{}
		for _, cell := range cells {
			row.Cells = append(row.Cells, comparedCell{Text: cell})
		}
		made.Rows = append(made.Rows, row)
	}
	for _, d := range list {
		if !made.mark(d) {
			return nil
		}
	}
	return made
}

// mark finds the place of a difference.
func (c *comparison) mark(d difference) bool {
	if c.markCell(d) {
		return true
	}
	if named := quoted.FindStringSubmatch(d.got); named != nil {
		if strings.Contains(d.want, "not") { // it was there, and should not have been
			c.Rows = append(c.Rows, comparedRow{State: "too much", Cells: []comparedCell{{Text: named[1]}}})
			return true
		}
		for i, row := range c.Rows {
			if row.State == "" && row.isAllIn(named[1]) {
				c.Rows[i].State = "missing"
				return true
			}
		}
	}
	return false
}

// markCell finds the cell that says what was wanted, in the row of what it is about.
func (c *comparison) markCell(d difference) bool {
	for _, row := range c.Rows {
		about := slices.ContainsFunc(row.Cells, func(cell comparedCell) bool {
			return isWordOf(cell.Text, d.what+" "+d.got) && !isWordOf(cell.Text, d.want)
		})
		wrong := slices.IndexFunc(row.Cells, func(cell comparedCell) bool { return isWordOf(cell.Text, d.want) })
		if about && wrong >= 0 {
			row.Cells[wrong].Wrong, row.Cells[wrong].Got = true, inPlaceOf(row.Cells[wrong].Text, d.got)
			return true
		}
	}
	return false
}

// inPlaceOf is as much of what was found as stands in the place of a cell: from where it
// begins with the same words, if it does so once.
func inPlaceOf(cell, got string) string {
	words := strings.Fields(cell)
	for n := len(words) - 1; n > 0; n-- {
		beginning := strings.Join(words[:n], " ") + " "
		if i := strings.Index(got, beginning); i >= 0 && (i == 0 || got[i-1] == ' ') {
			return got[i:]
		}
	}
	return got
}

// isAllIn tells whether all that a row says is in a text.
func (r comparedRow) isAllIn(text string) bool {
	return !slices.ContainsFunc(r.Cells, func(cell comparedCell) bool { return cell.Text != "" && !isWordOf(cell.Text, text) })
}

// isWordOf tells whether words are in a text, and not as parts of others.
func isWordOf(words, text string) bool {
	words = amounts(words)
	for from := 0; words != ""; {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return false
		}
		i += from
		before, after := []rune(text[:i]), []rune(text[i+len(words):])
		if (len(before) == 0 || !isOfWord(before[len(before)-1])) && (len(after) == 0 || !isOfWord(after[0])) {
			return true
		}
		from = i + 1
	}
	return false
}

func isOfWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '-' || r == ','
}

// repeat is the command that runs a row again, in the same way; "" if the run does not
// say how it was made.
func (t *tree) repeat(e *example, row *run.Row, result run.Result) string {
	if result.Command == "" {
		return ""
	}
	at := fmt.Sprintf("%s:%d", e.Rule.Topic.inFolder, row.Line)
	if strings.ContainsAny(at, " \t'\"\\$`&;|<>()*?#~!") {
		at = "'" + strings.ReplaceAll(at, "'", `'\''`) + "'"
	}
	return result.Command + " -only " + at
}
