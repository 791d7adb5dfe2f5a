package faults

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/groupcheckout/internal/nearest"
)

// Spec says which faults there are to be, and how often. The zero value is none.
// It is a value, which does not change; [Spec.String] writes it as [Parse] reads
// it.
type Spec struct{ choices []choice }

// choice is a kind that may come, at a rate above 0.
type choice struct {
	kind  Kind
	rate  float64
	delay time.Duration
}

// everything is what stands in a spec for all kinds.
const everything = "all"

// longest is the longest delay that a spec may ask for. It is far more than a
// scenario can stand, so that a slip is noticed.
const longest = time.Minute

// SpecError says what is wrong with a spec.
type SpecError struct {
	Item   string // of the list
	Reason string
}

func (e *SpecError) Error() string { return fmt.Sprintf("fault %q: %s", e.Item, e.Reason) }

// Parse reads a list such as
//
//	conflict,lost-reply=0.3,stale=50%,slow=20ms,throttle=0.1:1s,kill
//
// A kind may be followed by a rate, from 0 to 1 or a percentage, and those that
// take time by a delay of up to a minute, or by both. "all" stands for every kind
// with its default, and what comes after it changes that: "all,kill=0" is all but
// kill. Otherwise each kind may come once. An empty text is no faults. The error
// is a [*SpecError].
func Parse(text string) (Spec, error) {
	if strings.TrimSpace(text) == "" {
		return Spec{}, nil
	}
	chosen, named := map[Kind]choice{}, map[string]bool{}
	for i, item := range strings.Split(text, ",") {
		item = strings.TrimSpace(item)
		name, value, hasValue := strings.Cut(item, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case named[name]:
			return Spec{}, &SpecError{item, "it is named twice; name it once"}
		case name == everything && i > 0:
			return Spec{}, &SpecError{item, "it has to come first, and the exceptions after it"}
		case name == everything && hasValue:
			return Spec{}, &SpecError{item, "it takes no value; name a kind to give it one"}
		}
		named[name] = true
		known := false
		for _, d := range Kinds() {
			if name != everything && name != string(d.Kind) {
				continue
			}
			known = true
			c := choice{d.Kind, d.Rate, d.Delay}
			if hasValue {
				if err := c.set(item, value); err != nil {
					return Spec{}, err
				}
			}
			chosen[d.Kind] = c
		}
		if !known {
			return Spec{}, &SpecError{item, unknown(name)}
		}
	}
	var spec Spec
	for _, d := range Kinds() {
		if c, ok := chosen[d.Kind]; ok && c.rate > 0 {
			spec.choices = append(spec.choices, c)
		}
	}
	return spec, nil
}

// set reads the value of an item: a rate, a delay, or rate:delay.
func (c *choice) set(item, value string) error {
	first, second, both := strings.Cut(value, ":")
	rate, isRate := parseRate(first)
	switch {
	case isRate && rate >= 0 && rate <= 1:
		c.rate = rate
	case isRate:
		return &SpecError{item, "a rate is from 0 to 1, or a percentage up to 100%"}
	case both:
		return &SpecError{item, "of two values the first is a rate and the second a delay, such as 0.3:20ms"}
	}
	switch {
	case both:
		return c.setDelay(item, second)
	case !isRate:
		return c.setDelay(item, first)
	}
	return nil
}

// setDelay reads a delay.
func (c *choice) setDelay(item, text string) error {
	delay, err := time.ParseDuration(strings.TrimSpace(text))
	switch {
	case err != nil:
		return &SpecError{item, fmt.Sprintf("%q is neither a rate, such as 0.3 or 30%%, nor a delay, such as 20ms", text)}
	case c.delay == 0:
		return &SpecError{item, fmt.Sprintf("%s takes no time; give a rate, such as %s=0.3", c.kind, c.kind)}
	case delay <= 0 || delay > longest:
		return &SpecError{item, fmt.Sprintf("a delay is above zero and up to %s", longest)}
	}
	c.delay = delay
	return nil
}

// parseRate reads a fraction or a percentage; ok is false if it is neither.
func parseRate(text string) (rate float64, ok bool) {
	digits, percent := strings.CutSuffix(text, "%")
	rate, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil {
		return 0, false
	}
	if percent {
		rate /= 100
	}
	return rate, true
}

// unknown says that there is no such kind, which ones there are, and which one
// may be meant.
func unknown(name string) string {
	names := []string{everything}
	for _, d := range Kinds() {
		names = append(names, string(d.Kind))
	}
	hint := "."
	if meant, found := nearest.Of(name, names); found {
		hint = fmt.Sprintf("; did you mean %s?", meant)
	}
	return fmt.Sprintf("there is no such kind%s The kinds are %s", hint, strings.Join(names, ", "))
}

// String writes the spec as Parse reads it.
func (s Spec) String() string {
	defaults := Kinds()
	items := make([]string, len(s.choices))
	for i, c := range s.choices {
		d := defaults[slices.IndexFunc(defaults, func(d Description) bool { return d.Kind == c.kind })]
		var values []string
		if c.rate != d.Rate {
			values = append(values, strconv.FormatFloat(c.rate, 'g', -1, 64))
		}
		if c.delay != d.Delay {
			values = append(values, c.delay.String())
		}
		items[i] = string(c.kind)
		if len(values) > 0 {
			items[i] += "=" + strings.Join(values, ":")
		}
	}
	return strings.Join(items, ",")
}

// IsZero tells whether there are to be no faults.
func (s Spec) IsZero() bool { return len(s.choices) == 0 }

// Has tells whether a kind may come.
func (s Spec) Has(kind Kind) bool { return s.of(kind).rate > 0 }

// Kinds are those that may come, in the order in which a spec is written.
func (s Spec) Kinds() []Kind {
	kinds := make([]Kind, len(s.choices))
	for i, c := range s.choices {
		kinds[i] = c.kind
	}
	return kinds
}

// Rate is how often a kind comes, from 0 to 1.
func (s Spec) Rate(kind Kind) float64 { return s.of(kind).rate }

// Just is what the spec says of these kinds, without the others.
func (s Spec) Just(kinds ...Kind) Spec {
	var left Spec
	for _, c := range s.choices {
		if slices.Contains(kinds, c.kind) {
			left.choices = append(left.choices, c)
		}
	}
	return left
}

// of returns what was chosen for a kind; its rate is 0 if nothing was.
func (s Spec) of(kind Kind) choice {
	for _, c := range s.choices {
		if c.kind == kind {
			return c
		}
	}
	return choice{}
}

// chance is a number that seems random and depends on nothing but its arguments,
// in any process: FNV-1a over the words, mixed once more by the end of
// splitmix64, since FNV alone hardly moves the high bits for the last letters.
func chance(seed uint64, n int, words ...string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, word := range words {
		for i := range len(word) {
			h = (h ^ uint64(word[i])) * prime
		}
		h = (h ^ 0xff) * prime // no UTF-8 text holds this byte, so the words do not run together
	}
	return mix(mix(h^mix(seed)) ^ uint64(n)) //nolint:gosec // any number will do
}

// mix is the last part of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// happens tells whether something does that happens at a rate.
func happens(chance uint64, rate float64) bool {
	return float64(chance>>11)/(1<<53) < rate
}
