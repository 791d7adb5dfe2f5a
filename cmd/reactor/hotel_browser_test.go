package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/internal/browsertest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/memory"
)

// hotelAtWork serves a hotel until the test ends.
func hotelAtWork(t *testing.T) (address string) {
	t.Helper()
	backend, err := memory.New().Backend(checkout.Categories()...)
	check.Must(t, err)
	t.Cleanup(backend.Close)
	log := slog.New(slog.DiscardHandler)
	hotel, err := demo.NewHotel(backend, demo.Config{Log: log}, 20*time.Millisecond)
	check.Must(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	over := make(chan error, 1)
	go func() { over <- hotel.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		check.OK(t, <-over)
	})
	handler, err := hotelPage(ctx, hotel, log)
	check.Must(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// TestTheHotelInABrowser kills the reactor by the button of the page, and starts it again.
func TestTheHotelInABrowser(t *testing.T) {
	t.Parallel()
	chromium, script := browsertest.Start(t), browsertest.Axe(t)
	ctx := browsertest.Tab(chromium, t)
	browsertest.Do(ctx, t, chromedp.EmulateViewport(1200, 900), chromedp.Navigate(hotelAtWork(t)))
	shows := func(what string) {
		t.Helper()
		browsertest.Eval[bool](ctx, t, `new Promise((shown) => { const look = () => (`+what+`) ? shown(true) : setTimeout(look, 20); look() })`)
	}
	text := func(id string) string { return `document.getElementById('` + id + `').textContent` }

	shows(text("reactor") + `.startsWith('It works')`)
	shows(`document.querySelectorAll('#groups li').length > 0 && document.querySelectorAll('#stays li.merged').length > 0 && document.querySelectorAll('#happenings li.reactor').length > 0`)
	shows(text("summary") + `.includes('The books balanced')`)
	shows(`document.querySelector('#curve path') && ` + text("curve-text") + `.startsWith('The last of')`)
	curve := func(seconds, what string) string {
		return browsertest.Eval[string](ctx, t, `curve([{ seconds: 0 }, { seconds: `+seconds+` }]); `+what)
	}
	const drawn, top = `document.querySelector('#curve path').getAttribute('d')`, `document.getElementById('curve-top').textContent`
	check.Equal(t, "a curve of 5 ms", "M0.0 155.0 L600.0 140.0", curve("0.005", drawn))
	check.Equal(t, "its upper line", "50 ms", curve("0.005", top))
	check.Equal(t, "a curve of 2 s", "M0.0 155.0 L600.0 5.0", curve("2", drawn))
	check.Equal(t, "its upper line", "2.0 s", curve("2", top))
	browsertest.Photograph(ctx, t, "hotel", "hotel-light")

	browsertest.Eval[bool](ctx, t, `document.getElementById('works').firstChild.said = true; document.getElementById('toggle').focus(); true`)
	shows(text("since") + ` !== '` + browsertest.Eval[string](ctx, t, text("since")) + `'`)
	if !browsertest.Eval[bool](ctx, t, `document.getElementById('works').firstChild.said`) {
		t.Error("that it works is announced again though nothing has changed")
	}
	browsertest.Do(ctx, t, chromedp.KeyEvent(kb.Enter))
	shows(text("works") + ` === 'It is dead' && ` + text("toggle") + ` === 'Start the reactor'`)
	check.Equal(t, "focus after the button", "toggle", browsertest.Eval[string](ctx, t, `document.activeElement.id`))
	shows(`[...document.querySelectorAll('#groups .state')].some((state) => state.textContent.startsWith('waits for'))`)
	browsertest.Photograph(ctx, t, "hotel", "hotel-dead")
	before := browsertest.Eval[int](ctx, t, `fetch('state.json').then((r) => r.json()).then((s) => s.groupsConfirmed)`)
	browsertest.Eval[bool](ctx, t, `document.getElementById('toggle').click(); true`)
	shows(text("reactor") + `.startsWith('It works')`)
	browsertest.Eval[bool](ctx, t, `new Promise((on) => { const look = async () => (await (await fetch('state.json')).json()).groupsConfirmed > `+strconv.Itoa(before)+` ? on(true) : setTimeout(look, 20); look() })`)

	browsertest.Eval[bool](ctx, t, `window.kept = fetch; fetch = async () => new Response('the reactor cannot be started', { status: 500 }); document.getElementById('toggle').click(); true`)
	shows(text("problem") + ` === 'the reactor cannot be started' && ` + text("summary") + `.startsWith('The demo does not answer') && ` + text("works") + ` === 'Not known'`)
	browsertest.Eval[bool](ctx, t, `fetch = kept; fetch('kill', { method: 'POST' }); true`)
	shows(text("works") + ` === 'It is dead' && ` + text("problem") + ` === ''`)
	browsertest.Eval[bool](ctx, t, `fetch('start', { method: 'POST' }); true`)
	shows(text("works") + ` === 'It works'`)

	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1200, 768, 390} {
			browsertest.Do(ctx, t, browsertest.Scheme(theme), chromedp.EmulateViewport(width, 844))
			for _, violation := range browsertest.Violations(ctx, t, script, theme) {
				t.Errorf("%s, %d pixels: %s", theme, width, violation)
			}
			if got := browsertest.Eval[int64](ctx, t, `document.documentElement.scrollWidth`); got > width {
				t.Errorf("%s: it is %d pixels wide on a screen of %d", theme, got, width)
			}
			browsertest.Photograph(ctx, t, "hotel", "hotel-"+theme+"-"+strconv.Itoa(int(width)))
		}
	}
}

// TestThePageOfTheHotelIsForThisPageAlone has others try.
func TestThePageOfTheHotelIsForThisPageAlone(t *testing.T) {
	t.Parallel()
	address := hotelAtWork(t)
	response, err := http.Get(address)
	check.Must(t, err)
	_ = response.Body.Close()
	if got := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'") {
		t.Errorf("got the policy %q, want one that lets in nothing from elsewhere", got)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/kill", nil)
	check.Must(t, err)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := http.DefaultClient.Do(request)
	check.Must(t, err)
	_ = answer.Body.Close()
	check.Equal(t, "status for the button of another page", http.StatusForbidden, answer.StatusCode)
	for _, path := range []string{"/kill", "/start"} {
		got, err := http.Get(address + path)
		check.Must(t, err)
		_ = got.Body.Close()
		if got.StatusCode == http.StatusOK {
			t.Errorf("GET %s: got status 200, want that it changes nothing", path)
		}
	}
	for _, file := range []string{"index.html", "hotel.css", "hotel.js"} {
		text, err := hotelFiles.ReadFile("hotel/" + file)
		check.Must(t, err)
		if clean := strings.ReplaceAll(string(text), "http://www.w3.org/2000/svg", ""); strings.Contains(clean, "http://") || strings.Contains(clean, "https://") {
			t.Errorf("%s: it names something outside", file)
		}
	}
}
