//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"example.com/groupcheckout/internal/tried"
	"example.com/groupcheckout/reactor/feed"
)

// sharing is what /status.json tells of slots.
type sharing struct {
	Member   string
	StandsBy bool
	Slots    []struct {
		Slot    int
		Holder  string
		Working bool
	}
}

func sharingOf(t testing.TB, address string) (s sharing) {
	t.Helper()
	_, body := get(t, "http://"+address+"/status.json")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatalf("/status.json: %v in %s", err, body)
	}
	return s
}

// works is how many slots a reactor works on.
func works(t testing.TB, address string) (n int) {
	t.Helper()
	for _, s := range sharingOf(t, address).Slots {
		if s.Working {
			n++
		}
	}
	return n
}

// awaitShares waits until so many slots are worked on by each, the fewest first, and all
// agree on who holds which.
func awaitShares(t testing.TB, want string, addresses ...string) {
	t.Helper()
	eventually(t, "the reactors share "+want, func() bool {
		var shares []int
		holders := map[string]bool{}
		for _, address := range addresses {
			var named []string
			for _, s := range sharingOf(t, address).Slots {
				named = append(named, s.Holder)
			}
			holders[strings.Join(named, " ")] = true
			shares = append(shares, works(t, address))
		}
		slices.Sort(shares)
		return fmt.Sprint(shares) == want && len(holders) == 1
	})
}

// TestSlotsAreSharedHandedOverTakenAndChanged is a day of a few reactors, on each store.
func TestSlotsAreSharedHandedOverTakenAndChanged(t *testing.T) {
	t.Parallel()
	for _, store := range realStores() {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			on := store.open(t)
			merges := func(what string) {
				t.Helper()
				for range 4 { // of several slots
					stays := on.hotel.receive(t, 2)
					on.hotel.awaitMerged(t, on.hotel.selectStays(t, stays), stays)
				}
				if t.Failed() {
					t.Fatal(what)
				}
			}
			one, first := on.begin(t, "--slots", "2", "--lease", "2s")
			awaitShares(t, "[2]", first)
			merges("one has all slots")
			two, second := on.begin(t, "--slots", "2", "--lease", "2s")
			awaitShares(t, "[1 1]", first, second)
			merges("two have a slot each")
			three, third := on.begin(t, "--slots", "2", "--lease", "2s")
			if s := sharingOf(t, third); !s.StandsBy || s.Member == "" {
				t.Errorf("the third: got %+v, want that it stands by", s)
			}
			for _, probe := range []string{"/healthz", "/readyz"} {
				if status, body := get(t, "http://"+third+probe); status != 200 {
					t.Errorf("%s of one that stands by: got %d and %q, want 200", probe, status, body)
				}
			}
			if _, body := get(t, "http://"+third+"/metrics"); !strings.Contains(body, "reactor_slots_held 0") || !strings.Contains(body, "reactor_slots 2") {
				t.Errorf("metrics of one that stands by: got %s", body)
			}
			if _, body := get(t, "http://"+third+"/"); !strings.Contains(body, "stands by") {
				t.Errorf("page of one that stands by: got %s", body)
			}
			status, _, complaints := call(t, on.env, "run", "-g", on.group, "--slots", "3", on.store)
			if status != statusConfiguration || !strings.Contains(complaints, "has 2 slots, and this process was started with 3") {
				t.Errorf("another number: got status %d and %q, want 1 and both numbers", status, complaints)
			}

			tried.Times(t, store.name, "reactors stopped", 1)
			tried.Times(t, store.name, "killed", 2)
			tried.Times(t, store.name, "paused", 1)
			stopped(t, one)
			awaitShares(t, "[1 1]", second, third)
			merges("one has handed over")
			two.signal(t, syscall.SIGKILL)
			two.awaitEnd(t)
			awaitShares(t, "[2]", third)
			merges("one was killed")
			status, out, complaints := call(t, on.env, "slots", "-g", on.group, on.store)
			if holder := sharingOf(t, third).Member; status != statusDone || strings.Count(out, holder) != 3 {
				t.Errorf("slots: got status %d, %q and %q, want %s as holder of both and as process", status, out, complaints, holder)
			}
			four, fourth := on.begin(t, "--slots", "2", "--lease", "2s")
			awaitShares(t, "[1 1]", third, fourth)
			three.signal(t, syscall.SIGSTOP)
			awaitShares(t, "[2]", fourth)
			merges("one was paused")
			three.signal(t, syscall.SIGCONT)
			awaitShares(t, "[1 1]", third, fourth)
			merges("it has gone on")
			three.awaitLog(t, "a slot was lost: this process gave no sign of life for too long, or another one has taken it")

			status, _, complaints = call(t, on.env, "slots", "-g", on.group, "--change-to", "1", on.store)
			if status != statusConfiguration || !strings.Contains(complaints, "cannot be changed while processes work for it: stop ") {
				t.Errorf("a change while they run: got status %d and %q, want 1 and who runs", status, complaints)
			}
			stopped(t, three)
			four.signal(t, syscall.SIGKILL)
			four.awaitEnd(t)
			status, out, complaints = call(t, on.env, "slots", "-g", on.group, "--change-to", "1", on.store)
			if status != statusDone || !strings.Contains(out, "divided into 1 slot now; before, it was 2.") {
				t.Fatalf("a change: got status %d, %q and %q", status, out, complaints)
			}
			five, fifth := on.begin(t)
			merges("one slot")
			eventually(t, "its checkpoint is where one without slots keeps it", func() bool {
				position, _ := on.hotel.checkpoint(t, on.group)
				return position > 0 && position >= feed.Position(statusOf(t, fifth).Tranches[0].Completed)
			})
			stopped(t, five)
			on.audited(t)
		})
	}
}
