package main

import (
	"syscall"
	"testing"

	"example.com/groupcheckout/internal/tried"
)

// TestQuickRestartsWork kills the one reactor again and again. The next one does not wait
// for its lease, since it sees that its process has ended.
func TestQuickRestartsWork(t *testing.T) {
	t.Parallel()
	for _, store := range realStores() {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			on := store.open(t)
			const kills = 5
			tried.Times(t, store.name, "kills soon after the start", kills)
			for range kills {
				p, address := on.begin(t, "--lease", "1h")
				awaitShares(t, "[1]", address)
				p.signal(t, syscall.SIGKILL)
				p.awaitEnd(t)
			}
			// Nor does who changes the number of slots.
			if status, out, complaints := call(t, on.env, "slots", "-g", on.group, "--change-to", "2", on.store); status != statusDone {
				t.Errorf("a change: got status %d, %q and %q, want 0", status, out, complaints)
			}
			last, address := on.begin(t, "--slots", "2", "--lease", "1h")
			awaitShares(t, "[2]", address)
			stopped(t, last)
		})
	}
}
