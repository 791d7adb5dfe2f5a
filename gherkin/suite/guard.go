package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"example.com/groupcheckout/gherkin"
)

// grace is how long a scenario may take to notice that its time is over, and to
// say where it was: a database, too, may first look for what became of its last write.
const grace = 6 * time.Second

// TimeoutError says that a scenario outlived its time limit. It is also the
// cause of its context.
type TimeoutError struct{ Limit time.Duration }

func (e *TimeoutError) Error() string { return fmt.Sprintf("the time limit of %s is over", e.Limit) }

// AbandonedError says that a goroutine did not end although its context had.
// It goes on, and may use what has been closed.
type AbandonedError struct{ Stack string }

func (e *AbandonedError) Error() string {
	return fmt.Sprintf("it did not end within %s of the end of its context, and was left behind", grace)
}

var errGoexit = errors.New("the goroutine was ended by runtime.Goexit; a step must return an error in place of calling FailNow, Fatal or SkipNow of a testing.T")

// guard runs fn in a goroutine and returns its error, or what happened in its
// stead. It does not wait for fn much longer than for ctx.
func guard(ctx context.Context, fn func(context.Context) error) error {
	done := make(chan error, 1) // buffered: nobody may be waiting any more
	id := make(chan string, 1)
	go func() {
		returned := false
		defer func() {
			if returned {
				return
			}
			if value := recover(); value != nil {
				done <- &gherkin.PanicError{Value: value, Stack: ownFrames(string(debug.Stack()))}
				return
			}
			done <- errGoexit
		}()
		id <- goroutine()
		err := fn(ctx)
		returned = true
		done <- err
	}()

	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return &AbandonedError{Stack: stackOf(<-id)}
	}
}

// goroutine returns the line that introduces the calling goroutine in a dump, up to its state.
func goroutine() string {
	buf := make([]byte, 64)
	line, _, _ := bytes.Cut(buf[:runtime.Stack(buf, false)], []byte("["))
	return string(line)
}

// stackOf finds a goroutine in a dump of all of them.
func stackOf(header string) string {
	buf := make([]byte, 1<<20)
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.HasPrefix(stack, header) {
			return ownFrames(stack)
		}
	}
	return "(its stack was not found)"
}

// ownFrames leaves the frames of the project out of a stack in which a function
// is followed by an indented line with its place. It keeps them all if none is
// the project's.
func ownFrames(stack string) string {
	lines := strings.Split(strings.TrimSpace(stack), "\n")
	var kept []string
	for i := 0; i+1 < len(lines); i++ {
		place := lines[i+1]
		if !strings.HasPrefix(place, "\t") {
			continue
		}
		if !isForeign(lines[i], place) {
			place, _, _ = strings.Cut(place, " +0x")
			kept = append(kept, withoutArguments(lines[i]), place)
		}
		i++
	}
	if len(kept) == 0 {
		return strings.TrimSpace(stack)
	}
	return strings.Join(kept, "\n")
}

// withoutArguments takes the addresses off the name of a function.
func withoutArguments(function string) string {
	if at := strings.LastIndexByte(function, '('); at > 0 && strings.HasSuffix(function, ")") {
		return function[:at]
	}
	return function
}

// isForeign tells frames that lie between a step and the driver, and so tell
// nothing about the failure. It spares test files: the driver's own tests are
// steps too.
func isForeign(function, place string) bool {
	if strings.Contains(place, "_test.go:") {
		return false
	}
	for _, prefix := range []string{
		"runtime.", "runtime/debug.", "panic(", "reflect.", "testing.", "created by ",
		"github.com/cucumber/godog", "example.com/groupcheckout/gherkin",
	} {
		if strings.HasPrefix(function, prefix) {
			return true
		}
	}
	return false
}
