package livingdoc

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most letters that a title has in an address, and those that it has where
// titles begin alike.
const (
	longestSlug   = 48
	longestUnlike = 160
)

// mostBytes is the most that they have in bytes, of which a letter may take four: a
// file system takes 255 for a name, and what tells it from others, a number and the
// ending of the file come behind.
const mostBytes = 224

// slug is a title as it stands in an address.
func slug(title string) string { return slugOf(title, longestSlug) }

func slugOf(title string, longest int) string {
	var words []string
	used, bytes := 0, 0
	for _, word := range strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		letters := []rune(word)
		if used+len(letters) > longest || bytes+len(word) > mostBytes {
			if len(words) == 0 {
				words = append(words, beginningOf(letters[:min(longest, len(letters))]))
			}
			break
		}
		words = append(words, word)
		used += len(letters) + 1
		bytes += len(word) + 1
	}
	if len(words) == 0 {
		return "untitled"
	}
	return strings.Join(words, "-")
}

// beginningOf is as much of a word as a name has room for.
func beginningOf(letters []rune) string {
	word := string(letters)
	for len(word) > mostBytes {
		_, last := utf8.DecodeLastRuneInString(word)
		word = word[:len(word)-last]
	}
	return word
}

// marked is a slug with a mark behind it that is made of the whole title, where its
// beginning does not tell it from others. A title that is not cut has none.
func marked(title string) string {
	made := slugOf(title, longestUnlike)
	whole := strings.Join(strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "-")
	if whole == made || whole == "" {
		return made
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(whole)) // it takes everything
	return fmt.Sprintf("%s-%08x", made, sum.Sum32())
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
func (n namer) name(title string) string { return n.free(slug(title)) }

func (n namer) free(wanted string) string {
	made := wanted
	for i := 2; n[made]; i++ {
		made = fmt.Sprintf("%s-%d", wanted, i)
	}
	n[made] = true
	return made
}

// entitled is something with a title, and what that stands under.
type entitled struct{ title, under string }

// all returns slugs for titles that share a folder. Those that would be alike are
// made longer, all of them, rather than counted: so an address does not depend on
// what stands before it, and never leads to what had another's. Only titles that
// are the same under the same are counted.
func (n namer) all(list []entitled) []string {
	levels := []func(entitled) string{
		func(t entitled) string { return slug(t.title) },
		func(t entitled) string { return slugOf(t.title, longestUnlike) },
		func(t entitled) string { return slugOf(t.under+" "+t.title, longestUnlike) },
		func(t entitled) string { return marked(t.under + " " + t.title) },
	}
	counts := make([]map[string]int, len(levels))
	for level, of := range levels {
		counts[level] = map[string]int{}
		for _, t := range list {
			counts[level][of(t)]++
		}
	}
	made := make([]string, len(list))
	for i, t := range list {
		for level, of := range levels {
			made[i] = of(t)
			if counts[level][made[i]] == 1 && !n[made[i]] {
				break
			}
		}
	}
	for i := range made {
		made[i] = n.free(made[i])
	}
	return made
}
