package suite

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	parser "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
	"golang.org/x/text/unicode/norm"
)

// source is the text of a feature file as everything after it sees it: UTF-8 without
// a byte order mark, each line ended by a line feed.
type source struct {
	uri   string
	text  []byte
	lines []string // without their ends
}

// foreign are the byte order marks of encodings that are not read. The longer come first.
func foreign() []struct{ mark, encoding string } {
	return []struct{ mark, encoding string }{
		{"\xff\xfe\x00\x00", "UTF-32"},
		{"\x00\x00\xfe\xff", "UTF-32"},
		{"\xff\xfe", "UTF-16"},
		{"\xfe\xff", "UTF-16"},
	}
}

// newSource normalises what was read from a file, and refuses what is not text.
func newSource(uri string, read []byte) (source, error) {
	for _, e := range foreign() {
		if bytes.HasPrefix(read, []byte(e.mark)) {
			return source{}, fmt.Errorf("%s:1: the file is written in %s: save it as UTF-8", uri, e.encoding)
		}
	}
	text := bytes.TrimPrefix(read, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(text, '\r') >= 0 {
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	s := source{uri: uri, text: text, lines: strings.Split(string(text), "\n")}
	if last := len(s.lines) - 1; s.lines[last] == "" {
		s.lines = s.lines[:last] // it is what comes after the last end of a line
	}
	var errs []error
	for i, line := range s.lines {
		if at := strings.IndexByte(line, 0); at >= 0 {
			errs = append(errs, fmt.Errorf("%s:%d:%d: there is a NUL byte, which no text has: take it out, or save the file as UTF-8", uri, i+1, at+1))
		}
		if at := invalid(line); at >= 0 {
			errs = append(errs, fmt.Errorf("%s:%d:%d: the byte 0x%02X is not UTF-8: save the file as UTF-8", uri, i+1, at+1, line[at]))
		}
	}
	return s, errors.Join(errs...)
}

// invalid finds the first byte that is not UTF-8, or -1.
func invalid(line string) int {
	if utf8.ValidString(line) {
		return -1
	}
	for at, r := range line {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(line[at:]); size == 1 {
			return at
		}
	}
	return -1
}

// document parses the source. Every place that the error has starts its line.
func (s source) document(ids func() string) (document *messages.GherkinDocument, err error) {
	defer func() {
		if p := recover(); p != nil {
			document, err = nil, fmt.Errorf("%s: the Gherkin parser cannot cope with the file: %v", s.uri, p)
		}
	}()
	builder := parser.NewAstBuilder(ids)
	matcher := parser.NewLanguageMatcher(parser.DialectsBuiltin(), parser.DefaultDialect)
	if err := parser.NewParser(builder).Parse(&scanner{lines: s.lines}, matcher); err != nil {
		return nil, s.explain(err)
	}
	document = builder.GetGherkinDocument()
	if document == nil {
		return nil, fmt.Errorf("%s: the Gherkin parser found no document in the file", s.uri)
	}
	document.Uri = s.uri
	return document, nil
}

// scanner hands lines to the parser. The library's own cannot read one of 64 KB, and
// takes only ASCII blanks for the indentation; what it would leave of others makes
// prose of a step.
type scanner struct {
	lines []string
	next  int
}

// Scan implements parser.Scanner.
func (s *scanner) Scan() (*parser.Line, bool, error) {
	s.next++
	if s.next > len(s.lines) {
		return &parser.Line{LineNumber: s.next, AtEof: true}, true, nil
	}
	line := s.lines[s.next-1]
	return &parser.Line{LineText: line, LineNumber: s.next, TrimmedLineText: unindented(line)}, false, nil
}

// unindented is a line without what a reader sees no ink of at its start.
func unindented(line string) string { return strings.TrimLeftFunc(line, inkless) }

// inkless tells characters that a reader cannot see, but for the room that some take.
func inkless(r rune) bool { return unicode.IsSpace(r) || invisible(r) }

// invisible tells characters that do not even take room.
func invisible(r rune) bool {
	switch {
	case r < 0x7F:
		return r < ' ' && !unicode.IsSpace(r)
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		return !unicode.IsSpace(r)
	}
	return r == '\u2800' || r == '\u3164' || r == '\u115F' || r == '\u1160' || r == '\uFFA0' // blank letters
}

// endsLine tells characters inside of a line at which many editors begin a new one.
func endsLine(r rune) bool {
	return slices.Contains([]rune{'\v', '\f', '\u0085', '\u2028', '\u2029'}, r)
}

// seen is a text as a reader sees it: what is invisible left out, any blanks as one
// space, and letters with their accents composed.
func seen(text string) string {
	var b strings.Builder
	blank := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			blank = true
			continue
		case invisible(r):
			continue
		}
		if blank {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	if blank {
		b.WriteByte(' ')
	}
	return norm.NFC.String(b.String())
}
