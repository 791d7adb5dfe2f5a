package browsertest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestAPageThatNeverComesIsGivenUp and the tab can be used after that.
func TestAPageThatNeverComesIsGivenUp(t *testing.T) {
	t.Parallel()
	never := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(never.Close)
	ctx := Tab(Start(t), t)
	if err := do(ctx, time.Second, chromedp.Navigate(never.URL)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got the error %v, want that the time is up", err)
	}
	Do(ctx, t, chromedp.Navigate("data:text/html,<title>here</title>"))
	if got := Eval[string](ctx, t, `document.title`); got != "here" {
		t.Errorf("got the title %q of the next page", got)
	}
}
