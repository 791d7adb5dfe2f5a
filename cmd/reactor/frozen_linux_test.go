package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/internal/tried"
)

// ownMessageDB brings up a server that the test may break, with a database as
// initialised makes one. It returns the connection string of a superuser too.
func ownMessageDB(t testing.TB) (env map[string]string, admin string) {
	t.Helper()
	return initialisedOn(t, ownServer(t))
}

// ownServer brings up a server that the test may break.
func ownServer(t testing.TB) *provision.Server {
	t.Helper()
	server, err := provision.MessageDB(within(t), provision.Options{Way: provision.Local, Durable: true})
	if errors.Is(err, provision.ErrNoPostgreSQL) && os.Getenv("PROVISION_NO_SKIP") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("stop the test's server: %v", err)
		}
	})
	return server
}

// replicaOf brings up a replica of a server. The strings are changed to lead to it.
func replicaOf(t testing.TB, server *provision.Server, connections ...*string) {
	t.Helper()
	replica, err := server.NewReplica(within(t))
	if errors.Is(err, errors.ErrUnsupported) && os.Getenv("PROVISION_NO_SKIP") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := replica.Close(); err != nil {
			t.Errorf("stop the replica: %v", err)
		}
	})
	at, err := url.Parse(replica.ConnectionString)
	if err != nil {
		t.Fatal(err)
	}
	for _, connection := range connections {
		u, err := url.Parse(*connection)
		if err != nil {
			t.Fatal(err)
		}
		u.Host = at.Host
		*connection = u.String()
	}
}

// processesOf are the processes of a PostgreSQL, the first of them first.
func processesOf(t testing.TB, admin string) []int {
	t.Helper()
	var dir string
	if err := connect(t, admin).QueryRow(within(t), "SHOW data_directory").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return append([]int{postmaster}, childrenOf(postmaster)...)
}

// childrenOf lists the processes that a process has started.
func childrenOf(parent int) (children []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		var state string
		var ppid int
		if _, err := fmt.Sscan(rest, &state, &ppid); err != nil || ppid != parent {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil {
			children = append(children, pid)
		}
	}
	return children
}

// freeze stops a PostgreSQL in its tracks, until the function that it returns is called
// or the test ends: connections stay, and nobody answers.
func freeze(t testing.TB, admin string) (thaw func()) {
	t.Helper()
	pids := processesOf(t, admin)
	send := func(signal syscall.Signal) {
		for _, pid := range pids {
			if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				t.Errorf("send %v to %d: %v", signal, pid, err)
			}
		}
	}
	send(syscall.SIGSTOP)
	t.Cleanup(func() { send(syscall.SIGCONT) })
	return func() { send(syscall.SIGCONT) }
}

// TestAStopEndsWithinItsLimitOnAFrozenServer has work under way, and something to
// save, on a server that does not answer any more.
func TestAStopEndsWithinItsLimitOnAFrozenServer(t *testing.T) {
	t.Parallel()
	env, admin := ownMessageDB(t)
	h := openHotel(t, env)
	const limit = 5 * time.Second
	p, address := startRun(t, env, newGroup(t, h, env), "--stop-limit", limit.String(), "--checkpoint-interval", "1h")
	before := h.receive(t, 2)
	h.awaitMerged(t, h.selectStays(t, before), before)
	stays := h.receive(t, 3)
	holdStays(t, env)
	h.selectStays(t, stays)
	eventually(t, "the reactor is in a call", func() bool { return len(statusOf(t, address).Calls) > 0 })
	freeze(t, admin)
	began := time.Now()
	p.signal(t, syscall.SIGTERM)
	ended := p.awaitEnd(t)
	took := time.Since(began)
	tried.Times(t, "Message DB", "stops on a frozen server", 1)
	tried.Longest(t, "Message DB", "the longest, with a limit of 5 s", took)
	if ended.ExitStatus() != statusFailure || took > limit+limit/2 {
		t.Errorf("got status %d after %s, want %d within %s", ended.ExitStatus(), took, statusFailure, limit)
	}
}
