package storetest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// outcomeOf runs a test of the suite, tells whether it failed, and what it
// said. It runs in a bubble of its own, in which a wait for something that will
// never come ends at once.
func outcomeOf(t *testing.T, leaf leaf, open func() Fixture) (failed bool, log string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// The clock of a bubble starts at a whole second, which no store's
		// clock does.
		<-time.After(123456 * time.Microsecond)
		r := &recorder{TB: t}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			leaf.check(r, open())
		}()
		<-ended
		failed, log = r.Failed(), r.log.String()
	})
	return failed, log
}

// recorder is a testing.TB that keeps a failure to itself. What it does not
// override (a context, cleanup) it leaves to the test that it runs in.
type recorder struct {
	testing.TB

	mu     sync.Mutex
	failed bool
	log    strings.Builder
}

func (r *recorder) Helper() {}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) Fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

func (r *recorder) Log(args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(&r.log, args...)
}

func (r *recorder) Logf(format string, args ...any) { r.Log(fmt.Sprintf(format, args...)) }

func (r *recorder) Error(args ...any) {
	r.Log(args...)
	r.Fail()
}

func (r *recorder) Errorf(format string, args ...any) { r.Error(fmt.Sprintf(format, args...)) }

func (r *recorder) Fatal(args ...any) {
	r.Log(args...)
	r.FailNow()
}

func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }
