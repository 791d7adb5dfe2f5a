// Package browsertest opens pages in Chromium, for tests: what they show, whether they
// can be read by everybody, and what their buttons do.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/fetch"
)

// NoSkip is the environment variable that forbids to skip for want of a browser.
const NoSkip = "LIVINGDOC_NO_SKIP"

// Limit is how long one thing may take in a browser, once that has started.
const Limit = 4 * time.Minute

// Shared is a Chromium for all tests of a package, started when it is first needed. The
// zero value is ready for use, by several tests at once. TestMain closes it.
type Shared struct {
	once   sync.Once
	ctx    context.Context //nolint:containedctx // it is the browser
	err    error
	folder string
	end    []func()
}

// Tab opens a tab that shares nothing with the others, neither what they store nor their
// focus. Without Chromium it skips the test.
func (s *Shared) Tab(t *testing.T) context.Context {
	t.Helper()
	program := chromium(t)
	s.once.Do(func() {
		if s.folder, s.err = os.MkdirTemp("", "browser-*"); s.err != nil { //nolint:usetesting // other tests use the browser too
			return
		}
		var end func()
		s.ctx, end = open(context.Background(), program, s.folder)
		s.end = append(s.end, end)
		s.err = begin(s.ctx)
	})
	check.Mustf(t, s.err, "start %s", program)
	return Tab(s.ctx, t)
}

// Close ends the browser, if there is one.
func (s *Shared) Close() {
	for _, end := range s.end {
		end()
	}
	_ = os.RemoveAll(s.folder) // whatever is left is in the folder for temporary files
}

// chromium finds the program, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	program := ""
	for _, name := range []string{"google-chrome", "chromium-browser", "chromium"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
		}
	}
	if program == "" {
		if os.Getenv(NoSkip) != "" {
			t.Fatalf("there is no chromium on the PATH, and %s is set", NoSkip)
		}
		t.Skip("there is no chromium on the PATH; with Debian, apt-get install chromium")
	}
	return program
}

// open prepares a browser, which starts with its first action.
func open(parent context.Context, program, folder string) (context.Context, func()) {
	options := append(
		slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program), chromedp.UserDataDir(folder),
		chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	allocator, end := chromedp.NewExecAllocator(parent, options...)
	ctx, endBrowser := chromedp.NewContext(allocator)
	return ctx, func() {
		endBrowser()
		end()
	}
}

// Start starts Chromium, and ends it with the test. Tabs are made of what it
// returns.
func Start(t *testing.T) context.Context {
	t.Helper()
	ctx, end := open(t.Context(), chromium(t), t.TempDir())
	t.Cleanup(end)
	check.Must(t, begin(ctx))
	return ctx
}

// Tab opens a tab that shares nothing with others of the browser.
func Tab(browser context.Context, t *testing.T) context.Context {
	t.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	check.Must(t, begin(ctx))
	return ctx
}

// begin opens a tab, and starts its browser if need be. That has no limit of ours: the tab
// would end with it.
func begin(ctx context.Context) error {
	if err := chromedp.Do(ctx); err != nil {
		return err
	}
	return do(ctx, Limit, chromedp.Navigate("about:blank"))
}

// Do carries out actions, and fails the test if one cannot be, or if they are not over
// within [Limit].
func Do(ctx context.Context, t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	check.Must(t, do(ctx, Limit, actions...))
}

func do(ctx context.Context, limit time.Duration, actions ...chromedp.Action[chromedp.Void]) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return chromedp.Do(limited, actions...)
}

// Eval evaluates a script, awaits it if it is a promise, and returns its result.
func Eval[T any](ctx context.Context, t *testing.T, script string) T {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	got, err := chromedp.Run(limited, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%v, in: %.200s", err, script)
	}
	return got
}

// Command makes an action of a command of the browser.
func Command[P any](c cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// Scheme makes the browser prefer light or dark.
func Scheme(name string) chromedp.Action[chromedp.Void] {
	return Command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

// Axe returns the script of axe-core.
func Axe(t *testing.T) string {
	t.Helper()
	dir, err := fetch.NPM(t.Context(), fetch.Package{
		Name: "axe-core", Version: "4.14.1", Folder: "axe-core-4.14.1",
		SHA512: "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
	}, nil)
	check.Must(t, err)
	script, err := os.ReadFile(filepath.Join(dir, "axe.min.js"))
	check.Must(t, err)
	return string(script)
}

// rules are those of axe that matter in a theme: all of them in one, and in the
// other those that are about colours.
func rules(theme string) string {
	if theme == "dark" {
		return `, runOnly: ['color-contrast', 'link-in-text-block']`
	}
	return ""
}

// Violations are what axe, whose script is given, finds wrong with the page that is open.
func Violations(ctx context.Context, t *testing.T, script, theme string) []string {
	t.Helper()
	Eval[bool](ctx, t, script+`; true`)
	found := Eval[string](ctx, t, `axe.run(document, {resultTypes: ['violations']`+rules(theme)+`}).then((r) => JSON.stringify(r.violations))`)
	var violations []struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML    string `json:"html"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	check.Must(t, json.Unmarshal([]byte(found), &violations))
	var texts []string
	for _, v := range violations {
		texts = append(texts, fmt.Sprintf("%s (%s) at %d places: %s\n%s", v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].Summary))
	}
	return texts
}

// Photos is the environment variable with a folder for pictures of the pages.
const Photos = "LIVINGDOC_PHOTOS"

// Photograph keeps a picture of a page, if somebody wants to see them.
func Photograph(ctx context.Context, t *testing.T, folder, page string) {
	t.Helper()
	if os.Getenv(Photos) == "" {
		return
	}
	limited, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	picture, err := chromedp.Run(limited, chromedp.FullScreenshot(100))
	check.Must(t, err)
	file := filepath.Join(os.Getenv(Photos), folder, strings.ReplaceAll(page, "/", "_")+".png")
	check.Must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	check.Must(t, os.WriteFile(file, picture, 0o600))
}
