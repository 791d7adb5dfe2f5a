package provision

import (
	"os"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/fetch"
)

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	got := newestFirst([]string{"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/usr/pgsql-16/bin", "/usr/lib/postgresql/9/bin"})
	want := []string{"/usr/pgsql-16/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9/bin", "/usr/lib/postgresql/9.6/bin"}
	check.Same(t, "folders", want, got)
}

// A machine without PostgreSQL is rare among those that run this test, so the
// fetching is tried for its own sake, where asked for: it downloads 10 MB.
func TestFetchedBinariesMakeAServer(t *testing.T) { //nolint:paralleltest // it changes the environment
	if os.Getenv("PROVISION_TEST_FETCH") == "" {
		t.Skip("PROVISION_TEST_FETCH is not set: not downloading PostgreSQL")
	}
	cache, err := fetch.Dir()
	check.Must(t, err)
	dir, err := os.MkdirTemp("", "groupcheckout-fetched-*") //nolint:usetesting // t.TempDir is closed to an unprivileged user
	check.Must(t, err)
	t.Cleanup(func() { check.OK(t, os.RemoveAll(dir)) })
	bin, err := fetchBinaries(cache, dir)
	check.Must(t, err)
	if err := os.Chmod(dir, 0o755); err != nil { // so is os.MkdirTemp, unless changed
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	server := bringUp(t, MessageDB, Options{Way: Local})
	if want := "local processes: PostgreSQL 15.13, Message DB 1.3.0 from " + bin; !strings.HasPrefix(server.How, want) {
		t.Errorf("how: got %q, want it to start with %q", server.How, want)
	}
}
