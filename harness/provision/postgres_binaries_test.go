package provision

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/fetch"
)

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	got := newestFirst([]string{"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/usr/pgsql-16/bin", "/usr/lib/postgresql/9/bin"})
	want := []string{"/usr/pgsql-16/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9/bin", "/usr/lib/postgresql/9.6/bin"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
}

// A machine without PostgreSQL is rare among those that run this test, so the
// fetching is tried for its own sake, where asked for: it downloads 10 MB.
func TestFetchedBinariesMakeAServer(t *testing.T) { //nolint:paralleltest // it changes the environment
	if os.Getenv("PROVISION_TEST_FETCH") == "" {
		t.Skip("PROVISION_TEST_FETCH is not set: not downloading PostgreSQL")
	}
	cache, err := fetch.Dir()
	must(t, err)
	dir, err := os.MkdirTemp("", "groupcheckout-fetched-*") //nolint:usetesting // t.TempDir is closed to an unprivileged user
	must(t, err)
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	bin, err := fetchBinaries(cache, dir)
	must(t, err)
	if err := os.Chmod(dir, 0o755); err != nil { // so is os.MkdirTemp, unless changed
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	server := bringUp(t, MessageDB, Options{Way: Local})
	if want := "local processes: PostgreSQL 15.13, Message DB 1.3.0 from " + bin; !strings.HasPrefix(server.How, want) {
		t.Errorf("how: got %q, want it to start with %q", server.How, want)
	}
}
