package messagedb

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/internal/check"
)

// ownServer brings up a server that the test may break. What it acknowledges
// it keeps.
func ownServer(t testing.TB) *provision.Server {
	t.Helper()
	if testing.Short() {
		skip(t, "it takes a server of its own")
	}
	server, err := provision.MessageDB(within(t), provision.Options{Way: provision.Local, Durable: true})
	if doWithout(err) {
		skip(t, "it takes a server of its own, as processes of this machine: %v", err)
	}
	check.Mustf(t, err, "it takes a server of its own, as processes of this machine")
	t.Cleanup(func() { check.OKf(t, server.Close(), "stop the test's server") })
	return server
}

// noSkip is set where a missing server is a fault, and not the machine's nature:
// in CI.
const noSkip = "PROVISION_NO_SKIP"

// skip skips the test, unless that is forbidden.
func skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv(noSkip) != "" {
		t.Fatalf("skipping is forbidden by "+noSkip+": "+format, args...)
	}
	t.Skipf(format, args...)
}

// doWithout tells whether a local server could not be brought up for the one
// reason that is none of ours: there is no PostgreSQL to run.
func doWithout(err error) bool {
	return errors.Is(err, provision.ErrNoPostgreSQL) || errors.Is(err, errors.ErrUnsupported)
}

func TestOnlyALackOfPostgreSQLIsDoneWithout(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		fmt.Errorf("local: %w: no network", provision.ErrNoPostgreSQL): true,
		fmt.Errorf("local: %w", errors.ErrUnsupported):                 true,
		errors.New("initdb crashed"):                                   false,
		&provision.UnavailableError{}:                                  false,
		nil:                                                            false,
	} {
		if got := doWithout(err); got != want {
			t.Errorf("%v: got %t, want %t", err, got, want)
		}
	}
}

//nolint:paralleltest // it changes the environment
func TestSkippingCanBeForbidden(t *testing.T) {
	for value, want := range map[string]string{"": "skipped", "yes": "failed"} {
		t.Setenv(noSkip, value)
		r := &refuser{TB: t}
		func() {
			defer func() { _ = recover() }()
			skip(r, "no server")
		}()
		if r.did != want {
			t.Errorf("%s=%q: got %q, want %q", noSkip, value, r.did, want)
		}
	}
}

// refuser notes how a test ended, and panics in place of ending the goroutine.
type refuser struct {
	testing.TB

	did string
}

func (r *refuser) Helper() {}

func (r *refuser) Skipf(string, ...any) {
	r.did = "skipped"
	panic(r.did)
}

func (r *refuser) Fatalf(string, ...any) {
	r.did = "failed"
	panic(r.did)
}
