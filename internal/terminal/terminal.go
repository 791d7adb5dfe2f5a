// Package terminal is how programs write for people: in colour and no wider than the
// screen where there is a terminal, and plainly, a record a line, where there is none.
package terminal

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Style is how to write to one place. The zero value is plain.
type Style struct {
	Width  int // of the terminal; 0 where there is none: lines are as long as they get
	colour bool
}

// columns is how wide a terminal is taken to be that does not say.
const columns = 80

// Of is the style for a place. Nothing is coloured if plain is asked for, by
// the variable NO_COLOR (https://no-color.org), or by a terminal that is dumb.
func Of(out io.Writer, plain bool, getenv func(string) string) Style {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) { //nolint:gosec // a descriptor is a small number
		return Style{}
	}
	width, _, err := term.GetSize(int(file.Fd())) //nolint:gosec // as above
	if err != nil || width <= 0 {
		width = columns
	}
	return Style{Width: width, colour: !plain && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
}

// Interactive tells whether somebody is looking.
func (s Style) Interactive() bool { return s.Width > 0 }

// Good is a text about what is as it should be.
func (s Style) Good(text string) string { return s.sgr("32", text) }

// Bad is a text about what is wrong.
func (s Style) Bad(text string) string { return s.sgr("31", text) }

// Warning is a text about what may be wrong.
func (s Style) Warning(text string) string { return s.sgr("33", text) }

// Strong is a text that is to be seen first.
func (s Style) Strong(text string) string { return s.sgr("1", text) }

// Faint is a text that need not be seen.
func (s Style) Faint(text string) string { return s.sgr("2", text) }

func (s Style) sgr(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Wrap is a text in lines that fit, those behind the first behind an indent. Words are
// not broken, and where there is no terminal it is one line. The text is plain.
func (s Style) Wrap(text, indent string) string {
	if s.Width == 0 {
		return text
	}
	var out strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		switch n := len([]rune(word)); {
		case i == 0:
			at = n
		case at+1+n > s.Width:
			out.WriteString("\n" + indent)
			at = len(indent) + n
		default:
			out.WriteByte(' ')
			at += 1 + n
		}
		out.WriteString(word)
	}
	return out.String()
}

// Grouped is a number with a comma between its thousands: 1,234.50.
func Grouped(number string) string {
	whole, rest, fraction := strings.Cut(number, ".")
	sign := ""
	if cut, negative := strings.CutPrefix(whole, "-"); negative {
		sign, whole = "-", cut
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction {
		whole += "." + rest
	}
	return sign + whole
}
