package terminal

import (
	"fmt"
	"io"
	"strings"
)

// Table is rows below a head. On a terminal that is too narrow for it each row is a
// paragraph of its own.
type Table struct {
	Head  []string
	Right []bool // which columns are numbers; may be shorter
	Rows  [][]string
}

// gap is what stands between two columns.
const gap = "   "

// Write writes the table.
func (t Table) Write(out io.Writer, s Style) error {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	whole := len(gap) * (len(widths) - 1)
	for _, width := range widths {
		whole += width
	}
	if s.Width > 0 && whole > s.Width {
		return t.paragraphs(out, s)
	}
	var text strings.Builder
	for n, row := range append([][]string{t.Head}, t.Rows...) {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString(gap)
			}
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i < len(t.Right) && t.Right[i] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		written := strings.TrimRight(line.String(), " ")
		if n == 0 {
			written = s.Strong(written)
		}
		text.WriteString(written + "\n")
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func (t Table) paragraphs(out io.Writer, s Style) error {
	label := 0
	for _, head := range t.Head {
		label = max(label, len([]rune(head)))
	}
	var text strings.Builder
	for n, row := range t.Rows {
		if n > 0 {
			text.WriteByte('\n')
		}
		for i, cell := range row {
			indent := strings.Repeat(" ", label+2)
			value := s.narrower(label+2).Wrap(cell, "")
			fmt.Fprintf(&text, "%s  %s\n", s.Strong(fmt.Sprintf("%-*s", label, t.Head[i])), strings.ReplaceAll(value, "\n", "\n"+indent))
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func (s Style) narrower(by int) Style {
	if s.Width > 0 {
		s.Width = max(1, s.Width-by)
	}
	return s
}

// Figures are numbers with what they count, the numbers one below the other.
type Figures struct{ rows [][2]string }

// Add adds a number. A label that begins with blanks is a part of what is above it.
func (f *Figures) Add(number, label string) { f.rows = append(f.rows, [2]string{number, label}) }

// Write writes them.
func (f *Figures) Write(out io.Writer, s Style) error {
	width := 0
	for _, row := range f.rows {
		width = max(width, len([]rune(row[0])))
	}
	var text strings.Builder
	for _, row := range f.rows {
		indent := strings.Repeat(" ", width+2+len(row[1])-len(strings.TrimLeft(row[1], " ")))
		pad := strings.Repeat(" ", width-len([]rune(row[0])))
		label := s.narrower(len(indent)).Wrap(strings.TrimLeft(row[1], " "), "")
		text.WriteString(pad + s.Strong(row[0]) + indent[width:] + strings.ReplaceAll(label, "\n", "\n"+indent) + "\n")
	}
	_, err := io.WriteString(out, text.String())
	return err
}
