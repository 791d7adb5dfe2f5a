//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/reactor/monitor"
)

// told is a reactor whose status the test says.
type told struct {
	status atomic.Pointer[reactor.Status]
	asked  atomic.Int64
	second atomic.Pointer[context.CancelCauseFunc] // is called when it is asked a second time
}

// Status implements [monitor.Reactor].
func (r *told) Status(context.Context) (reactor.Status, error) {
	if enough := r.second.Load(); enough != nil && r.asked.Add(1) == 2 {
		(*enough)(errEnough)
	}
	if status := r.status.Load(); status != nil {
		return *status, nil
	}
	return reactor.Status{}, reactor.ErrNotRunning
}

// errEnough is why the contexts of these tests end.
var errEnough = errors.New("enough of it")

// answeredOnce returns a context that ends once whoever asks has had one answer,
// and asks again.
func (r *told) answeredOnce(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(within(t))
	t.Cleanup(func() { cancel(nil) })
	r.asked.Store(0)
	r.second.Store(&cancel)
	return ctx
}

// said returns a context that ends once a program has written a line.
func said(t *testing.T, config *Config, line string) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(within(t))
	t.Cleanup(func() { cancel(nil) })
	config.line = func(text string) {
		if text == line {
			cancel(errEnough)
		}
	}
	return ctx
}

// completed tells that the feed is completed up to a position.
func (r *told) completed(position feed.Position) {
	r.status.Store(&reactor.Status{At: time.Now(), Group: "g", Tranches: []reactor.TrancheStatus{{Tranche: "Some", Read: 9, Completed: position}}})
}

// script is a program that runs a shell script, says that a page of the test is
// its own, and runs another.
func script(t *testing.T, before, after string) (*told, Config) {
	t.Helper()
	reactorTold := &told{}
	reactorTold.completed(0)
	server := httptest.NewServer(monitor.NewPage(reactorTold, prometheus.NewRegistry()))
	t.Cleanup(server.Close)
	line := fmt.Sprintf(`{"time":"…","level":"INFO","msg":"serving the status page","address":"%s"}`, server.Listener.Addr())
	return reactorTold, Config{Path: "sh", Args: []string{"-c", before + "; echo '" + line + "'; " + after}, Env: []string{"SECRET=geheim123"}}
}

// A program that works until it is asked to stop, and then does in order.
const (
	inOrder = "trap 'echo stopping; exit 0' TERM"
	forEver = "echo waiting; while :; do sleep 0.01; done"
)

func started(t *testing.T, config Config) *Process {
	t.Helper()
	p, err := Start(within(t), config)
	check.Must(t, err)
	t.Cleanup(func() { check.OKf(t, p.Kill(), "kill") })
	return p
}

func checkError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", parts)
	}
	check.Contains(t, err.Error(), parts...)
	if strings.Contains(err.Error(), "geheim123") {
		t.Errorf("the error shows the secret: %v", err)
	}
}

func TestAProcessIsStoppedInOrder(t *testing.T) {
	t.Parallel()
	_, config := script(t, inOrder, forEver)
	p := started(t, config)
	for range 2 {
		check.OKf(t, p.Stop(within(t)), "stop")
	}
	<-p.Done()
	if !strings.HasSuffix(p.Output(), "stopping") {
		t.Errorf("got the output %q, want that it was asked to stop", p.Output())
	}
	_, err := p.Status(within(t))
	checkError(t, err, "it has ended")
	if _, err := os.Stat(p.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder %s: got error %v, want that it is gone", p.dir, err)
	}
}

func TestABadEndIsReportedWithTheLastLines(t *testing.T) {
	t.Parallel()
	for name, text := range map[string][2]string{
		"when it is stopped": {"trap 'echo no room; exit 7' TERM", forEver},
		"by itself":          {":", "echo no room; exit 7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, config := script(t, text[0], text[1])
			p, err := Start(within(t), config)
			if err == nil { // it may have ended before it answered
				if name == "by itself" {
					<-p.Done()
				}
				err = p.Stop(within(t))
			}
			checkError(t, err, "exit status 7", "no room")
		})
	}
}

func TestAProcessThatDoesNotStopIsKilled(t *testing.T) {
	t.Parallel()
	_, config := script(t, "trap 'echo not now' TERM", forEver)
	p := started(t, config)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errEnough)
	checkError(t, p.Stop(ctx), "did not stop and was killed", "enough of it")
	<-p.Done()
}

func TestAProcessThatIsNotReadyIsGone(t *testing.T) {
	t.Parallel()
	_, mute := script(t, inOrder, forEver)
	mute.Args = []string{"-c", inOrder + "; " + forEver}
	hasty := mute
	hasty.readyLimit = time.Nanosecond
	waiting := said(t, &mute, "waiting")
	told, silent := script(t, inOrder, forEver)
	told.status.Store(nil)
	ends := Config{Path: "sh", Args: []string{"-c", "echo could not bind; exit 3"}}
	for name, test := range map[string]struct {
		ctx    context.Context
		config Config
		want   []string
	}{
		"without an address":    {waiting, mute, []string{"did not say where its status page is", "enough of it", "waiting"}},
		"whose page is no help": {told.answeredOnce(t), silent, []string{"enough of it", reactor.ErrNotRunning.Error()}},
		"in time":               {within(t), hasty, []string{"not ready within 1ns"}},
		"that ends":             {within(t), ends, []string{"exit status 3", "could not bind"}},
		"that is not there":     {within(t), Config{Path: "no-such-program"}, []string{"no-such-program"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Start(test.ctx, test.config)
			checkError(t, err, test.want...)
		})
	}
}

func TestTheStatusIsThatOfTheReactor(t *testing.T) {
	t.Parallel()
	told, config := script(t, inOrder, forEver)
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	stream, err := es.ParseStreamName("Some-1")
	check.Must(t, err)
	p := started(t, config)
	told.status.Store(&reactor.Status{
		At: at, Group: "g",
		Tranches: []reactor.TrancheStatus{{Tranche: "Some", Read: 30, Completed: 20, Error: "no answer", ErrorSince: at.Add(-2 * time.Second)}},
		Calls:    []reactor.CallStatus{{Stream: stream, Since: at.Add(-time.Minute)}},
		Troubled: []reactor.TroubleStatus{{Stream: stream, Since: at.Add(-time.Hour), Attempts: 5, NextTry: at.Add(time.Second), Cause: "refused"}},
	})
	got, err := p.Status(within(t))
	for ctx := within(t); err == nil && !got.At.Equal(at) && ctx.Err() == nil; { // the page may repeat what it said just now
		got, err = p.Status(ctx)
	}
	if wantReason := "Some-1 is troubled for 1h0m0s, after 5 attempts: refused"; err != nil || !got.At.Equal(at) || !slices.Contains(got.Reasons, wantReason) {
		t.Errorf("got the error %v, %v and reasons %q, want %v and %q", err, got.At, got.Reasons, at, wantReason)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errEnough)
	checkError(t, p.AwaitCompleted(ctx, map[feed.Tranche]feed.Position{"Some": 21}), "enough of it")
	checkError(t, p.AwaitCompleted(told.answeredOnce(t), map[feed.Tranche]feed.Position{"Some": 21, "Other": 1}),
		"tranche Some is wanted up to 21, and is read to 30 and completed to 20", "tranche Other", "does not follow it",
		"reading tranche Some fails: no answer", "Some-1 has failed 5 times: refused", "Some-1 is being handled since 2026-11-24T09:59:00Z", "enough of it", "waiting")
}

func TestAWaitEndsWhenTheFeedIsCompleted(t *testing.T) {
	t.Parallel()
	told, config := script(t, inOrder, forEver)
	p := started(t, config)
	ended := make(chan error)
	go func() { ended <- p.AwaitCompleted(within(t), map[feed.Tranche]feed.Position{"Some": 7}) }()
	told.completed(6)
	told.completed(7)
	if err := <-ended; err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

func TestAWaitEndsWithTheProcess(t *testing.T) {
	t.Parallel()
	_, config := script(t, inOrder, forEver)
	p := started(t, config)
	ended := make(chan error)
	go func() { ended <- p.AwaitCompleted(within(t), map[feed.Tranche]feed.Position{"Some": 7}) }()
	check.OKf(t, p.Kill(), "kill")
	checkError(t, <-ended, "it has ended: it was killed")
	check.OKf(t, p.Stop(within(t)), "stop what was killed")
}

func TestAGroupHasDoneWhatEachOfItHasDone(t *testing.T) {
	t.Parallel()
	told, config := script(t, inOrder, forEver)
	check.Failsf(t, check.Error(StartGroup(within(t), 0, config)), "a group of none")
	g, err := StartGroup(within(t), 3, config)
	check.Must(t, err)
	t.Cleanup(func() { check.OKf(t, g.Kill(), "kill what was stopped") })
	told.completed(7)
	seven, eight := map[feed.Tranche]feed.Position{"Some": 7}, map[feed.Tranche]feed.Position{"Some": 8}
	if err := g.AwaitCompleted(within(t), seven); err != nil {
		t.Errorf("all three are there: got error %v, want none", err)
	}
	check.OKf(t, g.Members()[1].Kill(), "kill")
	// The others have not completed it, and nobody waits for them.
	checkError(t, g.AwaitCompleted(within(t), eight), "process 2: ", "it has ended: it was killed")
	check.OKf(t, g.Stop(within(t)), "stop")
	for i, p := range g.Members() {
		if asked := strings.HasSuffix(p.Output(), "stopping"); asked != (i != 1) {
			t.Errorf("process %d: got the output %q; was asked to stop: %t, want that of all but the one that was killed", i+1, p.Output(), asked)
		}
	}
}

func TestAGroupIsKilled(t *testing.T) {
	t.Parallel()
	_, config := script(t, inOrder, forEver)
	g, err := StartGroup(within(t), 2, config)
	check.Must(t, err)
	check.OKf(t, g.Kill(), "kill")
	for i, p := range g.Members() {
		<-p.Done()
		if strings.HasSuffix(p.Output(), "stopping") {
			t.Errorf("process %d was asked to stop, want it killed", i+1)
		}
	}
}

func TestAGroupThatCannotStartIsGone(t *testing.T) {
	t.Parallel()
	first := filepath.Join(t.TempDir(), "first")
	_, config := script(t, "mkdir '"+first+"' || { echo no room; exit 7; }; "+inOrder, forEver)
	_, err := StartGroup(within(t), 2, config)
	checkError(t, err, "exit status 7", "no room")
}

func TestAProcessThatEndsAtItsStartIsStartedAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		starts int
		works  bool
	}{{2, false}, {3, true}} {
		dir := t.TempDir()
		// It starts at the third time.
		_, config := script(t, "mkdir '"+dir+"/1' || mkdir '"+dir+"/2' || touch '"+dir+"/3'; test -e '"+dir+"/3' || { echo no room; exit 7; }; "+inOrder, forEver)
		config.Starts = test.starts
		p, err := Start(within(t), config)
		if !test.works {
			checkError(t, err, "exit status 7", "no room")
			continue
		}
		check.Must(t, err)
		check.OKf(t, p.Stop(within(t)), "stop")
	}
}

func TestAGroupWaitsForTheOneThatReplacesAnother(t *testing.T) {
	t.Parallel()
	hold := filepath.Join(t.TempDir(), "hold")
	told, config := script(t, "while test -e '"+hold+"'; do sleep 0.01; done; "+inOrder, forEver)
	g, err := StartGroup(within(t), 2, config)
	check.Must(t, err)
	t.Cleanup(func() { check.OKf(t, g.Kill(), "kill") })
	check.Failsf(t, g.Replace(within(t), 2), "the third of two")
	check.Must(t, os.Mkdir(hold, 0o700))
	replaced, completed := make(chan error), make(chan error)
	old := g.Members()[1]
	go func() { replaced <- g.Replace(within(t), 1) }()
	<-old.Done()
	go func() { completed <- g.AwaitCompleted(within(t), map[feed.Tranche]feed.Position{"Some": 7}) }()
	told.completed(7)
	select {
	case err := <-completed:
		t.Errorf("one is being replaced: got %v from the wait, want that it goes on", err)
	default:
	}
	check.Must(t, os.Remove(hold))
	check.OK(t, errors.Join(<-replaced, <-completed))
	if g.Members()[1] == old {
		t.Error("the same process is in its place")
	}
}

func TestTheLineWithTheAddressIsFound(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`time=2026-11-24T17:05:00.000Z level=INFO msg="serving the status page" address=127.0.0.1:4711`: "127.0.0.1:4711",
		`time=2026-11-24T17:05:00.000Z level=INFO msg="serving the status page" address=[::1]:4711`:     "[::1]:4711",
		`{"time":"2026","level":"INFO","msg":"serving the status page","address":"127.0.0.1:4711"}`:     "127.0.0.1:4711",
		`{"level":"ERROR","msg":"the status page is no longer served","address":"127.0.0.1:4711"}`:      "",
	} {
		got := ""
		if match := serving().FindStringSubmatch(line); match != nil {
			got = match[1]
		}
		check.Equal(t, line, want, got)
	}
}

func TestAPageThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	_, config := script(t, inOrder, forEver)
	p := started(t, config)
	p.address = server.Listener.Addr().String()
	_, err := p.Status(within(t))
	checkError(t, err, "404")
	for _, body := range []string{"", "{", `{"consumerGroup":"g","calls":[{"stream":1}]}`, `{"reasons":["it is late"]}`} {
		check.Failsf(t, check.Error(parseStatus([]byte(body))), "%q", body)
	}
}

func TestABuildThatFailsQuotesTheCompiler(t *testing.T) {
	t.Parallel()
	_, err := Build(within(t), "example.com/groupcheckout/no/such/package")
	checkError(t, err, "example.com/groupcheckout/no/such/package", "no required module provides")
}

// pageless is a program without a page, of which the store has a checkpoint.
func pageless(saved *atomic.Int64, text string) Config {
	return Config{Path: "sh", Args: []string{"-c", text}, Saved: func(context.Context) (map[feed.Tranche]feed.Position, error) {
		return map[feed.Tranche]feed.Position{"Some": feed.Position(saved.Load())}, nil
	}}
}

func TestAProgramWithoutAPageIsJudgedByItsCheckpoints(t *testing.T) {
	t.Parallel()
	var saved atomic.Int64
	config := pageless(&saved, "trap 'echo by INT; exit 130' INT; pwd; "+forEver)
	config.Signal, config.Dir = "INT", t.TempDir()
	ctx := said(t, &config, "waiting")
	p := started(t, config)
	seven := map[feed.Tranche]feed.Position{"Some": 7}
	saved.Store(6)
	checkError(t, p.AwaitCompleted(ctx, seven), "tranche Some is wanted up to 7, and its checkpoint is at 6", "enough of it")
	saved.Store(7)
	check.Must(t, p.AwaitCompleted(within(t), seven))
	check.OKf(t, p.Stop(within(t)), "stop, whatever its status is then")
	if want := config.Dir + "\nwaiting\nby INT"; p.Output() != want {
		t.Errorf("got the output %q, want %q", p.Output(), want)
	}
}

func TestAProgramWithoutAPageThatEndsByItself(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"0", "7"} {
		var saved atomic.Int64
		saved.Store(6)
		p := started(t, pageless(&saved, "echo no room; exit "+status))
		<-p.Done()
		checkError(t, p.AwaitCompleted(within(t), map[feed.Tranche]feed.Position{"Some": 7}), "it has ended", "its checkpoint is at 6", "no room")
		if err := p.Stop(within(t)); (err == nil) != (status == "0") {
			t.Errorf("status %s: stop: got the error %v", status, err)
		}
	}
}

func TestAProgramHasItsTimeToStop(t *testing.T) {
	t.Parallel()
	var saved atomic.Int64
	config := pageless(&saved, "trap '' TERM; "+forEver)
	config.StopLimit = time.Nanosecond
	checkError(t, started(t, config).Stop(within(t)), "did not stop and was killed", "it was given 1ns to stop")
}

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m)) }

func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}
