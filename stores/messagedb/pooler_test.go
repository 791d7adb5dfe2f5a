//go:build unix

package messagedb

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/pause"
)

// pgBouncer starts a PgBouncer in front of the server of all tests, and returns a
// connection string that leads through it.
func pgBouncer(t testing.TB, settings string) string {
	t.Helper()
	return pgBouncerTo(t, appDSN(t), settings)
}

// pgBouncerTo starts one in front of another server.
func pgBouncerTo(t testing.TB, server, settings string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			skip(t, "PgBouncer is not installed: apt-get install pgbouncer")
		}
	}
	to, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatal("a connection string of the test is malformed")
	}
	// It does not run as root, and t.TempDir is for one user.
	dir, err := os.MkdirTemp("", "pgbouncer") //nolint:usetesting // for another user
	check.Must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	_, port, _ := net.SplitHostPort(free.Addr().String())
	_ = free.Close()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // of the test's own server
			t.Fatal(err)
		}
		return path
	}
	users := write("users.txt", fmt.Sprintf("%q %q\n", to.User, to.Password))
	config := write("pgbouncer.ini", fmt.Sprintf("[databases]\n* = host=%s port=%d\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\nauth_type = trust\nauth_file = %s\n%s\n",
		to.Host, to.Port, port, users, settings))
	command := exec.Command(program, config)
	command.Stdout, command.Stderr = &syncedText{}, &syncedText{}
	if os.Getuid() == 0 {
		nobody, err := user.Lookup("nobody")
		check.Must(t, err)
		uid, _ := strconv.ParseUint(nobody.Uid, 10, 32)
		gid, _ := strconv.ParseUint(nobody.Gid, 10, 32)
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // of the test's own server
			t.Fatal(err)
		}
	}
	check.Must(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("PgBouncer: %s", command.Stderr)
		}
	})
	ctx := within(t)
	for {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			break
		}
		if pause.For(ctx, 20*time.Millisecond) != nil {
			t.Fatalf("PgBouncer does not listen: %v; %s", err, command.Stderr)
		}
	}
	return changed(server, map[string]string{"host": "127.0.0.1", "port": port})
}

// Through PgBouncer in session mode all goes on as without. In another mode, or with too
// few connections, it is named with what to do.
func TestAPoolerIsNamedWithItsRemedy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings string
		problem  Problem // "" if it does
		want     string
	}{
		"sessions":                    {"pool_mode = session", "", "a connection pooler stands in between, and pools sessions"},
		"transactions":                {"pool_mode = transaction", Pooler, "it pools transactions, and what a session sets and prepares has to stay: set pool_mode = session"},
		"transactions, taken in turn": {"pool_mode = transaction\nserver_round_robin = 1", Pooler, "it pools transactions"},
		"transactions, one at a time": {"pool_mode = transaction\ndefault_pool_size = 1", Pooler, "it pools transactions"},
		"statements":                  {"pool_mode = statement", Pooler, "it pools statements"},
		"few sessions":                {"pool_mode = session\ndefault_pool_size = 4", SmallPool, "it gave 4 at once, and no more within 10s; it takes 5 to get on, and up to 28 are used: raise default_pool_size"},
		"no patience":                 {"pool_mode = session\ndefault_pool_size = 2\nquery_wait_timeout = 1", SmallPool, "no connection became free in its time: raise default_pool_size"},
		"few clients":                 {"pool_mode = session\nmax_client_conn = 2", SmallPool, "raise max_client_conn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logged, err := opened(t, Config{Connection: pgBouncer(t, test.settings), CheckpointSchema: "public"})
			if test.problem == "" {
				if err != nil || !strings.Contains(logged, test.want) {
					t.Errorf("got error %v and the log %q, want none and %q", err, logged, test.want)
				}
				return
			}
			setup, ok := errors.AsType[*SetupError](err)
			if !ok || setup.Problem != test.problem || !setup.NeedsPerson() || !strings.Contains(setup.Error(), test.want) {
				t.Errorf("got %v, want %q and %q", err, test.problem, test.want)
			}
		})
	}
	// The connection for checkpoints may lead through a pooler of its own.
	for name, test := range map[string]struct{ settings, want string }{
		"checkpoints, transactions": {"pool_mode = transaction", "it pools transactions"},
		"checkpoints, statements":   {"pool_mode = statement", "it pools statements"},
		"checkpoints, few sessions": {"pool_mode = session\ndefault_pool_size = 1", "it gave 1 at once, and no more within 10s; it takes 2 to get on, and up to 2 are used: raise default_pool_size"},
		"checkpoints, few clients":  {"pool_mode = session\nmax_client_conn = 1", "raise max_client_conn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := opened(t, Config{Connection: appDSN(t), CheckpointConnection: pgBouncer(t, test.settings), CheckpointSchema: "public"})
			if setup, ok := errors.AsType[*SetupError](err); !ok || setup.Connection != ForCheckpoints || !setup.NeedsPerson() || !strings.Contains(setup.Error(), test.want) {
				t.Errorf("got %v, want the connection for checkpoints and %q", err, test.want)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		if logged, err := opened(t, Config{Connection: appDSN(t)}); err != nil || strings.Contains(logged, "pooler") {
			t.Errorf("got error %v and the log %q, want none", err, logged)
		}
	})
	t.Run("a parameter that it does not know", func(t *testing.T) {
		t.Parallel()
		through := pgBouncer(t, "pool_mode = session") + " options='-c geqo=off'"
		_, err := opened(t, Config{Connection: through})
		if setup, ok := errors.AsType[*SetupError](err); !ok || setup.Problem != Pooler || !strings.Contains(setup.Error(), "ignore_startup_parameters") {
			t.Errorf("got %v, want %q", err, Pooler)
		}
	})
}

// What a store does, it does through PgBouncer in session mode too, with a small pool.
func TestAStoreWorksThroughAPoolerOfSessions(t *testing.T) {
	t.Parallel()
	db, err := Open(within(t), Config{Connection: pgBouncer(t, "pool_mode = session\ndefault_pool_size = 6"), MaxConns: 2, Notify: true})
	check.Must(t, err)
	t.Cleanup(db.Close)
	stream, err := es.NewStreamName(newCategory(), "1")
	check.Must(t, err)
	for version := range es.Version(20) {
		check.Mustf(t, check.Error(db.Store().Append(within(t), stream, version, newEvents(1))), "append at %d", version)
	}
	if _, err := db.Store().Append(within(t), stream, 3, newEvents(1)); !errors.As(err, new(*es.ConflictError)) {
		t.Errorf("got %v, want a conflict", err)
	}
	source, err := db.Source(stream.Category())
	check.Must(t, err)
	tranches, err := source.Tranches(within(t))
	check.Must(t, err)
	batch, err := source.Read(within(t), tranches[0], 0)
	if err != nil || len(batch.Events) != 20 {
		t.Errorf("got %d events and error %v, want 20", len(batch.Events), err)
	}
}

// A pooler answers although its server is gone, and says so. It is as if nobody did.
func TestAPoolerWithoutItsServerIsUnavailable(t *testing.T) {
	t.Parallel()
	server := ownServer(t)
	through := pgBouncerTo(t, changed(server.ConnectionString, nil), "pool_mode = session\nquery_wait_timeout = 3\nserver_login_retry = 1")
	db := open(t, Config{Connection: through})
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...)
	check.Must(t, server.Close())
	for range 3 {
		for what, err := range map[string]error{
			"a read":    check.Error(db.Store().Read(within(t), stream, 0, es.FromReplica)),
			"an append": check.Error(db.Store().Append(within(t), stream, 1, newEvents(1))),
		} {
			if !unavailable(err) {
				t.Errorf("%s: got error %v, want that the server cannot be reached", what, err)
			}
		}
	}
}
