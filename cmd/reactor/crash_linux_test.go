package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/tried"
)

// crash kills a PostgreSQL as a power cut does, all its processes at once and without a
// word, and returns what starts it again on the same data and the same port.
func crash(t testing.TB, admin string) (restart func()) {
	t.Helper()
	pids := processesOf(t, admin)
	from := fmt.Sprintf("/proc/%d/", pids[0])
	line, err := os.ReadFile(from + "cmdline")
	check.Must(t, err)
	dir, err := os.Readlink(from + "cwd")
	check.Must(t, err)
	var owner syscall.Stat_t
	check.Must(t, syscall.Stat(from, &owner))
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatalf("kill %d: %v", pid, err)
		}
	}
	eventually(t, "the server is dead", func() bool {
		for _, pid := range pids { // the first has to be waited for too, or the next takes it for alive
			state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err == nil && (pid == pids[0] || !bytes.Contains(state, []byte(") Z "))) {
				return false
			}
		}
		return true
	})
	return func() {
		args := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
		command := exec.Command(args[0], args[1:]...)
		command.Dir = dir
		var said bytes.Buffer
		command.Stdout, command.Stderr = &said, &said
		command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if os.Getuid() == 0 {
			command.SysProcAttr.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
		}
		check.Must(t, command.Start())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = command.Wait() // it is killed; until it is waited for, the next one takes it for alive
		}()
		t.Cleanup(func() {
			_ = command.Process.Signal(syscall.SIGQUIT) // it may have ended
			<-ended
			if t.Failed() {
				t.Logf("the server that was started again wrote:\n%s", &said)
			}
		})
	}
}

// TestACrashOfTheServerThatKeepsItsCommits kills PostgreSQL in the middle of the work,
// again and again. It flushes what it commits, so nothing that was confirmed is gone, and
// the reactor, which nobody starts again, may say nothing of events that are.
func TestACrashOfTheServerThatKeepsItsCommits(t *testing.T) {
	t.Parallel()
	env, admin := ownMessageDB(t)
	p, address := startRun(t, env, newGroup(t, openHotel(t, env), env), "--checkpoint-interval", "100ms")
	type work struct {
		checkout domain.GroupID
		stays    []domain.StayID
	}
	var all []work
	for range 3 {
		h := openHotel(t, env)
		for range 10 {
			stays := h.receive(t, 3)
			all = append(all, work{h.selectStays(t, stays), stays})
		}
		restart := crash(t, admin)
		p.awaitLog(t, "the store cannot be reached; everything waits for it, and one question at a time probes it")
		restart()
		p.awaitLog(t, "the store can be reached again; everything goes on")
		back := time.Now()
		eventually(t, "it is ready", func() bool {
			status, _ := get(t, "http://"+address+"/readyz")
			return status == http.StatusOK
		})
		after := openHotel(t, env)
		for _, w := range all {
			after.awaitMerged(t, w.checkout, w.stays)
		}
		tried.Times(t, "Message DB", "crashes of the server", 1)
		tried.Longest(t, "Message DB", "all that waited was handled after", time.Since(back))
	}
	if strings.Contains(p.output(), "erased") || strings.Contains(p.output(), "timeline") {
		t.Errorf("nothing was lost, and the reactor said:\n%s", p.output())
	}
	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
		t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
	}
	status, out, complaints := call(t, env, "audit", "--quiet", "mdb")
	if status != statusDone || !strings.Contains(out, "The books balance.") {
		t.Errorf("audit: got status %d, %q and %q, want the books balanced", status, out, complaints)
	}
	booksBySQL(t, env)
}
