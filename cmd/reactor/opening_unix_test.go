//go:build unix

package main

import (
	"net"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// TestProbesAreAnsweredWhileTheStoreOpens has a server that accepts, and says nothing.
func TestProbesAreAnsweredWhileTheStoreOpens(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	env := map[string]string{"MDB_CONNECTION_STRING": "postgres://app@" + silent.Addr().String() + "/x?sslmode=disable", "MDB_SCHEMA": "public"}
	p := start(t, env, "run", "-g", "x", "--log-format", "json", "--listen", ":0", "mdb")
	address := p.awaitLog(t, "serving the status page")["address"].(string)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/status.json": 200, "/metrics": 200} {
		if status, body := get(t, "http://"+address+path); status != want {
			t.Errorf("%s: got %d and %q, want %d", path, status, body, want)
		}
	}
}
