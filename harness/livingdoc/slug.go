package livingdoc

import (
	"fmt"
	"strings"
	"unicode"
)

// longestSlug is the most letters that a title has in an address.
const longestSlug = 48

// slug is a title as it stands in an address.
func slug(title string) string {
	var words []string
	used := 0
	for _, word := range strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		letters := []rune(word)
		if used+len(letters) > longestSlug {
			if len(words) == 0 {
				words = append(words, string(letters[:longestSlug]))
			}
			break
		}
		words = append(words, word)
		used += len(letters) + 1
	}
	if len(words) == 0 {
		return "untitled"
	}
	return strings.Join(words, "-")
}

// namer gives each title of one folder a slug that no other has.
type namer map[string]bool

// reserved are the names that the site's own pages have.
func reserved() namer {
	taken := namer{}
	for _, name := range []string{"index", "search", "print", "words", "history", "builds", "report", "style", "site"} {
		taken[name] = true
	}
	return taken
}

// name returns the slug of a title, with a number behind it if it is taken.
func (n namer) name(title string) string {
	made := slug(title)
	for i := 2; n[made]; i++ {
		made = fmt.Sprintf("%s-%d", slug(title), i)
	}
	n[made] = true
	return made
}
