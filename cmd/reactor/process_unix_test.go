//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
)

// process is a running reactor.
type process struct {
	command *exec.Cmd
	ended   chan struct{} // closed when it has ended and all that it wrote was read
	more    chan struct{} // it wrote something
	awaited int           // up to where awaitLog has read what it wrote
	mu      sync.Mutex
	stderr  strings.Builder
}

// programOf is the binary, which knows no store but that of the variables.
func programOf(env map[string]string, args ...string) *exec.Cmd {
	command := exec.Command("reactor", args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MDB_") && !strings.HasPrefix(variable, "EQUINOX_") {
			command.Env = append(command.Env, variable)
		}
	}
	for name, value := range env {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// start starts the binary with a log in JSON. The end of the test kills it.
func start(t testing.TB, env map[string]string, args ...string) *process {
	t.Helper()
	p := &process{command: programOf(env, args...), ended: make(chan struct{}), more: make(chan struct{}, 1)}
	stderr, err := p.command.StderrPipe()
	check.Must(t, err)
	check.Must(t, p.command.Start())
	go p.follow(stderr)
	t.Cleanup(func() {
		_ = p.command.Process.Kill() // it may have ended
		<-p.ended
		if t.Failed() {
			t.Logf("reactor %s wrote:\n%s", strings.Join(args, " "), p.withoutDebugging())
		}
	})
	return p
}

// follow reads what the process writes until it ends.
func (p *process) follow(stderr io.Reader) {
	defer close(p.ended)
	scanner := bufio.NewScanner(stderr)
	for scanner.Scan() {
		p.mu.Lock()
		p.stderr.WriteString(scanner.Text() + "\n")
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default: // whoever waits is told already
		}
	}
	_ = p.command.Wait() // the tests look at the state
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// withoutDebugging is what it wrote, but for each call and batch.
func (p *process) withoutDebugging() string {
	var rest strings.Builder
	for line := range strings.Lines(p.output()) {
		if !strings.Contains(line, `"level":"DEBUG"`) {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

// awaitLog waits for a line of the log with the given message, behind the one that was
// waited for before.
func (p *process) awaitLog(t testing.TB, message string) map[string]any {
	t.Helper()
	limit := time.After(provisiontest.Patience)
	for over := false; ; {
		for text := range strings.Lines(p.output()[p.awaited:]) {
			p.awaited += len(text)
			var line map[string]any
			if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == message {
				return line
			}
		}
		if over {
			t.Fatalf("the reactor ended before it logged %q:\n%s", message, p.withoutDebugging())
		}
		select {
		case <-p.more:
		case <-p.ended:
			over = true
		case <-limit:
			t.Fatalf("the reactor did not log %q:\n%s", message, p.withoutDebugging())
		}
	}
}

func (p *process) signal(t testing.TB, signal os.Signal) {
	t.Helper()
	check.Mustf(t, p.command.Process.Signal(signal), "send %v", signal)
}

// awaitEnd waits for the end of the process and returns how it was.
func (p *process) awaitEnd(t testing.TB) syscall.WaitStatus {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(provisiontest.Patience):
		t.Fatalf("the reactor did not end:\n%s", p.output())
	}
	return p.command.ProcessState.Sys().(syscall.WaitStatus)
}

// get fetches a page of the reactor.
func get(t testing.TB, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t), http.MethodGet, url, http.NoBody)
	check.Must(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	check.Must(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	check.Must(t, err)
	return response.StatusCode, string(content)
}

// status is what /status.json tells of a reactor, as far as the tests look.
type status struct {
	Tranches []struct{ Completed int64 }
	Calls    []struct{ Stream string }
}

func statusOf(t testing.TB, address string) status {
	t.Helper()
	_, body := get(t, "http://"+address+"/status.json")
	var s status
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatalf("/status.json: %v in %s", err, body)
	}
	return s
}

// eventually waits for what happens in another process.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	provisiontest.Eventually(t, what, holds)
}
