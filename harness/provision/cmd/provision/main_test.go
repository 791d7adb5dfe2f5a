package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"groupcheckout/harness/provision"
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
			got, err := runWith(&provision.Server{}, []string{"sh", "-c", test.script})
			if err != nil || got != test.want {
				t.Errorf("got status %d and error %v, want status %d", got, err, test.want)
			}
		})
	}
}

func TestTheCommandFindsTheServerInItsEnvironment(t *testing.T) {
	t.Parallel()
	server := &provision.Server{ConnectionString: "theirs", AdminConnectionString: "admins", How: "by magic"}
	const check = `test "$MDB_CONNECTION_STRING/$MDB_ADMIN_CONNECTION_STRING/$MDB_PROVISIONED" = "theirs/admins/by magic"`
	if got, err := runWith(server, []string{"sh", "-c", check}); err != nil || got != 0 {
		t.Errorf("got status %d and error %v, want status 0", got, err)
	}
}

func TestWhatCannotBeRun(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	if got, err := runWith(&provision.Server{}, []string{missing}); got != notRun || err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("got status %d and error %v, want status %d and an error that names %s", got, err, notRun, missing)
	}
	for _, args := range [][]string{{}, {"-nonsense"}, {"-way", "podman", "--", "true"}} {
		if got, err := run(args, io.Discard, io.Discard); got != notRun || err == nil {
			t.Errorf("arguments %q: got status %d and error %v, want status %d and an error", args, got, err, notRun)
		}
	}
}
