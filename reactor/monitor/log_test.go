package monitor_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
)

// logged is a logger that keeps its lines, without the times that they were
// written at.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey, "since", "nextTry":
			return slog.Attr{}
		}
		return a
	}}))
}

// lines returns what was written since the last time.
func (l *logged) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSpace(l.text.String())
	l.text.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// expect fails the test unless exactly these lines were written.
func (l *logged) expect(t *testing.T, want ...string) {
	t.Helper()
	check.Same(t, "log", want, l.lines())
}

func TestLogWarnsOfTroubleEverMoreRarely(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelInfo))
	for n := range 20 {
		log.Observe(reactor.Returned{Stream: stream("a"), Err: errBoom})
		log.Observe(reactor.Troubled{Stream: stream("a"), Cause: errBoom, Attempts: n + 1})
	}
	var want []string
	for _, n := range []int{1, 2, 4, 8, 16} {
		want = append(want, fmt.Sprintf(`level=WARN msg="the stream could not be handled" stream=Stream-a attempts=%d error=boom`, n))
	}
	out.expect(t, want...)
	log.Observe(reactor.Recovered{Stream: stream("a"), Attempts: 20, After: time.Minute})
	out.expect(t, `level=INFO msg="the stream is handled again" stream=Stream-a attempts=20 after=1m0s`)
}

func TestLogWarnsOfALagOnlyIfItLasts(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelInfo))
	lag := &reactor.LagError{Stream: stream("a"), Notified: 2, Observed: 1}
	log.Observe(reactor.Troubled{Stream: stream("a"), Cause: lag, Attempts: 1})
	log.Observe(reactor.Recovered{Stream: stream("a"), Attempts: 1})
	out.expect(t)
	log.Observe(reactor.Troubled{Stream: stream("a"), Cause: lag, Attempts: 1})
	log.Observe(reactor.Troubled{Stream: stream("a"), Cause: lag, Attempts: 2})
	out.expect(t, `level=WARN msg="the stream could not be handled" stream=Stream-a attempts=2 `+
		`error="the handler saw version 1 of Stream-a, the feed told of version 2: its read lags behind"`)
	log.Observe(reactor.Recovered{Stream: stream("a"), Attempts: 2, After: time.Second})
	out.expect(t, `level=INFO msg="the stream is handled again" stream=Stream-a attempts=2 after=1s`)
}

func TestLogTellsOfReadsAndCheckpoints(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelInfo))
	for n := range 3 {
		log.Observe(reactor.ReadFailed{Tranche: "A", From: 7, Err: errBoom, Attempts: n + 1, Pause: 50 * time.Millisecond})
		log.Observe(reactor.CheckpointFailed{Tranche: "A", Position: 5, Err: errBoom})
	}
	log.Observe(reactor.ReadRecovered{Tranche: "A", Attempts: 3, After: time.Second})
	log.Observe(reactor.CheckpointSaved{Tranche: "A", Position: 6})
	log.Observe(reactor.CheckpointSaved{Tranche: "A", Position: 7})
	log.Observe(reactor.CheckpointFailed{Tranche: "A", Position: 8, Err: errBoom})
	out.expect(t,
		`level=WARN msg="the feed could not be read" tranche=A position=7 attempts=1 pause=50ms error=boom`,
		`level=WARN msg="the checkpoint could not be saved" tranche=A position=5 attempts=1 error=boom`,
		`level=WARN msg="the feed could not be read" tranche=A position=7 attempts=2 pause=50ms error=boom`,
		`level=WARN msg="the checkpoint could not be saved" tranche=A position=5 attempts=2 error=boom`,
		`level=INFO msg="the feed can be read again" tranche=A attempts=3 after=1s`,
		`level=INFO msg="the checkpoint can be saved again" tranche=A position=6 attempts=3`,
		`level=WARN msg="the checkpoint could not be saved" tranche=A position=8 attempts=1 error=boom`,
	)
}

func TestLogTellsOfAFeedThatStandsStill(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelInfo))
	log.Observe(reactor.StoodStill{Tranche: "A", Position: 5, End: 9, Server: "the copy"})
	log.Observe(reactor.GotOn{Tranche: "A", Position: 7})
	out.expect(t,
		`level=ERROR msg="the feed stands still: reads find nothing more, although the leader has events; is what answers them a replica that does not get on?" tranche=A position=5 end=9 server="the copy"`,
		`level=INFO msg="the feed gets on again" tranche=A position=7`,
	)
}

// TestLogTellsOfAnOutageOnce has nothing else written of what comes of it.
func TestLogTellsOfAnOutageOnce(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelInfo))
	waited := fmt.Errorf("read: %w", &reactor.OutageError{Server: "the store", Err: errBoom, Ended: context.DeadlineExceeded})
	log.Observe(reactor.StoreDown{Server: "the store", Err: errBoom})
	log.Observe(reactor.ReadFailed{Tranche: "A", Err: waited, Attempts: 1})
	log.Observe(reactor.Troubled{Stream: stream("a"), Cause: waited, Attempts: 1})
	log.Observe(reactor.CheckpointFailed{Tranche: "A", Err: waited})
	log.Observe(reactor.RosterFailed{Err: waited})
	log.Observe(reactor.Recovered{Stream: stream("a"), Attempts: 1})
	log.Observe(reactor.StoreUp{Server: "the store", After: time.Minute, Probes: 120})
	out.expect(t,
		`level=ERROR msg="the store cannot be reached; everything waits for it, and one question at a time probes it" server="the store" error=boom`,
		`level=INFO msg="the store can be reached again; everything goes on" server="the store" after=1m0s probes=120`,
	)
}

func TestLogTellsOfStreamsThatAreSetAside(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelInfo))
	log.Observe(reactor.SetAside{Stream: stream("a"), Cause: "boom", UpTo: 3})
	log.Observe(reactor.TakenUp{Stream: stream("a")})
	log.Observe(reactor.QuarantineFailed{Err: errBoom})
	out.expect(t,
		`level=ERROR msg="the stream is set aside: what is appended to it is passed over until it is retried or dropped (reactor quarantine)" stream=Stream-a upTo=3 cause=boom`,
		`level=INFO msg="the stream that was set aside is taken up again" stream=Stream-a`,
		`level=WARN msg="it cannot be looked up or noted which streams are set aside" attempts=1 error=boom`,
	)
}

// TestLogIsQuietOfLooksThatFail has the list of streams that are set aside out of reach for
// an hour, and then another time.
func TestLogIsQuietOfLooksThatFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out logged
		log := monitor.NewLog(out.logger(slog.LevelInfo))
		log.Observe(reactor.QuarantineFailed{Err: &reactor.OutageError{Server: "the store", Err: errBoom, Ended: context.DeadlineExceeded}})
		for range 5 {
			log.Observe(reactor.QuarantineFailed{Err: errBoom})
			time.Sleep(10 * time.Minute) // in no time
		}
		time.Sleep(10 * time.Minute)
		log.Observe(reactor.QuarantineFailed{Err: errBoom})
		line := func(attempts int) string {
			return fmt.Sprintf(`level=WARN msg="it cannot be looked up or noted which streams are set aside" attempts=%d error=boom`, attempts)
		}
		out.expect(t, line(1), line(2), line(4), line(1))
	})
}

func TestLogTellsOnceOfACallThatHangs(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelInfo))
	log.Observe(reactor.Hung{Stream: stream("a")})
	log.Observe(reactor.Returned{Stream: stream("b")})
	log.Observe(reactor.Returned{Stream: stream("a"), Took: time.Hour})
	log.Observe(reactor.Returned{Stream: stream("a")})
	out.expect(t,
		`level=WARN msg="a call ignores that its time is over; another is made in its place" stream=Stream-a`,
		`level=INFO msg="a call that ignored that its time was over has returned" stream=Stream-a took=1h0m0s`,
	)
}

func TestLogNamesEachUnknownType(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelInfo))
	for n := range 3 {
		log.Observe(reactor.EventSkipped{Stream: stream("a"), Index: 1, Type: "Renamed"})
		if n == 0 {
			log.Observe(reactor.EventSkipped{Stream: stream("b"), Index: 4, Type: "Moved"})
		}
	}
	out.expect(t,
		`level=WARN msg="an event of an unknown type was skipped" type=Renamed stream=Stream-a index=1 times=1`,
		`level=WARN msg="an event of an unknown type was skipped" type=Moved stream=Stream-b index=4 times=1`,
		`level=WARN msg="an event of an unknown type was skipped" type=Renamed stream=Stream-a index=1 times=2`,
	)
}

func TestLogTellsOfEachCallForDebugging(t *testing.T) {
	t.Parallel()
	var out logged
	log := monitor.NewLog(out.logger(slog.LevelDebug))
	log.Observe(reactor.BatchRead{Tranche: "A", Events: 2, Next: 9})
	log.Observe(reactor.Called{Stream: stream("a"), Events: 2})
	log.Observe(reactor.Returned{Stream: stream("a"), Observed: 2, Took: time.Second})
	log.Observe(reactor.Retired{Stream: stream("a"), UpTo: 2})
	out.expect(t,
		`level=DEBUG msg="a batch was read" tranche=A events=2 next=9`,
		`level=DEBUG msg="a call begins" stream=Stream-a events=2`,
		`level=DEBUG msg="a call returned" stream=Stream-a observed=2 took=1s error=<nil>`,
	)
}

func TestLogSummarisesEachMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out logged
		log := monitor.NewLog(out.logger(slog.LevelInfo))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			log.Run(ctx)
		}()
		log.Observe(reactor.BatchRead{Events: 3})
		log.Observe(reactor.Returned{})
		log.Observe(reactor.CheckpointSaved{})
		time.Sleep(time.Minute) // the bubble's time
		synctest.Wait()
		out.expect(t, `level=INFO msg="summary of the reactor" events=3 calls=1 failures=0 lags=0 readFailures=0 saves=1 saveFailures=0 troubled=0`)

		for n := range 12 {
			log.Observe(reactor.Troubled{Stream: stream(fmt.Sprintf("%02d", n)), Cause: errBoom, Attempts: 3, Since: time.Now().Add(time.Duration(-n))})
		}
		log.Observe(reactor.Troubled{Stream: stream("x"), Cause: &reactor.LagError{}, Attempts: 3, Since: time.Now()})
		log.Observe(reactor.Recovered{Stream: stream("11")})
		out.lines()
		time.Sleep(time.Minute) // the bubble's time
		synctest.Wait()
		out.expect(t, `level=INFO msg="summary of the reactor" events=0 calls=0 failures=12 lags=1 readFailures=0 saves=0 saveFailures=0 troubled=12 `+
			`longest="[Stream-10 Stream-09 Stream-08 Stream-07 Stream-06 Stream-05 Stream-04 Stream-03 Stream-02 Stream-01]"`)

		log.Observe(reactor.StoreDown{Server: "the store", Err: errBoom})
		out.lines()
		time.Sleep(time.Minute) // the bubble's time
		synctest.Wait()
		if lines := out.lines(); len(lines) != 1 || !strings.Contains(lines[0], `troubled=12 down="[the store]" longest=`) {
			t.Errorf("got %q, want that the store is down in it", lines)
		}
		cancel()
		<-done
	})
}
