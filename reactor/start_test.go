package reactor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"example.com/groupcheckout/reactor"
)

func TestAStartedReactorWorksUntilItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A"), newHandler()
		s.add("A", "a@0")
		running, err := reactor.Start(t.Context(), notifying{s}, newCheckpoints(), h, reactor.Config{Group: "g"})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		equal(t, "calls", h.called(), "a 0")
		if status, err := running.Status(t.Context()); err != nil || status.Group != "g" {
			t.Errorf("the status of a running reactor: got the group %q and the error %v, want g and none", status.Group, err)
		}
		running.Stop()
		running.Stop()
		if err := running.Wait(t.Context()); err != nil {
			t.Errorf("an orderly stop: got the error %v, want none", err)
		}
		if _, err := running.Status(t.Context()); !errors.Is(err, reactor.ErrNotRunning) {
			t.Errorf("the status of a reactor that is over: got the error %v, want ErrNotRunning", err)
		}
	})
}

func TestAStartedReactorEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		running, err := reactor.Start(ctx, notifying{newSource("A")}, newCheckpoints(), newHandler(), reactor.Config{Group: "g"})
		if err != nil {
			t.Fatal(err)
		}
		over, giveUp := context.WithCancel(t.Context())
		giveUp()
		if err := running.Wait(over); !errors.Is(err, context.Canceled) {
			t.Errorf("a wait that ends before the reactor: got the error %v, want that of its context", err)
		}
		cancel()
		<-running.Done()
		if err := running.Wait(t.Context()); err != nil {
			t.Errorf("after the end of its context: got the error %v, want none", err)
		}
	})
}

func TestAReactorThatCannotBeMadeIsNotStarted(t *testing.T) {
	t.Parallel()
	_, err := reactor.Start(t.Context(), newSource("A"), newCheckpoints(), newHandler(), reactor.Config{})
	var config *reactor.ConfigError
	if !errors.As(err, &config) {
		t.Errorf("got the error %v, want a ConfigError: the group is missing", err)
	}
}

func TestWhatGoesWrongIsToldByWaitAndStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCheckpoints()
		c.fail(errBoom)
		running, err := reactor.Start(t.Context(), notifying{newSource("A")}, c, newHandler(), reactor.Config{Group: "g"})
		if err != nil {
			t.Fatal(err)
		}
		if err := running.Wait(t.Context()); !errors.Is(err, errBoom) {
			t.Errorf("Wait: got %v, want boom", err)
		}
		if _, err := running.Status(t.Context()); !errors.Is(err, errBoom) || !errors.Is(err, reactor.ErrNotRunning) {
			t.Errorf("Status: got %v, want that it does not run, and why", err)
		}
	})
}
