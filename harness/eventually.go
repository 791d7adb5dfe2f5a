package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/onsi/gomega"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/livingdoc/evidence"
)

// How a check is made again on a store that is not exact. The limit says when no
// further check is begun but one: what it bounds is how far a read may lag behind
// what has been handled already. A check that runs is cut off by the end of the
// scenario only, however long a slow store takes for its reads.
const (
	eventualLimit = 15 * time.Second
	eventualPause = 10 * time.Millisecond
)

// Check checks what the reactor has no part in. Where a read may lag behind, it
// checks again until that holds or the time is over.
func (w *World) Check(ctx context.Context, check func(context.Context) error) error {
	if !w.harness.journal.isOpen(w) {
		return errOver
	}
	if _, err := w.look(ctx, check, w.harness.exact); err != nil {
		return w.explain(err)
	}
	return nil
}

// Eventually waits until the reactor has handled everything that this scenario
// wrote, and all that followed from it, and then checks. Where the wait is exact
// the check is made once and its error is final; elsewhere it is made again until
// it holds or the time is over. While the scenario's reactor is down nothing
// follows, and there is no wait.
//
// The error of a failure also says what was written last to each stream of the
// scenario, and where feed and reactor are.
func (w *World) Eventually(ctx context.Context, check func(context.Context) error) error {
	return w.wait(ctx, check, w.harness.exact)
}

// Exactly is Eventually for what has a meaning only where the wait is exact, such
// as that nothing more happens: there is one check, and its error is final. Where
// it is not, because the reactor is in another process, the scenario is skipped.
func (w *World) Exactly(ctx context.Context, check func(context.Context) error) error {
	if err := w.outOfReach("nobody can tell when nothing more happens"); err != nil {
		return err
	}
	return w.wait(ctx, check, true)
}

// errOver is what a world says that was closed.
var errOver = errors.New("the scenario is over, and its world was closed: there is nothing left to wait for or to check")

// checking marks the context of a check: what a check reads is spared from faults,
// since it asks what is, and does not have to cope.
type checking struct{}

func checks(ctx context.Context) bool { return ctx.Value(checking{}) != nil }

func (w *World) wait(ctx context.Context, check func(context.Context) error, exact bool) error {
	if !w.harness.journal.isOpen(w) {
		return errOver
	}
	began := time.Now()
	noted := evidence.Wait{Step: int(w.step.Load()), Kind: w.kind(exact), For: w.harness.journal.behind(w)}
	err := w.host.await(ctx, w)
	if err == nil {
		noted.Checks, err = w.look(ctx, check, exact)
	}
	noted.Took = time.Since(began)
	w.note(noted)
	if err != nil {
		return w.explain(err)
	}
	return nil
}

// note keeps a wait for the evidence. A step that was left behind may come with one
// while the world is closed.
func (w *World) note(wait evidence.Wait) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waits = append(w.waits, wait)
}

// look makes a check once, or again until it holds.
func (w *World) look(ctx context.Context, check func(context.Context) error, once bool) (checks int, err error) {
	ctx = context.WithValue(ctx, checking{}, true)
	if once {
		return 1, check(ctx)
	}
	checks, err = insist(ctx, check)
	w.harness.countRetries(checks - 1)
	return checks, err
}

// kind is how the world waits.
func (w *World) kind(exact bool) evidence.Kind {
	switch {
	case w.harness.options.Virtual:
		return evidence.Virtual
	case exact:
		return evidence.Exact
	default:
		return evidence.Eventual
	}
}

// insist makes a check again until it holds.
func insist(ctx context.Context, check func(context.Context) error) (checks int, err error) {
	once := func() error {
		checks++
		found := check(ctx)
		if err == nil || found == nil || !cutShort(ctx, found) {
			err = found
		}
		return found
	}
	g := gomega.NewGomega(func(string, ...int) {}) // what it would say is said below, in the words of the check
	if g.Eventually(once).WithContext(ctx).WithTimeout(eventualLimit).WithPolling(eventualPause).Should(gomega.Succeed()) {
		return checks, nil
	}
	// A machine that stood still meanwhile has not had its chance to see it hold.
	if ctx.Err() == nil && once() == nil {
		return checks, nil
	}
	cause := context.Cause(ctx)
	if cause == nil {
		cause = fmt.Errorf("it did not hold within %v", eventualLimit)
	}
	return checks, fmt.Errorf("after %s: %w", plural.Of(checks, "check"), errors.Join(err, cause))
}

// cutShort tells whether a check failed because its time was over while it looked:
// then what the one before it found says more.
func cutShort(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded))
}
