package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"example.com/groupcheckout/internal/check"
)

func TestUnpackLeavesOutTheFolderPackage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check.Must(t, unpack(archive(t, "package/database/types/message.sql", []byte("SELECT 1")), dir))
	got, err := os.ReadFile(filepath.Join(dir, "database", "types", "message.sql"))
	if err != nil || string(got) != "SELECT 1" {
		t.Errorf("got %q and error %v, want SELECT 1", got, err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		archive []byte
	}{
		{"a name outside the folder", archive(t, "package/../../outside", nil)},
		{"an absolute name", archive(t, "/outside", nil)},
		{"a file that is too large", archive(t, "package/large", make([]byte, largestFile+1))},
		{"what is no archive", []byte("<html>")},
		{"an archive that is cut off", archive(t, "package/file", []byte("content"))[:40]},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := unpack(test.archive, t.TempDir()); err == nil {
				t.Error("got no error")
			}
		})
	}
}

// archive returns an npm archive with one file.
func archive(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	files := tar.NewWriter(compressed)
	err := files.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(content)), Mode: 0o644})
	check.Must(t, err)
	check.Must(t, check.Error(files.Write(content)))
	check.Must(t, errors.Join(files.Close(), compressed.Close()))
	return packed.Bytes()
}

func TestATreeThatItsLockDoesNotHaveIsRefused(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skipf("npm is needed: %v", err)
	}
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache) // which keeps the test from being parallel
	_, err := NPMTree(t.Context(), Tree{
		Folder:  "tree",
		Package: []byte(`{"private": true, "dependencies": {"mustache": "4.2.0"}}`),
		Lock:    []byte(`{"name": "tree", "lockfileVersion": 3, "packages": {"": {}}}`),
	}, nil)
	check.Fails(t, err, "npm ci for tree: ", "mustache@4.2.0")
	if left, _ := filepath.Glob(filepath.Join(cache, "*", "*")); len(left) > 0 {
		t.Errorf("got %v after a failure, want nothing left", left)
	}
}

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
