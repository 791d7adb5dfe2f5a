package steps

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
)

// The names that scenarios use. A desk knows the ids behind them.
type (
	stay  string // the number of a stay, such as 101, or the name of its guest
	group string // the name of a group, empty for "the group"
)

func (s stay) String() string {
	if s != "" && unicode.IsUpper(rune(s[0])) {
		return string(s) + "'s stay"
	}
	return "stay " + string(s)
}

func (g group) String() string {
	if g == "" {
		return "the group"
	}
	return fmt.Sprintf("the group %q", string(g))
}

// count is a number of things. Its thousands may be set off by commas.
type count int

// parseMoney reads an amount such as 12,500.00.
func parseMoney(groups []string) (domain.Money, error) {
	return domain.ParseMoney(strings.ReplaceAll(groups[0], ",", ""))
}

// The patterns of stays: "stay 101", "Anna" and "Anna's stay"; "stays 101, 102 and
// 103" and "stays 101 to 110"; "Anna and Ben", "the stays of Anna and Ben". In a table
// the number or the name is enough.
const (
	onePattern  = `stay (\d+)|([A-Z]\w*)(?:'s stay)?`
	manyPattern = `stays? (\d+(?:(?:, | and | to )\d+)*)|(?:the stays? of )?([A-Z]\w*(?:(?:, | and )[A-Z]\w*)*)(?:'s stays?)?`
	cellPattern = `\d+|[A-Z]\w*`
)

// parseStay is given what the pattern took for the number and for the name.
func parseStay(groups []string) (stay, error) { return stay(strings.Join(groups, "")), nil }

// parseStays is given a list of numbers, such as "101, 102 and 103" or "101 to 110",
// or one of names.
func parseStays(groups []string) ([]stay, error) {
	var list []stay
	for _, part := range strings.Split(strings.ReplaceAll(strings.Join(groups, ""), " and ", ", "), ", ") {
		from, to, isRange := strings.Cut(part, " to ")
		if !isRange {
			list = append(list, stay(part))
			continue
		}
		first, err := strconv.Atoi(from)
		if err != nil {
			return nil, err
		}
		last, err := strconv.Atoi(to)
		if err != nil {
			return nil, err
		}
		if first >= last || last-first > 1000 {
			return nil, fmt.Errorf("%q is not a range of stays: it has to run from a lower number to a higher one, and over 1000 at most", part)
		}
		for n := first; n <= last; n++ {
			list = append(list, stay(strconv.Itoa(n)))
		}
	}
	return list, nil
}

// parseGroup is given the name that follows "the group", if there is one.
func parseGroup(groups []string) (group, error) { return group(groups[0]), nil }

// today is the day on which every scenario takes place. The time of day that a
// scenario begins at is the desk's.
func today() time.Time { return time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC) }

// parseTime reads a time of day.
func parseTime(groups []string) (domain.Moment, error) {
	clock, err := time.Parse("15:04", groups[0])
	if err != nil {
		return domain.Moment{}, err
	}
	return domain.MomentOf(today().Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)), nil
}

// unit is a measure of time with the word for one of it.
type unit struct {
	word   string
	length time.Duration
}

// units are those that scenarios know, in the order in which they are written.
func units() []unit {
	const day = 24 * time.Hour
	return []unit{{"week", 7 * day}, {"day", day}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
}

// parseDuration reads a length of time such as "30 days" or "1 hour and 30
// minutes". A day is always 24 hours.
func parseDuration(groups []string) (time.Duration, error) {
	left := units()
	var sum time.Duration
	for _, part := range strings.Split(strings.ReplaceAll(groups[0], " and ", ", "), ", ") {
		number, word, _ := strings.Cut(part, " ")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a length of time: %s is not a number of %s", groups[0], number, word)
		}
		i := slices.IndexFunc(left, func(u unit) bool { return u.word == strings.TrimSuffix(word, "s") })
		if i < 0 {
			return 0, fmt.Errorf("%q is not a length of time: write weeks, days, hours, minutes and seconds, each at most once and in this order, such as %q",
				groups[0], "1 hour and 30 minutes")
		}
		if most := (math.MaxInt64 - sum) / left[i].length; time.Duration(n) > most {
			return 0, fmt.Errorf("%q is longer than a length of time can be, some 290 years", groups[0])
		}
		sum += time.Duration(n) * left[i].length
		left = left[i+1:]
	}
	return sum, nil
}

func parseCount(groups []string) (count, error) {
	n, err := strconv.Atoi(strings.ReplaceAll(groups[0], ",", ""))
	return count(n), err
}

// outcome is what a group says of a stay, in the words of scenarios.
func outcome(status groupcheckout.Status) string {
	switch status {
	case groupcheckout.Unselected:
		return "not selected"
	case groupcheckout.Pending:
		return "waiting to be visited"
	case groupcheckout.Merged:
		return "merged"
	case groupcheckout.Failed:
		return "not merged"
	}
	return status.String()
}

func parseOutcome(groups []string) (groupcheckout.Status, error) {
	if groups[0] == outcome(groupcheckout.Merged) {
		return groupcheckout.Merged, nil
	}
	return groupcheckout.Failed, nil
}

// reason is why a stay could not be merged; group is the one that the guest had left
// with, in that case.
type reason struct {
	why   domain.WhyNot
	group group
}

const reasonPattern = `(the guest had checked out|the stay was not on record)|the guest had left with (the group)(?: "([^"]+)")?`

func parseReason(groups []string) (reason, error) {
	switch {
	case groups[0] == domain.CheckedOut.String():
		return reason{why: domain.CheckedOut}, nil
	case groups[0] != "":
		return reason{why: domain.NotOnRecord}, nil
	}
	return reason{domain.OtherGroup, group(groups[2])}, nil
}
