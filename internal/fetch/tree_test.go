package fetch

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestATreeThatItsLockDoesNotHaveIsRefused(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skipf("npm is needed: %v", err)
	}
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache) // which keeps the test from being parallel
	dir, err := NPMTree(t.Context(), Tree{
		Folder:  "tree",
		Package: []byte(`{"private": true, "dependencies": {"mustache": "4.2.0"}}`),
		Lock:    []byte(`{"name": "tree", "lockfileVersion": 3, "packages": {"": {}}}`),
	}, nil)
	if err == nil || !strings.Contains(err.Error(), "npm ci for tree: ") || !strings.Contains(err.Error(), "mustache@4.2.0") {
		t.Errorf("got %q and error %v, want an error that says what the lock lacks", dir, err)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "*", "*")); len(left) > 0 {
		t.Errorf("got %v after a failure, want nothing left", left)
	}
}
