package timeline

import (
	"bytes"
	"encoding/xml"
	"strings"
	"unicode"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/livingdoc/evidence"
)

// text is what an event says to a reader.
func text(event evidence.Event) string {
	if t := oneLine(event.Text); t != "" {
		return t
	}
	if t := spaced(event.Type); t != "" {
		return t
	}
	return "something"
}

// label is what a stream is called.
func label(stream evidence.Stream) string {
	if l := oneLine(stream.Label); l != "" {
		return l
	}
	// An id says nothing to a reader; its category does.
	category, _, _ := strings.Cut(stream.Name, "-")
	if l := spaced(category); l != "" {
		return l
	}
	return "a stream"
}

// Words are what a stream is called, and what an event of it says, in a drawing.
func Words(stream evidence.Stream, event evidence.Event) (name, says string) {
	return label(stream), text(event)
}

// StreamKind is what streams like this one are called, such as "truck" for truck 7.
func StreamKind(stream evidence.Stream) string { return kind(stream) }

// kind is what the labels of similar streams have in common: the words before
// the first number or name, without an article or an owner: "truck" of "the truck 7" and
// of "Anna's truck".
func kind(stream evidence.Stream) string {
	l := label(stream)
	end := strings.IndexFunc(l, func(r rune) bool {
		return unicode.IsDigit(r) || unicode.In(r, unicode.Pi, unicode.Ps) || r == '"' || r == '#'
	})
	k := l // which has no number and no name
	if end >= 0 {
		k = l[:end]
	}
	for _, s := range []string{"'s ", "’s "} {
		if _, owned, found := strings.Cut(k, s); found && strings.TrimSpace(owned) != "" {
			k = owned
		}
	}
	if k = strings.TrimSpace(k); k == "" {
		k = l
	}
	return withoutArticle(k)
}

func withoutArticle(words string) string {
	for _, article := range []string{"the ", "a ", "an "} {
		if rest, found := strings.CutPrefix(words, article); found {
			return rest
		}
	}
	return words
}

// counted returns a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return plural.Thousands(n) + " " + several(thing)
}

func several(thing string) string {
	for _, ending := range []string{"s", "x", "z", "ch", "sh"} {
		if strings.HasSuffix(thing, ending) {
			return thing + "es"
		}
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok && stem != "" && !strings.ContainsRune("aeiou", rune(stem[len(stem)-1])) {
		return stem + "ies"
	}
	return thing + "s"
}

// spaced turns a type's name into words: "TransferredToGroup" into "transferred
// to group".
func spaced(name string) string {
	var out strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		switch {
		case r == '_' || r == '-' || r == '.' || unicode.IsSpace(r):
			out.WriteByte(' ')
			continue
		case unicode.IsUpper(r):
			afterSmall := i > 0 && !unicode.IsUpper(letters[i-1])
			beforeSmall := i+1 < len(letters) && unicode.IsLower(letters[i+1])
			if i > 0 && (afterSmall || beforeSmall) {
				out.WriteByte(' ')
			}
			if beforeSmall || i+1 == len(letters) && afterSmall {
				r = unicode.ToLower(r)
			}
		}
		out.WriteRune(r)
	}
	return oneLine(out.String())
}

// oneLine returns a text with single spaces between its words.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// clean returns a text as it may stand in XML and in HTML, in an element or in
// an attribute. Characters that XML cannot hold are replaced.
func clean(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // a buffer takes everything
	return out.String()
}

// wrap breaks a text into lines of at most a width, and ends the last of
// at most limit lines with an ellipsis if there is more. A word that is longer
// than a line is broken.
func wrap(s string, width, limit int) []string {
	var lines []string
	line, used := "", 0
	flush := func() { lines, line, used = append(lines, line), "", 0 }
	for _, word := range strings.Fields(s) {
		if used > 0 && used+ordinary+columns(word) > width {
			flush()
		}
		if used > 0 {
			line, used = line+" ", used+ordinary
		}
		for _, r := range word {
			if used+column(r) > width {
				flush()
			}
			line, used = line+string(r), used+column(r)
		}
	}
	if used > 0 {
		flush()
	}
	if len(lines) > limit {
		lines = lines[:limit]
		last := []rune(lines[limit-1])
		for columns(string(last)) > width-ordinary {
			last = last[:len(last)-1]
		}
		lines[limit-1] = strings.TrimRight(string(last), " ") + "…"
	}
	return lines
}

// columns is how wide a text is, in tenths of an ordinary letter.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += column(r)
	}
	return n
}

// ordinary is how wide an ordinary letter is, in tenths of that.
const ordinary = 10

// column is how wide a letter is, about, in tenths of an ordinary one.
func column(r rune) int {
	switch {
	case r >= 0x1100: // roughly where East Asian scripts and symbols begin
		return 2 * ordinary
	case r >= '0' && r <= '9' || unicode.IsUpper(r):
		return ordinary + 2
	}
	return ordinary
}
