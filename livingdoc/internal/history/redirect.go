package history

import (
	"slices"
	"strings"
	"unicode"
)

// Redirect leads from an address that an earlier build had to one of the last
// build.
type Redirect struct {
	From string
	To   string // empty if nothing has come in its place
}

// Redirects returns a redirect for each address that the last build does not
// have, by From. A scenario may have moved by itself, or its address because its
// title was changed, which gives it another key: then what replaces it is the
// scenario that came in the build in which it went and whose key is the most like
// its own. A rule is where its scenarios are, or what replaced them.
func (h *History) Redirects() []Redirect {
	lives := h.lives()
	last := len(h.builds) - 1
	present := map[string]bool{"": true}
	for number, n := range h.names {
		if lives[number].last == last {
			present[n.address()], present[n.rule()] = true, true
		}
	}
	to := make(map[string]string)
	for number, n := range h.names {
		var now name
		known := false
		lead := func(froms []string, address func(name) string) {
			for _, from := range froms {
				if present[from] || to[from] != "" {
					continue
				}
				if !known {
					now, known = h.now(number, lives), true
				}
				to[from] = address(now)
			}
		}
		lead(n.addresses, name.address)
		lead(n.rules, name.rule)
	}
	redirects := make([]Redirect, 0, len(to))
	for from, to := range to {
		redirects = append(redirects, Redirect{From: from, To: to})
	}
	slices.SortFunc(redirects, func(a, b Redirect) int { return strings.Compare(a.From, b.From) })
	return redirects
}

// life is the first and the last build that had a scenario; -1 if none did.
type life struct{ first, last int }

// lives returns the life of each scenario, by number.
func (h *History) lives() []life {
	lives := make([]life, len(h.names))
	for number := range lives {
		lives[number] = life{-1, -1}
		for i, build := range h.builds {
			if !build.has(number) {
				continue
			}
			if lives[number].first < 0 {
				lives[number].first = i
			}
			lives[number].last = i
		}
	}
	return lives
}

// now returns a scenario that the last build has, or what replaced it; one without
// addresses if nothing did.
func (h *History) now(number int, lives []life) name {
	for lives[number].last < len(h.builds)-1 {
		number = h.successor(number, lives) // whose life ends later
		if number < 0 {
			return name{}
		}
	}
	return h.names[number]
}

// successor finds what replaced a scenario that went; -1 if nothing did.
func (h *History) successor(number int, lives []life) int {
	had := lives[number].last
	if had < 0 {
		return -1
	}
	best, found := 0.5, -1
	for other, life := range lives {
		if life.first != had+1 {
			continue
		}
		if likeness := alike(h.names[number].key, h.names[other].key); likeness > best {
			best, found = likeness, other
		}
	}
	return found
}

// alike returns the share, from 0 to 1, of the words of two keys that both have.
func alike(a, b string) float64 {
	in := func(key string) map[string]bool {
		words := make(map[string]bool)
		for _, word := range strings.FieldsFunc(strings.ToLower(key), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			words[word] = true
		}
		return words
	}
	left, right := in(a), in(b)
	both := 0
	for word := range left {
		if right[word] {
			both++
		}
	}
	if either := len(left) + len(right) - both; either > 0 {
		return float64(both) / float64(either)
	}
	return 0
}
