package suite

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	parser "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
)

// place is a part of the file, in which some lines are its description.
type place string

const (
	nowhere      place = "file"
	inFeature    place = "feature"
	inRule       place = "rule"
	inBackground place = "background"
	inScenario   place = "scenario"
	inExamples   place = "examples"
)

// takesSteps tells whether a step may stand where there is a description.
func (p place) takesSteps() bool { return p == inBackground || p == inScenario }

// takes tells whether the title of a part may stand where there is a description.
func (p place) takes(title place) bool {
	switch title {
	case inFeature:
		return p == nowhere
	case inBackground:
		return p == inFeature || p == inRule
	case inExamples:
		return p == inScenario || p == inExamples
	case inRule, inScenario:
		return p != nowhere
	default:
		return false
	}
}

// layout tells what each line of a document is.
type layout struct {
	kinds []lineKind // by the number of the line
	parts []place    // of a title; "" otherwise
}

type lineKind int

const (
	isProse lineKind = iota
	isTitle
	isStep
	isRow
	isDoc
	isTag
	isComment
)

// layout finds what each line is from the document, and the rest is prose.
func (s source) layout(document *messages.GherkinDocument) layout {
	o := layout{make([]lineKind, len(s.lines)+1), make([]place, len(s.lines)+1)}
	for _, comment := range document.Comments {
		o.kinds[comment.Location.Line] = isComment
	}
	tags := func(list []*messages.Tag) {
		for _, tag := range list {
			o.kinds[tag.Location.Line] = isTag
		}
	}
	title := func(at *messages.Location, p place) { o.kinds[at.Line], o.parts[at.Line] = isTitle, p }
	rows := func(list []*messages.TableRow) {
		for _, row := range list {
			o.kinds[row.Location.Line] = isRow
		}
	}
	steps := func(list []*messages.Step) {
		for _, step := range list {
			o.kinds[step.Location.Line] = isStep
			if step.DataTable != nil {
				rows(step.DataTable.Rows)
			}
			if step.DocString != nil {
				s.markDoc(o, step.DocString)
			}
		}
	}
	if document.Feature == nil {
		return o
	}
	tags(document.Feature.Tags)
	title(document.Feature.Location, inFeature)
	for _, child := range document.Feature.Children {
		if child.Rule != nil {
			tags(child.Rule.Tags)
			title(child.Rule.Location, inRule)
		}
	}
	for _, p := range partsOf(document.Feature) {
		if p.background != nil {
			title(p.background.Location, inBackground)
			steps(p.background.Steps)
			continue
		}
		tags(p.scenario.Tags)
		title(p.scenario.Location, inScenario)
		steps(p.scenario.Steps)
		for _, examples := range p.scenario.Examples {
			tags(examples.Tags)
			title(examples.Location, inExamples)
			if examples.TableHeader != nil {
				rows([]*messages.TableRow{examples.TableHeader})
			}
			rows(examples.TableBody)
		}
	}
	return o
}

// markDoc marks a doc string from its first delimiter to its last.
func (s source) markDoc(o layout, doc *messages.DocString) {
	first := int(doc.Location.Line)
	o.kinds[first] = isDoc
	for n := first + 1; n <= len(s.lines); n++ {
		o.kinds[n] = isDoc
		if strings.HasPrefix(unindented(s.lines[n-1]), doc.Delimiter) {
			return
		}
	}
}

// check finds the lines that a reader takes for more than the parser does. An error
// is one that would have been more but for blanks and invisible characters; an issue
// is one that may have been meant as prose.
func (s source) check(document *messages.GherkinDocument) (issues []Issue, err error) {
	var errs []error
	w := s.words(document)
	o := s.layout(document)
	at := nowhere
	fence, stepAbove := "", false
	for n := 1; n <= len(s.lines); n++ {
		line := s.lines[n-1]
		if o.kinds[n] == isTitle {
			at, fence = o.parts[n], ""
		}
		if o.kinds[n] != isDoc {
			if r, next := w.hidden(line); next {
				errs = append(errs, fmt.Errorf("%s:%d: %s stands within the line, and what follows it looks like a line of its own: begin a new line there", s.uri, n, name(r)))
			}
		}
		text := unindented(line)
		switch o.kinds[n] {
		case isTag:
			if tag, r, found := oddTag(text); found {
				errs = append(errs, fmt.Errorf("%s:%d: the tag %s has %s within, which nobody sees who wants to select it: take it out",
					s.uri, n, seen(tag), name(r)))
			}
		case isRow:
			if rest := afterLastCell(text); rest != "" {
				issues = append(issues, Issue{s.uri, n, fmt.Sprintf("%q is no cell, and lost, since no | follows it", rest)})
			}
		case isProse:
			if text == "" {
				continue // a blank line is between two lines, whatever they are
			}
			if strings.HasPrefix(text, "```") || strings.HasPrefix(text, `"""`) {
				switch fence {
				case "":
					fence = text[:3]
				case text[:3]:
					fence = ""
				}
			}
			found := w.find(text, at, fence != "", stepAbove)
			stepAbove = found.step && found.says != ""
			switch {
			case found.says == "":
			case found.lost:
				errs = append(errs, fmt.Errorf("%s:%d: %s", s.uri, n, found.says))
			default:
				issues = append(issues, Issue{s.uri, n, found.says})
			}
			continue
		default:
		}
		stepAbove = false
	}
	return issues, errors.Join(errs...)
}

var tagComment = regexp.MustCompile(`\s#`)

// oddTag finds a tag that looks like another one, and the character that nobody sees.
func oddTag(line string) (tag string, odd rune, found bool) {
	line = tagComment.Split(line, 2)[0]
	for tag := range strings.SplitSeq(line, "@") {
		tag = strings.TrimRightFunc(tag, unicode.IsSpace)
		for _, r := range tag {
			if inkless(r) {
				return "@" + tag, r, true
			}
		}
	}
	return "", 0, false
}

// afterLastCell is what a row of a table has after its last |, unless that is a comment.
func afterLastCell(row string) string {
	last := 0
	for i := 0; i < len(row); i++ {
		switch row[i] {
		case '\\':
			i++
		case '|':
			last = i + 1
		}
	}
	rest := strings.TrimFunc(row[last:], inkless)
	if strings.HasPrefix(rest, "#") {
		return ""
	}
	return rest
}

// words are the keywords of a language.
type words struct {
	steps  []string // such as "Given ", the longest first
	begin  []string // of steps, without And, But and *
	titles map[place][]string
}

var language = regexp.MustCompile(`^#\s*language\s*:\s*([a-zA-Z\-_]+)\s*$`)

// words finds the keywords of the file's language; the document may be nil.
func (s source) words(document *messages.GherkinDocument) words {
	name := parser.DefaultDialect
	if document != nil && document.Feature != nil {
		name = document.Feature.Language
	} else {
		for _, line := range s.lines {
			line = unindented(line)
			if found := language.FindStringSubmatch(line); found != nil {
				name = found[1]
			}
			if line != "" && !strings.HasPrefix(line, parser.CommentPrefix) {
				break
			}
		}
	}
	dialect := parser.DialectsBuiltin().GetDialect(name)
	if dialect == nil {
		dialect = parser.DialectsBuiltin().GetDialect(parser.DefaultDialect)
	}
	w := words{titles: map[place][]string{
		inFeature: dialect.FeatureKeywords(), inRule: dialect.RuleKeywords(), inBackground: dialect.BackgroundKeywords(),
		inScenario: slices.Concat(dialect.ScenarioKeywords(), dialect.ScenarioOutlineKeywords()), inExamples: dialect.ExamplesKeywords(),
	}}
	w.steps = slices.Clone(dialect.StepKeywords())
	slices.SortFunc(w.steps, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for _, keyword := range w.steps {
		if t := dialect.StepKeywordType(keyword); t != messages.StepKeywordType_CONJUNCTION && t != messages.StepKeywordType_UNKNOWN {
			w.begin = append(w.begin, keyword)
		}
	}
	return w
}

// found is what a line of prose looks like.
type found struct {
	step bool
	lost bool   // only blanks or invisible characters make it prose
	as   string // the keyword that it would have begun with if it had not been lost
	says string // or "" if it is prose
}

// find tells what a line looks like that is prose to the parser. Above it may stand
// one that looks like a step.
func (w words) find(text string, at place, fenced, stepAbove bool) found {
	plain := seen(text)
	for _, title := range []place{inFeature, inRule, inBackground, inScenario, inExamples} {
		for _, keyword := range w.titles[title] {
			exact, like := titled(plain, keyword)
			switch {
			case !like:
			case exact && at.takes(title):
				return found{lost: true, as: keyword + ":", says: fmt.Sprintf("the line looks like %q, and is prose: %s", keyword+":", odd(text, keyword+":"))}
			case exact && fenced:
			case exact:
				return found{says: fmt.Sprintf("the line looks like %q, and is prose of the %s, in which none can stand", keyword+":", at)}
			case at.takes(title) && !fenced:
				return found{says: fmt.Sprintf("the line looks like %q, and is prose: write the keyword so, or begin the line with another word", keyword+":")}
			}
		}
	}
	if at.takesSteps() {
		return w.findStep(text, plain)
	}
	if at == nowhere || fenced {
		return found{}
	}
	// In a description of something that has no steps, And and * begin what is prose to
	// a reader, too, unless a step stands above.
	candidates := w.begin
	if stepAbove {
		candidates = slices.DeleteFunc(slices.Clone(w.steps), func(k string) bool { return k == "* " })
	}
	for _, keyword := range candidates {
		if strings.HasPrefix(plain, seen(keyword)) {
			return found{step: true, says: fmt.Sprintf("the line looks like a step, %q, and is prose of the %s: put it into a scenario, or begin the line with another word",
				strings.TrimSpace(keyword), at)}
		}
	}
	return found{}
}

// findStep looks where a step may stand.
func (w words) findStep(text, plain string) found {
	for _, keyword := range w.steps {
		if strings.HasPrefix(plain, seen(keyword)) {
			return found{step: true, lost: true, as: keyword, says: fmt.Sprintf("the line looks like a step, %q, and is prose: %s", strings.TrimSpace(keyword), odd(text, keyword))}
		}
	}
	for _, keyword := range w.steps {
		if resembles(plain, seen(keyword)) {
			return found{step: true, says: fmt.Sprintf("the line looks like a step and is prose: write %q, or begin the line with another word", keyword)}
		}
	}
	return found{}
}

// titled tells whether a text begins with a keyword and a colon, or with something like
// that: another case of letters.
func titled(plain, keyword string) (exact, like bool) {
	colon := strings.IndexAny(plain, ":：﹕")
	if colon < 0 {
		return false, false
	}
	before := strings.TrimSpace(plain[:colon])
	return before == seen(keyword), strings.EqualFold(before, seen(keyword))
}

// resembles tells whether a text begins with a step's keyword in another case, or with
// another mark after it.
func resembles(plain, keyword string) bool {
	word := strings.TrimSpace(keyword)
	if word == "*" {
		rest, found := strings.CutPrefix(plain, word)
		return found && !strings.HasPrefix(rest, "*")
	}
	head, rest, found := cutFold(plain, word)
	if !found {
		return false
	}
	if word == keyword { // such as 假如, which no blank follows
		return head != word
	}
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || next == ' ' || strings.ContainsRune(":,;.：，", next)
}

// cutFold cuts a word off the start of a text, in whatever case it is written.
func cutFold(text, word string) (head, rest string, found bool) {
	n := utf8.RuneCountInString(word)
	for i := range text {
		if n == 0 {
			return text[:i], text[i:], strings.EqualFold(text[:i], word)
		}
		n--
	}
	return text, "", n == 0 && strings.EqualFold(text, word)
}

// odd names the first character in which a line differs from how its keyword is written.
func odd(text, keyword string) string {
	want := []rune(keyword)
	for i, r := range []rune(text) {
		if i < len(want) && r == want[i] {
			continue
		}
		if inkless(r) || r == '：' || r == '﹕' {
			return fmt.Sprintf("it has %s in it where %q is to stand", name(r), keyword)
		}
		return fmt.Sprintf("it does not have %q letter by letter: accents may be written in two ways", keyword)
	}
	return fmt.Sprintf("it does not have %q letter by letter", keyword)
}

// name tells a character that cannot be seen.
func name(r rune) string {
	names := map[rune]string{
		'\t': "a tab", ' ': "a space", '\u00a0': "a no-break space", '\u00ad': "a soft hyphen", '\u200b': "a zero width space",
		'\ufeff': "a byte order mark", '\u3000': "an ideographic space", '：': "a full-width colon", '\u2028': "a line separator",
	}
	if known := names[r]; known != "" {
		return fmt.Sprintf("%s (%U)", known, r)
	}
	return fmt.Sprintf("the character %U", r)
}

// hidden finds what ends a line for many editors, and not for the parser, if what
// follows it looks like a step or a title.
func (w words) hidden(line string) (rune, bool) {
	for i, r := range line {
		if !endsLine(r) || strings.TrimFunc(line[:i], inkless) == "" {
			continue
		}
		rest := seen(unindented(line[i:]))
		for _, keyword := range w.steps {
			if strings.HasPrefix(rest, seen(keyword)) {
				return r, true
			}
		}
		for _, keywords := range w.titles {
			for _, keyword := range keywords {
				if exact, _ := titled(rest, keyword); exact {
					return r, true
				}
			}
		}
	}
	return 0, false
}

var parseError = regexp.MustCompile(`^\((\d+):(\d+)\): `)

// explain gives the parser's errors their file, and says what is odd about a line that
// looks as it should.
func (s source) explain(err error) error {
	w := s.words(nil)
	var errs []error
	for line := range strings.SplitSeq(strings.TrimPrefix(err.Error(), "Parser errors:\n"), "\n") {
		at := parseError.FindStringSubmatch(line)
		if at == nil {
			errs = append(errs, fmt.Errorf("%s: %s", s.uri, line))
			continue
		}
		text := fmt.Sprintf("%s:%s:%s: %s", s.uri, at[1], at[2], strings.TrimPrefix(line, at[0]))
		if n, _ := strconv.Atoi(at[1]); n >= 1 && n <= len(s.lines) {
			given := unindented(s.lines[n-1])
			for _, p := range []place{inScenario, inFeature, nowhere} {
				if like := w.find(given, p, false, false); like.lost && !strings.HasPrefix(given, like.as) {
					text += "; " + like.says
					break
				}
			}
		}
		errs = append(errs, errors.New(text))
	}
	return errors.Join(errs...)
}
