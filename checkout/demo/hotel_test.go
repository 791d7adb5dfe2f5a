package demo

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/intercept"
)

// working is a hotel at work, and what its Run returns once end is called.
func working(t *testing.T, change func(*Config)) (h *Hotel, end func() error) {
	t.Helper()
	config := Config{Groups: 3, Stays: 3, Clerks: 2, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&config)
	}
	h, err := NewHotel(newBackend(t), config, time.Millisecond)
	check.Must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- h.Run(ctx) }()
	ended := false
	end = func() error {
		cancel()
		if ended {
			return nil
		}
		ended = true
		return <-over
	}
	t.Cleanup(func() { _ = end() })
	return h, end
}

// until waits until a hotel is at something.
func until(t *testing.T, h *Hotel, what string, is func(HotelState) bool) HotelState {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		state := h.State()
		if is(state) {
			return state
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %+v, want that %s", state, what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAHotelGoesOnAndItsBooksBalance(t *testing.T) {
	t.Parallel()
	h, end := working(t, nil)
	state := until(t, h, "two rounds are over", func(s HotelState) bool { return s.Balanced >= 2 && len(s.Reactions) > 0 })
	if state.Round < 2 || state.Confirmed < 6 || len(state.Stays) == 0 || len(state.Latest) == 0 || state.Events == 0 {
		t.Errorf("got %+v, want six groups that were confirmed, stays and events", state)
	}
	if err := end(); err != nil {
		t.Errorf("got %v at the end, want nil", err)
	}
	if err := h.StartReactor(t.Context()); err != nil || h.State().Working {
		t.Errorf("got %v, and that a reactor works: %v; want none after the end", err, h.State().Working)
	}
}

// TestAHotelSurvivesItsReactor kills the reactor again and again.
func TestAHotelSurvivesItsReactor(t *testing.T) {
	t.Parallel()
	h, end := working(t, nil)
	for kill := range 5 {
		until(t, h, "something is selected", func(s HotelState) bool {
			return slices.ContainsFunc(s.Groups, func(g GroupState) bool { return g.Status == "selected" })
		})
		h.KillReactor()
		if h.State().Working {
			t.Fatal("got that the reactor works after it was killed")
		}
		balanced := h.State().Balanced
		check.Mustf(t, h.StartReactor(t.Context()), "start %d", kill)
		until(t, h, "a round is over", func(s HotelState) bool { return s.Balanced > balanced })
	}
	if err := end(); err != nil {
		t.Errorf("got %v at the end, want nil", err)
	}
}

// TestGroupsWaitWhileNoReactorWorks kills the reactor for good.
func TestGroupsWaitWhileNoReactorWorks(t *testing.T) {
	t.Parallel()
	h, end := working(t, nil)
	until(t, h, "the reactor works", func(s HotelState) bool { return s.Working })
	h.KillReactor()
	state := until(t, h, "both clerks wait for the reactor", func(s HotelState) bool {
		waits := 0
		for _, g := range s.Groups {
			if g.Selected > g.Merged+g.Without {
				waits++
			}
		}
		return waits == 2
	})
	for _, happening := range state.Latest {
		if happening.Reactor && happening.At.After(state.Since) {
			t.Errorf("got %+v, want nothing of a reactor that was killed at %v", happening, state.Since)
		}
	}
	if err := end(); err != nil {
		t.Errorf("got %v at the end, want nil", err)
	}
}

// TestAHotelEndsWithWhatGoesWrong has a clerk's append fail.
func TestAHotelEndsWithWhatGoesWrong(t *testing.T) {
	t.Parallel()
	backend := newBackend(t)
	backend.Events = intercept.Store(backend.Events, intercept.StoreHooks{
		BeforeAppend: func(context.Context, es.StreamName, es.Version, []es.EventData) error { return errInjected },
	})
	h, err := NewHotel(backend, Config{Log: slog.New(slog.DiscardHandler)}, time.Millisecond)
	check.Must(t, err)
	if err := h.Run(t.Context()); !errors.Is(err, errInjected) {
		t.Errorf("got %v, want the error of the append", err)
	}
}

// TestTheStoryIsToldInOrder has one group told, with what each line says.
func TestTheStoryIsToldInOrder(t *testing.T) {
	t.Parallel()
	var told []string
	config := small()
	config.Story = func(_ context.Context, h Happening) {
		who := "clerk"
		if h.Reactor {
			who = "reactor"
		}
		told = append(told, who+": "+h.Subject+" "+h.Text)
	}
	report, err := Run(t.Context(), newBackend(t), config)
	if err != nil || report.Groups != 20 || report.Confirmed != 20 {
		t.Fatalf("got %v and %+v, want the twenty groups beside the one of the story", err, report)
	}
	for _, want := range []string{
		"clerk: stay 102 pays 40.00", "clerk: the Hansen wedding selects stays 101, 102, 103 and 104", "reactor: stay 101 is merged into the Hansen wedding: 138.50",
		"reactor: stay 104 is not on record: not merged", "reactor: the Hansen wedding notes stays 101 and 102 as merged: 193.50",
		"reactor: the Hansen wedding goes without stay 103: the guest had checked out", "clerk: the Hansen wedding pays 193.50", "clerk: the Hansen wedding is confirmed",
	} {
		if !slices.Contains(told, want) {
			t.Errorf("got %q, want %q in it", told, want)
		}
	}
	if len(told) > 0 && told[len(told)-1] != "clerk: the Hansen wedding is confirmed" {
		t.Errorf("got %q as the end", told[len(told)-1])
	}
}
