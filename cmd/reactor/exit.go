package main

import (
	"errors"
	"fmt"
	"strings"

	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb"
)

// The exit statuses.
const (
	statusDone          = 0
	statusConfiguration = 1
	statusFailure       = 2
	statusAudit         = 3
)

// usageError says what is wrong with a command line.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

// NeedsPerson is what [es.NeedsPerson] asks.
func (*usageError) NeedsPerson() bool { return true }

// exitStatus tells apart what has to be corrected by somebody and what may be
// better the next time.
func exitStatus(err error) int {
	var (
		books   *audit.UnbalancedError
		audited *violationsError
	)
	switch {
	case err == nil:
		return statusDone
	case errors.As(err, &books), errors.As(err, &audited):
		return statusAudit
	case es.NeedsPerson(err), errors.Is(err, feed.ErrNoNotes):
		return statusConfiguration
	}
	return statusFailure
}

// paragraph is an error as one line: joined errors, and drivers, use several.
func paragraph(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, "; ")
	return strings.ReplaceAll(text, ":; ", ": ")
}

// withAdvice adds the command that helps to an error that has a remedy here.
func withAdvice(err error, store string) error {
	if halted, ok := errors.AsType[*dynamodb.HaltError](err); ok {
		return fmt.Errorf("%w. To bring in what is missing, the command is: reactor index %s --rebuild; "+
			"to go on without, it is: reactor index %s --accept-loss %s; both with the same flags for the tables", err, store, store, halted.ID)
	}
	if lost, ok := errors.AsType[*reactor.HistoryError](err); ok {
		return fmt.Errorf("%w. The command is: reactor checkpoint %s --processor-name %s --tranche %s --position %d, with the same connection flags",
			err, store, quoted(lost.Key.Group), quoted(string(lost.Key.Tranche)), lost.Safe)
	}
	if ahead, ok := errors.AsType[*reactor.CheckpointAheadError](err); ok {
		return fmt.Errorf("%w. The command is: reactor checkpoint %s --processor-name %s --tranche %s --position 0, with the same connection flags; "+
			"0 handles everything again, and a higher position is right only if all before it is known to have been handled",
			err, store, quoted(ahead.Key.Group), quoted(string(ahead.Key.Tranche)))
	}
	return err
}

// quoted is a word as a shell wants it.
func quoted(word string) string {
	if word != "" && strings.IndexFunc(word, func(r rune) bool {
		return !strings.ContainsRune("-_.:/@%+,", r) && !isAlphanumeric(r)
	}) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
