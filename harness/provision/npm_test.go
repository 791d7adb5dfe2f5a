package provision

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestFetchOnceByManyAtOnceGivesEachAWholeFolder(t *testing.T) {
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
			dir, err := fetchOnce(final, fetch)
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
	if _, err := fetchOnce(final, func(string) error { return errors.New("fetched again") }); err != nil {
		t.Error(err)
	}
}

func TestAFetchThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	final := filepath.Join(t.TempDir(), "thing")
	_, err := fetchOnce(final, func(dir string) error {
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
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(want) || len(want) == 1 && entries[0].Name() != want[0] {
		t.Errorf("got entries %v in the folder, want %v", entries, want)
	}
}

func TestUnpackLeavesOutTheFolderPackage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unpack(archive(t, "package/database/types/message.sql", []byte("SELECT 1")), dir); err != nil {
		t.Fatal(err)
	}
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
	if err != nil {
		t.Fatal(err)
	}
	if _, err := files.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(files.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
