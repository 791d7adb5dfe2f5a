package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/internal/check"
)

func TestTheCommandsExitStatusIsPassedOn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, script string
		want         int
	}{
		{"success", "exit 0", 0},
		{"failure", "exit 7", 7},
		{"a signal", "kill -TERM $$", 128 + 15},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := runWith(nil, []string{"sh", "-c", test.script})
			if err != nil || got != test.want {
				t.Errorf("got status %d and error %v, want status %d", got, err, test.want)
			}
		})
	}
}

func TestTheCommandFindsTheServersInItsEnvironment(t *testing.T) {
	t.Setenv(provision.EnvRegion, "eu-west-1") // an address beside it would be an error
	servers := []server{
		&provision.Server{ConnectionString: "theirs", AdminConnectionString: "admins", How: "by magic"},
		&provision.DynamoDBServer{ServiceURL: "url", AccessKeyID: "key", SecretAccessKey: "secret", How: "by miracle"},
	}
	const check = `
		test "$MDB_CONNECTION_STRING/$MDB_ADMIN_CONNECTION_STRING/$MDB_PROVISIONED" = "theirs/admins/by magic" &&
		test "$EQUINOX_DYNAMO_SERVICE_URL/$EQUINOX_DYNAMO_ACCESS_KEY_ID/$EQUINOX_DYNAMO_SECRET_ACCESS_KEY/$DDB_PROVISIONED" = "url/key/secret/by miracle" &&
		test "$EQUINOX_DYNAMO_REGION" = ""`
	if got, err := runWith(servers, []string{"sh", "-c", check}); err != nil || got != 0 {
		t.Errorf("got status %d and error %v, want status 0", got, err)
	}
}

func TestServersAreClosedInReverse(t *testing.T) {
	t.Parallel()
	var closed []string
	broken := errors.New("broken")
	err := closeAll([]server{
		&fakeServer{close: func() error { closed = append(closed, "first"); return nil }},
		&fakeServer{close: func() error { closed = append(closed, "second"); return broken }},
	})
	if diff := cmp.Diff([]string{"second", "first"}, closed); diff != "" || !errors.Is(err, broken) {
		t.Errorf("got %v and error %v, want second and first, and %v", closed, err, broken)
	}
}

type fakeServer struct{ close func() error }

func (*fakeServer) Environment() []string { return nil }
func (s *fakeServer) Close() error        { return s.close() }

func TestWhatCannotBeRun(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	if got, err := runWith(nil, []string{missing}); got != notRun || err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("got status %d and error %v, want status %d and an error that names %s", got, err, notRun, missing)
	}
	for _, args := range [][]string{
		{},
		{"-nonsense"},
		{"-way", "podman", "--", "true"},
		{"-kind", "dynamodb", "-way", "podman", "--", "true"},
		{"-kind", "redis", "--", "true"},
		{"-kind", "", "--", "true"},
		{"-kind", "dynamodb,dynamodb", "--", "true"},
		{"-kind", "messagedb,dynamodb", "-image", "x", "--", "true"},
	} {
		if got, err := run(args, io.Discard, io.Discard); got != notRun || err == nil {
			t.Errorf("arguments %q: got status %d and error %v, want status %d and an error", args, got, err, notRun)
		}
	}
}

// Somebody who presses Ctrl-C while Docker hangs need not wait for anything.
func TestASignalEndsTheWaitForASilentEngine(t *testing.T) {
	for _, kind := range []string{"messagedb", "dynamodb"} {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		check.Must(t, err)
		t.Setenv("HOME", t.TempDir()) // nothing there names another engine
		t.Setenv("DOCKER_HOST", "tcp://"+listener.Addr().String())
		t.Setenv(provision.EnvConnectionString, "")
		t.Setenv(provision.EnvServiceURL, "")
		over := make(chan struct{})
		go func() {
			defer close(over)
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close() //nolint:errcheck // nothing was written
			check.OK(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
			_, _ = io.Copy(io.Discard, conn) // until the other side gives up
		}()
		status, err := run([]string{"-kind", kind, "true"}, io.Discard, io.Discard)
		if status != notRun || err == nil || !strings.Contains(err.Error(), "given up") {
			t.Errorf("%s: got status %d and error %v, want %d and that the wait was given up", kind, status, err, notRun)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got error %v: the signal had no effect", kind, err)
		}
		check.OK(t, listener.Close())
		<-over
	}
}
