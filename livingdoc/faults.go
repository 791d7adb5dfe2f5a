package livingdoc

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// audit is the name of the hook that looks at what all scenarios left behind.
const audit = "audit"

// Wrong says in sentences what was wrong with the runs on a store as a whole. What
// comes behind the first line of each is for developers.
func (s store) Wrong() []string {
	var made []string
	for _, fault := range s.Faults {
		made = append(made, sentence(fault, s.Name))
	}
	return made
}

// wrong says it of all stores.
func wrong(stores []store) []string {
	var made []string
	for _, s := range stores {
		made = append(made, s.Wrong()...)
	}
	return made
}

// sentence says a fault of the run on a store in plain words.
func sentence(fault run.Fault, store string) string {
	text := strings.TrimSpace(fault.Text)
	if fault.Hook == audit {
		text = strings.TrimPrefix(text, "the audit failed: ") // which is said before it
		// A verdict in plain words has details behind it, which name events and rules for who
		// looks closer. What begins otherwise may be any text with a colon in it.
		if verdict, detail, more := strings.Cut(text, ": "); more && begins(verdict, "the") && !strings.Contains(verdict, "\n") {
			text = verdict + ".\n" + detail
		}
	}
	if fault.Kind == run.OfRun {
		if text == "" {
			return fmt.Sprintf("The run on %s failed as a whole, though none of its examples did: it did not say why.", store)
		}
		return fmt.Sprintf("The run on %s failed as a whole: %s", store, text)
	}
	when := "before"
	if fault.Kind == run.After {
		when = "after"
	}
	what := "A step"
	if fault.Hook != "" {
		what = "The step “" + fault.Hook + "”"
	}
	if fault.Hook == audit {
		what = "The audit"
	}
	said := fmt.Sprintf("%s %s the examples on %s", what, when, store)
	switch {
	case text == "":
		return said + " failed, and did not say why."
	case fault.Hook == audit && begins(text, "the"):
		return said + " found that " + text
	default:
		return said + " failed: " + text
	}
}

// begins tells whether a text begins with a word.
func begins(text, word string) bool {
	rest, is := strings.CutPrefix(text, word)
	next, _ := utf8.DecodeRuneInString(rest)
	return is && unicode.IsSpace(next)
}

// first is the first line of a text.
func first(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

// firsts are the first lines of texts.
func firsts(texts []string) []string {
	made := make([]string, len(texts))
	for i, text := range texts {
		made[i] = first(text)
	}
	return made
}

// rest is what follows it.
func rest(text string) string {
	_, following, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(following)
}
