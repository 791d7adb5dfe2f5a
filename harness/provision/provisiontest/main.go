package provisiontest

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main runs the tests of a package, takes down what they shared, and then looks
// for goroutines that were left behind. It returns the exit status.
func Main(m interface{ Run() int }, shared ...Server) (status int) {
	return run(m, os.Stderr, shared)
}

func run(m interface{ Run() int }, complaints io.Writer, shared []Server) (status int) {
	status = m.Run()
	for _, s := range shared {
		if err := s.Close(); err != nil {
			fmt.Fprintln(complaints, err)
			status = max(status, 1)
		}
	}
	if status != 0 {
		return status // tests that failed may have left something behind
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(complaints, err)
		return 1
	}
	return 0
}

// Patience limits every wait of a test that works with a server. It is never
// reached when all is well, on however slow a machine.
const Patience = 2 * time.Minute

// Eventually asks again and again until the answer is yes, for as long as Patience: what
// another process does cannot be waited for in any other way.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(Patience)
	for !holds() {
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatalf("it did not come about that %s", what)
		}
	}
}

// Within returns a context for one wait, which ends when Patience does.
// It also serves in a clean-up.
func Within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), Patience)
	t.Cleanup(cancel)
	return ctx
}
