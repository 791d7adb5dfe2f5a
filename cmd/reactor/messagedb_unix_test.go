//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/internal/check"
)

// newGroup is a consumer group with a checkpoint, at the end of the feed.
func newGroup(t testing.TB, h *hotel, env map[string]string) string {
	t.Helper()
	group := "test-" + uuid.NewString()
	end := h.end(t)
	status, out, errors := call(t, env, "checkpoint", "mdb", "-g", group, "--position", fmt.Sprint(end))
	want := fmt.Sprintf("group %q on tranche %q of messageDb: none -> %d", group, groupcheckout.Category, end)
	if status != statusDone || !strings.HasPrefix(out, want) {
		t.Fatalf("got status %d, %q and %q, want 0 and %q", status, out, errors, want)
	}
	return group
}

// startRun starts reactor run and waits until it is ready. It returns the
// address of its status page too.
func startRun(t testing.TB, env map[string]string, group string, flags ...string) (p *process, address string) {
	t.Helper()
	args := append([]string{"run", "-g", group, "--log-format", "json", "--listen", "127.0.0.1:0"}, flags...)
	p = start(t, env, append(args, "mdb", "-t", "10")...)
	address = p.awaitLog(t, "serving the status page")["address"].(string)
	p.awaitLog(t, "ready")
	return p, address
}

func TestRunMergesAndStopsInOrder(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	group := newGroup(t, h, env)
	p, address := startRun(t, env, group, "--checkpoint-interval", "1h") // so it is the stop that saves

	if status, body := get(t, "http://"+address+"/healthz"); status != 200 {
		t.Errorf("/healthz: got %d and %q, want 200", status, body)
	}
	if _, body := get(t, "http://"+address+"/metrics"); !strings.Contains(body, "reactor_running 1") || !strings.Contains(body, "go_goroutines") {
		t.Errorf("/metrics: got %q, want the reactor's and Go's", body)
	}
	stays := h.receive(t, 3)
	h.awaitMerged(t, h.selectStays(t, stays), stays)
	done := h.end(t)
	eventually(t, "all is completed", func() bool { return statusOf(t, address).Tranches[0].Completed >= int64(done) })

	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
		t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
	}
	if position, _ := h.checkpoint(t, group); position < done {
		t.Errorf("got the checkpoint %d after SIGTERM, want %d or more", position, done)
	}
	if !strings.Contains(p.output(), `"msg":"stopped"`) {
		t.Errorf("got no word of the stop in the log")
	}
	if password := passwordIn(env["MDB_CONNECTION_STRING"]); password != "" && strings.Contains(p.output(), password) {
		t.Error("the log gives the password away")
	}
}

// passwordIn is the password in a URL.
func passwordIn(connection string) string {
	parsed, err := url.Parse(connection)
	if err != nil || parsed.User == nil {
		return ""
	}
	password, _ := parsed.User.Password()
	return password
}

func TestAKilledReactorGoesOn(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	group := newGroup(t, h, env)
	p, address := startRun(t, env, group)

	// Some stays are merged; then the reactor is in the midst of others, of
	// which it has sent the first transfers, when it dies.
	before := h.receive(t, 3)
	h.awaitMerged(t, h.selectStays(t, before), before)
	stays := h.receive(t, 12)
	release := holdStays(t, env)
	checkout := h.selectStays(t, stays)
	stream := h.groups.Stream(checkout).String()
	eventually(t, "the reactor works on the group", func() bool {
		for _, call := range statusOf(t, address).Calls {
			if call.Stream == stream {
				return true
			}
		}
		return false
	})
	p.signal(t, syscall.SIGKILL)
	if ended := p.awaitEnd(t); !ended.Signaled() || ended.Signal() != syscall.SIGKILL {
		t.Fatalf("got %v, want an end by SIGKILL", ended)
	}
	release()

	p, _ = startRun(t, env, group)
	h.awaitMerged(t, checkout, stays)
	p.signal(t, syscall.SIGINT)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
		t.Errorf("got status %d after SIGINT, want 0", ended.ExitStatus())
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	p, address := startRun(t, env, newGroup(t, h, env), "--stop-limit", "1h")
	stays := h.receive(t, 1)
	release := holdStays(t, env)
	defer release()
	h.selectStays(t, stays)
	eventually(t, "the reactor is in a call", func() bool { return len(statusOf(t, address).Calls) > 0 })
	p.signal(t, syscall.SIGTERM)
	p.awaitLog(t, "stopping: work under way may end")
	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusFailure {
		t.Errorf("got status %d after the second SIGTERM, want 2", ended.ExitStatus())
	}
}

func TestACheckpointAheadIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	group := newGroup(t, h, env)
	beyond := fmt.Sprint(h.end(t) + 1_000_000_000)
	if status, _, errors := call(t, env, "checkpoint", "mdb", "-g", group, "--position", beyond); status != statusConfiguration || !strings.Contains(errors, "--force") {
		t.Fatalf("a position beyond the end: got status %d and %q, want 1 and --force", status, errors)
	}
	if status, _, errors := call(t, env, "checkpoint", "mdb", "-g", group, "--position", beyond, "--force"); status != statusDone {
		t.Fatalf("with --force: got status %d and %q, want 0", status, errors)
	}
	status, _, errors := call(t, env, "run", "-g", group, "mdb")
	_, advice, found := strings.Cut(errors, "The command is: reactor ")
	if status != statusConfiguration || !found {
		t.Fatalf("got status %d and %q, want 1 and the command that helps", status, errors)
	}
	command, _, _ := strings.Cut(advice, ",")
	if status, out, errors := call(t, env, strings.Fields(command)...); status != statusDone || !strings.Contains(out, beyond+" -> 0") {
		t.Fatalf("reactor %s: got status %d, %q and %q, want 0 and the step", command, status, out, errors)
	}
	p, _ := startRun(t, env, group)
	p.signal(t, syscall.SIGTERM)
	p.awaitEnd(t)
}

func TestCheckpointShowsAndSets(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	h.selectStays(t, h.receive(t, 1)) // so that the feed is not empty
	group := "test-" + uuid.NewString()
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, statusDone, "none"},
		{nil, statusDone, "is the name right?"},
		{[]string{"--tranche", "Other"}, statusConfiguration, `there is no tranche "Other"; the feed has ["GroupCheckout"]`},
		{[]string{"--position=-1"}, statusConfiguration, "--position cannot be -1"},
		{[]string{"-p", "1"}, statusDone, "none -> 1 (the feed ends at "},
		{[]string{"--tranche", "GroupCheckout", "-p", "0"}, statusDone, "1 -> 0 (the feed ends at "},
		{nil, statusDone, "messageDb   GroupCheckout   0 "},
	} {
		status, out, errors := call(t, env, append([]string{"checkpoint", "mdb", "-g", group}, test.args...)...)
		if status != test.status || !strings.Contains(out+errors, test.want) {
			t.Errorf("%v: got status %d, %q and %q, want %d and %q", test.args, status, out, errors, test.status, test.want)
		}
	}
	if position, known := h.checkpoint(t, group); position != 0 || !known {
		t.Errorf("got the checkpoint %d (%v), want 0", position, known)
	}
}

func TestInitAgainChangesNothing(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	status, out, errors := call(t, env, "init", "mdb")
	if status != statusDone || !strings.HasPrefix(out, "found the table") {
		t.Errorf("got status %d, %q and %q, want 0 and that it was found", status, out, errors)
	}
}

func TestAMissingTableIsExplained(t *testing.T) {
	t.Parallel()
	env := map[string]string{"MDB_CONNECTION_STRING": messageDBServer.Require(t).ConnectionString, "MDB_SCHEMA": "reactor_test_missing"}
	for _, command := range []string{"run", "checkpoint"} {
		status, _, errors := call(t, env, command, "-g", "x", "mdb")
		if status == statusDone || !strings.Contains(errors, "reactor init mdb") {
			t.Errorf("%s: got status %d and %q, want a failure that names reactor init mdb", command, status, errors)
		}
	}
}

func TestAWrongPasswordIsNotPrinted(t *testing.T) {
	t.Parallel()
	wrong, err := url.Parse(messageDBServer.Require(t).ConnectionString)
	if err != nil || wrong.User == nil {
		t.Skip("this test changes the password in a URL, and the server that was named has none")
	}
	wrong.User = url.UserPassword(wrong.User.Username(), secret)
	env := map[string]string{"MDB_CONNECTION_STRING": wrong.String(), "MDB_SCHEMA": "public"}
	status, out, errors := call(t, env, "checkpoint", "-g", "x", "mdb")
	if !strings.Contains(errors, "password") {
		t.Skip("the server asks for no password")
	}
	if status != statusConfiguration || strings.Contains(out+errors, secret) {
		t.Errorf("got status %d and %q, want 1 and no password", status, errors)
	}
}

func TestTheDemoRunsOnMessageDB(t *testing.T) {
	t.Parallel()
	status, out, errors := call(t, nil, "demo", "--groups", "5", "--stays", "3", "--store", messageDBServer.Require(t).ConnectionString, "--quiet")
	if strings.Contains(errors, "is not the address of a store") {
		t.Skip("the demo takes a URL, and the server was named in another form")
	}
	if status != statusDone || !strings.Contains(out, "5  groups confirmed of 5") {
		t.Errorf("got status %d, %q and %q, want 0 and five groups", status, out, errors)
	}
}

func TestAnInterruptedDemoSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var errors strings.Builder
	progress := writerFunc(func(text []byte) (int, error) {
		cancel() // at the first quarter of the arrivals
		return errors.Write(text)
	})
	status := run(ctx, []string{"demo", "--groups", "50"}, streams{in: strings.NewReader(""), out: &strings.Builder{}, err: progress}, func(string) string { return "" })
	if status != statusFailure || !strings.Contains(errors.String(), "interrupted before the audit") {
		t.Errorf("got status %d and %q, want 2 and that it was interrupted", status, errors.String())
	}
}

type writerFunc func([]byte) (int, error)

// Write implements io.Writer.
func (f writerFunc) Write(text []byte) (int, error) { return f(text) }

// TestTheHotelIsShownOnMessageDB kills its reactor and starts it again while groups wait.
func TestTheHotelIsShownOnMessageDB(t *testing.T) {
	t.Parallel()
	store := messageDBServer.Require(t).ConnectionString
	if !strings.HasPrefix(store, "postgres") {
		t.Skip("the demo takes a URL, and the server was named in another form")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	address, over := make(chan string, 1), make(chan int, 1)
	var errors strings.Builder
	said := writerFunc(func(text []byte) (int, error) {
		if _, rest, found := strings.Cut(string(text), "The hotel is at "); found {
			shown, _, _ := strings.Cut(rest, ",")
			address <- shown
		}
		return len(text), nil
	})
	go func() {
		over <- run(ctx, []string{"demo", "--listen", "127.0.0.1:0", "--store", store}, streams{in: strings.NewReader(""), out: said, err: &errors}, func(string) string { return "" })
	}()
	var at string
	select {
	case at = <-address:
	case status := <-over:
		t.Fatalf("got status %d and %q, want the address of the page", status, errors.String())
	}
	post := func(path string) {
		t.Helper()
		response, err := http.Post(at+path, "", nil) //nolint:gosec // it is a test's own
		check.Must(t, err)
		_ = response.Body.Close()
	}
	state := func() demo.HotelState {
		t.Helper()
		_, body := get(t, at+"state.json")
		return decoded[demo.HotelState](t, body)
	}
	eventually(t, "a group is selected", func() bool { return len(state().Groups) > 0 })
	post("kill")
	if state().Working {
		t.Error("got that the reactor works after it was killed")
	}
	post("start")
	eventually(t, "the books of a round balance", func() bool { return state().Balanced > 0 })
	cancel()
	if status := <-over; status != statusDone {
		t.Errorf("got status %d and %q, want 0", status, errors.String())
	}
}
