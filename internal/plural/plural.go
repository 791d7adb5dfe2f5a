// Package plural counts in words: 1 call, 2 calls.
package plural

import "strconv"

// Of is a number and what it counts, which takes an s unless there is exactly one, or is
// the other word if that is given.
func Of[N ~int | ~int64 | ~uint64](n N, one string, many ...string) string {
	return strconv.FormatInt(int64(n), 10) + " " + Word(n, one, many...)
}

// Thousands is a number with a comma before every three digits, as readers of prose want it.
func Thousands[N ~int | ~int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Word is as Of, without the number.
func Word[N ~int | ~int64 | ~uint64](n N, one string, many ...string) string {
	switch {
	case n == 1:
		return one
	case len(many) > 0:
		return many[0]
	}
	return one + "s"
}
