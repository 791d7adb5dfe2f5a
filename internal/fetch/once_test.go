package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"example.com/groupcheckout/internal/check"
)

func TestOnceByManyAtOnceGivesEachAWholeFolder(t *testing.T) {
	t.Parallel()
	const callers = 8
	final := filepath.Join(t.TempDir(), "thing")
	var everyoneFetches sync.WaitGroup // all fetch before any finishes
	everyoneFetches.Add(callers)
	fetch := func(dir string) error {
		everyoneFetches.Done()
		everyoneFetches.Wait()
		return os.WriteFile(filepath.Join(dir, "content"), []byte("whole"), 0o600)
	}
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			dir, err := Once(final, fetch)
			if err != nil {
				t.Errorf("fetchOnce: %v", err)
				return
			}
			if got, err := os.ReadFile(filepath.Join(dir, "content")); err != nil || string(got) != "whole" {
				t.Errorf("got content %q and error %v, want whole", got, err)
			}
		})
	}
	all.Wait()
	assertEntries(t, filepath.Dir(final), "thing")
	check.OK(t, check.Error(Once(final, func(string) error { return errors.New("fetched again") })))
}

func TestAFetchThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	final := filepath.Join(t.TempDir(), "thing")
	_, err := Once(final, func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "half"), nil, 0o600), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("got error %v, want %v", err, broken)
	}
	assertEntries(t, filepath.Dir(final))
}

func assertEntries(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check.Must(t, err)
	if len(entries) != len(want) || len(want) == 1 && entries[0].Name() != want[0] {
		t.Errorf("got entries %v in the folder, want %v", entries, want)
	}
}
