package gate

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"

	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
)

// bare is a gate without a proxy.
func bare(t *testing.T) (g *Gate, cuts *int) {
	t.Helper()
	g, cuts = newGate(), new(int)
	g.cut = func() { *cuts++ }
	return g, cuts
}

// begun begins an append that need not wait.
func begun(t *testing.T, g *Gate) *place {
	t.Helper()
	p, err := g.begin(1, nil)
	check.Must(t, err)
	return p
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestAGateBreaksWithTheLastAppendThatSucceeds(t *testing.T) {
	t.Parallel()
	g, cuts := bare(t)
	early := begun(t, g) // it is not counted
	check.Must(t, g.BreakAfter(2))
	first, second := begun(t, g), begun(t, g)
	next := func() *place { return begun(t, g) } // once the second has given its place back
	known := func(p *place) func() *place { return func() *place { return p } }
	for i, step := range []struct {
		append    func() *place
		succeeded int
		goesOn    bool
	}{{known(early), 1, true}, {known(first), 1, true}, {known(first), 1, true}, {known(second), 0, true}, {next, 1, false}} {
		if isClosed(g.Broken()) || *cuts != 0 {
			t.Fatalf("the gate is broken before step %d", i)
		}
		if got := step.append().end(step.succeeded); got != step.goesOn {
			t.Errorf("step %d: the reply goes on: got %t, want %t", i, got, step.goesOn)
		}
	}
	if !isClosed(g.Broken()) || *cuts != 1 {
		t.Errorf("got broken %t and %d cuts, want one", isClosed(g.Broken()), *cuts)
	}
	if _, err := g.begin(1, nil); !errors.Is(err, errBroken) {
		t.Errorf("an append after that: got error %v, want %v", err, errBroken)
	}
	check.Failsf(t, g.BreakAfter(1), "a broken gate was to break")
	g.Mend()
	if isClosed(g.Broken()) {
		t.Error("the gate is broken after it was mended")
	}
	begun(t, g).end(1)
}

func TestAnAppendBeyondTheNumberWaitsForOneThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, _ := bare(t)
		check.Must(t, g.BreakAfter(1))
		first := begun(t, g)
		held := make(chan error)
		for range 2 {
			go func() {
				p, err := g.begin(1, nil)
				if err == nil && p.end(1) {
					err = errors.New("the reply goes on")
				}
				held <- err
			}()
		}
		left := make(chan struct{})
		go func() {
			_, err := g.begin(1, left)
			held <- err
		}()
		synctest.Wait()
		close(left) // its client has gone
		if err := <-held; !errors.Is(err, errBroken) {
			t.Errorf("the one whose client has gone: got error %v, want %v", err, errBroken)
		}
		synctest.Wait()
		select {
		case err := <-held:
			t.Fatalf("an append beyond the number did not wait: %v", err)
		default:
		}
		first.end(0)
		one, other := <-held, <-held
		if (one == nil) == (other == nil) || !errors.Is(errors.Join(one, other), errBroken) {
			t.Errorf("got errors %v and %v, want that one was let through and broke the gate", one, other)
		}
	})
}

func TestWhatBeganBeforeItWasMendedIsNotCounted(t *testing.T) {
	t.Parallel()
	g, _ := bare(t)
	check.Must(t, g.BreakAfter(1))
	old := begun(t, g)
	g.Mend()
	check.Must(t, g.BreakAfter(1))
	if !old.end(1) || isClosed(g.Broken()) {
		t.Error("an append of before broke the gate")
	}
	if begun(t, g).end(1) {
		t.Error("the append of now did not")
	}
}

func TestAppendsAreJudgedUnlessTheyAreCounted(t *testing.T) {
	t.Parallel()
	g, cuts := bare(t)
	var verdicts []faults.Kind
	g.Judge(func() faults.Kind {
		verdict := verdicts[0] // it panics if it is asked too often
		verdicts = verdicts[1:]
		return verdict
	})
	for verdict, want := range map[faults.Kind]struct {
		begins, goesOn bool
		cuts           int
	}{"": {true, true, 0}, faults.LostReply: {true, false, 0}, faults.Cut: {false, false, 1}} {
		verdicts, *cuts = []faults.Kind{verdict}, 0
		p, err := g.begin(1, nil)
		if (err == nil) != want.begins || *cuts != want.cuts {
			t.Errorf("verdict %q: got error %v and %d cuts, want that it begins: %t, and %d", verdict, err, *cuts, want.begins, want.cuts)
		}
		if err == nil && p.end(1) != want.goesOn {
			t.Errorf("verdict %q: the reply goes on: got %t, want %t", verdict, !want.goesOn, want.goesOn)
		}
	}
	check.Must(t, g.BreakAfter(2))
	if !begun(t, g).end(1) || begun(t, g).end(1) {
		t.Error("the second of two was to break the gate")
	}
	g.Mend()
	verdicts = []faults.Kind{faults.LostReply}
	if begun(t, g).end(1) {
		t.Error("a gate that was mended judges no more")
	}
	g.Judge(nil)
	if !begun(t, g).end(1) {
		t.Error("nobody judges, and the reply was lost")
	}
}

func TestWhatBecomesCountedWhileItIsJudgedIsSpared(t *testing.T) {
	t.Parallel()
	g, cuts := bare(t)
	g.Judge(func() faults.Kind {
		check.OK(t, g.BreakAfter(1))
		return faults.Cut
	})
	if begun(t, g).end(1) || *cuts != 1 || !isClosed(g.Broken()) {
		t.Errorf("got %d cuts and broken %t, want the one of breaking", *cuts, isClosed(g.Broken()))
	}
}

func TestAGateRefusesToBreakAfterNothing(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1} {
		g, _ := bare(t)
		check.Failsf(t, g.BreakAfter(n), "after %d", n)
	}
}

//nolint:gochecknoglobals // a server takes seconds to come up
var (
	messageDBServer = provisiontest.MessageDB()
	dynamoDBServer  = provisiontest.DynamoDB()
)

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, messageDBServer, dynamoDBServer)) }

func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}
