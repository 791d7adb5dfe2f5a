package monitor_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/internal/browsertest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
)

// lagging is a reactor that lags behind as it is told to.
type lagging struct {
	mu      sync.Mutex
	lag     time.Duration
	unknown bool
}

func (l *lagging) is(lag time.Duration, unknown bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lag, l.unknown = lag, unknown
}

func (l *lagging) Status(context.Context) (reactor.Status, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unknown {
		return reactor.Status{}, errBoom
	}
	now := time.Now()
	return reactor.Status{At: now, Tranches: []reactor.TrancheStatus{{Tranche: "A", EndAt: now, End: 1, Unread: 1, OldestUnread: now.Add(-l.lag)}}}, nil
}

// pageOf is the page of a reactor as text.
func pageOf(monitored monitor.Reactor) string {
	recorder := httptest.NewRecorder()
	monitor.NewPage(monitored, prometheus.NewRegistry()).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	return recorder.Body.String()
}

func TestAHistoryIsShownAsCurves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := &lagging{}
		history := monitor.NewHistory(of)
		if page := pageOf(history); !strings.Contains(page, "Not known yet.") || !strings.Contains(page, "Nothing is counted yet.") {
			t.Errorf("got %s, want curves of nothing", page)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { history.Run(ctx) })
		wait := func(points int) {
			time.Sleep(time.Duration(points) * 10 * time.Second)
			synctest.Wait()
		}
		synctest.Wait()
		of.is(40*time.Second, false)
		history.Observe(reactor.BatchRead{Events: 50})
		wait(1)
		of.is(0, true)
		wait(1)
		of.is(20*time.Second, false)
		history.Observe(reactor.BatchRead{Events: 10})
		history.Observe(reactor.Called{Events: 1000}) // not read
		wait(1)
		page := pageOf(history)
		for _, want := range []string{
			"20s at last, 40s at most in the last hour.", "1 a second at last, 5 a second at most in the last hour.",
			`<path d="M596.7 0.0M600.0 50.0"/>`,             // the gap is not drawn over
			`<path d="M596.7 0.0L598.3 100.0L600.0 80.0"/>`, // what was read is known all the time
			"1 event, 20s",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("got %s\nwant %q in it", page, want)
			}
		}
		wait(10 * 360)
		page = pageOf(history)
		if strings.Contains(page, "40s") || !strings.Contains(page, "20s at last, 20s at most") {
			t.Errorf("got %s, want nothing of what is more than an hour ago", page)
		}
		check.Equal(t, "points", 2*360, len(regexp.MustCompile(`[ML]\d`).FindAllString(page, -1)))
		cancel()
		running.Wait()
	})
}

// TestThePageInABrowser looks at it in light and dark, on a screen and on a phone.
func TestThePageInABrowser(t *testing.T) {
	t.Parallel()
	chromium, script := browsertest.Start(t), browsertest.Axe(t)
	ctx := browsertest.Tab(chromium, t)
	history := monitor.NewHistory(busy())
	page := monitor.NewPage(history, prometheus.NewRegistry(), func(context.Context) []monitor.Section {
		return []monitor.Section{{Title: "Index", Lines: []monitor.Line{{Label: "lag at most", Value: "3s"}}}}
	})
	var away atomic.Int32 // how it does not answer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch away.Load() {
		case 0:
			page.ServeHTTP(w, r)
		case 1: // what stands in between answers
			http.Error(w, "<h1>Bad gateway</h1>", http.StatusBadGateway)
		default: // it stands still
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	browsertest.Do(ctx, t, chromedp.Navigate(server.URL))
	for _, theme := range []string{"light", "dark"} {
		for name, width := range map[string]int64{"screen": 1200, "phone": 390} {
			browsertest.Do(ctx, t, browsertest.Scheme(theme), chromedp.EmulateViewport(width, 844))
			for _, violation := range browsertest.Violations(ctx, t, script, theme) {
				t.Errorf("%s, %s: %s", theme, name, violation)
			}
			if got := browsertest.Eval[int64](ctx, t, `document.documentElement.scrollWidth`); got > width {
				t.Errorf("%s: it is %d pixels wide on a %s of %d", theme, got, name, width)
			}
			browsertest.Photograph(ctx, t, "status", theme+"-"+name)
		}
	}
	if font := browsertest.Eval[string](ctx, t, `getComputedStyle(document.body).maxWidth`); font != "1216px" {
		t.Errorf("got a page of %s, want its style applied: does the policy let it?", font)
	}
	// It keeps itself fresh: what is removed comes back, also after nothing has answered for a
	// while, which it says.
	shows := func(what string) {
		t.Helper()
		browsertest.Eval[bool](ctx, t, `new Promise((is) => { const look = () => (`+what+`) ? is(true) : setTimeout(look, 50); look() })`)
	}
	const fresh, says = `document.querySelector('main h2')`, `document.querySelector('#stale').checkVisibility()`
	for how := range int32(3) {
		away.Store(how)
		if how > 0 {
			shows(says + ` && document.title.startsWith('No answer: ')`)
			for _, violation := range browsertest.Violations(ctx, t, script, "light") {
				t.Errorf("while nothing answers: %s", violation)
			}
			browsertest.Photograph(ctx, t, "status", fmt.Sprintf("away-%d", how))
			away.Store(0)
		}
		browsertest.Eval[bool](ctx, t, `document.querySelector('main').replaceChildren(); true`)
		shows(fresh + ` && !` + says + ` && !document.title.startsWith('No answer')`)
	}
}
