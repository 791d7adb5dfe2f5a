package cck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
)

// world is the state of one attempt at a scenario.
type world struct {
	dir    string // the sample's, with its files
	shared *counters

	count, friends int
	money          int
	stock          []string
	chocolate      string
	transposed     [][]string
}

// counters outlive an attempt.
type counters struct{ second, third atomic.Int32 }

func pass() error                        { return nil }
func whoops() error                      { return errors.New("whoops") }
func passed(_ string) error              { return nil }
func before(context.Context) error       { return nil }
func after(context.Context, error) error { return nil }

func (w *world) step(r *gherkin.Registrar) { r.Given("a step", pass) }

func (w *world) statuses(r *gherkin.Registrar) {
	r.Given("^a step$", pass)
	r.Given("^a failing step$", whoops)
	r.Given("^a pending step$", func() error { return godog.ErrPending })
	r.Given("^a skipped step$", func() error { return godog.ErrSkip })
	r.Given("^an ambiguous (.*?)$", passed)
	r.Given("^(.*?) ambiguous step$", passed)
}

func (w *world) combinations(r *gherkin.Registrar) {
	r.Given("^a step$", pass)
	r.Given("^a skipped step$", func() error { return godog.ErrSkip })
	r.Given("^a pending step$", func() error { return godog.ErrPending })
	r.Given("^an ambiguous (.*?)$", passed)
	r.Given("^(.*?) ambiguous step$", passed)
	r.Given("^a failing step$", whoops)
}

func (w *world) ambiguous(r *gherkin.Registrar) {
	r.Given("^a (.*?) with (.*?)$", func(_, _ string) error { return nil })
	r.Given("^a step with (.*?)$", passed)
}

func (w *world) attachments(r *gherkin.Registrar) {
	text := func(ctx context.Context, text, mediaType string) error {
		gherkin.Attach(ctx, gherkin.Attachment{MediaType: mediaType, Text: text})
		return nil
	}
	r.When("the string {string} is attached as {string}", text)
	r.When("the string {string} is logged", func(ctx context.Context, text string) error {
		gherkin.Logf(ctx, "%s", text)
		return nil
	})
	r.When("text with ANSI escapes is logged", func(ctx context.Context) error {
		gherkin.Logf(ctx, "This displays a \x1b[31mr\x1b[0m\x1b[91ma\x1b[0m\x1b[33mi\x1b[0m\x1b[32mn\x1b[0m\x1b[34mb\x1b[0m\x1b[95mo\x1b[0m\x1b[35mw\x1b[0m")
		return nil
	})
	r.When("the following string is attached as {string}:", func(ctx context.Context, mediaType string, doc *godog.DocString) error {
		return text(ctx, doc.Content, mediaType)
	})
	r.When("an array with {int} bytes is attached as {string}", func(ctx context.Context, size int, mediaType string) error {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(i)
		}
		gherkin.Attach(ctx, gherkin.Attachment{MediaType: mediaType, Body: body})
		return nil
	})
	r.When("a PDF document is attached and renamed", func(ctx context.Context) error {
		return w.file(ctx, "document.pdf", "application/pdf", "renamed.pdf")
	})
	r.When("a link to {string} is attached", func(ctx context.Context, uri string) error {
		return text(ctx, uri, "text/uri-list")
	})
	r.When("the string {string} is attached as {string} before a failure", func(ctx context.Context, body, mediaType string) error {
		return errors.Join(text(ctx, body, mediaType), whoops())
	})
}

// file attaches a file of the sample.
func (w *world) file(ctx context.Context, name, mediaType, as string) error {
	body, err := os.ReadFile(filepath.Join(w.dir, name))
	gherkin.Attach(ctx, gherkin.Attachment{MediaType: mediaType, FileName: as, Body: body})
	return err
}

func (w *world) images(r *gherkin.Registrar) {
	r.When("a JPEG image is attached", func(ctx context.Context) error { return w.file(ctx, "cucumber.jpeg", "image/jpeg", "") })
	r.When("a PNG image is attached", func(ctx context.Context) error { return w.file(ctx, "cucumber.png", "image/png", "") })
}

func (w *world) orders(r *gherkin.Registrar) {
	w.order(r)
	r.When("an action", pass)
	r.Then("an outcome", pass)
}

func (w *world) order(r *gherkin.Registrar) { r.Given("an order for {string}", passed) }

func (w *world) cdata(r *gherkin.Registrar) {
	r.Given("I have {int} <![CDATA[cukes]]> in my belly", func(int) error { return nil })
}

func (w *world) minimal(r *gherkin.Registrar) {
	r.Given("I have {int} cukes in my belly", func(int) error { return nil })
}

func (w *world) tables(r *gherkin.Registrar) {
	r.When("the following table is transposed:", func(table gherkin.Table) error {
		cells := table.Cells()
		for column := range cells[0] {
			var row []string
			for i := range cells {
				row = append(row, cells[i][column])
			}
			w.transposed = append(w.transposed, row)
		}
		return nil
	})
	r.Then("it should be:", func(table gherkin.Table) error {
		if want := table.Cells(); !slices.EqualFunc(w.transposed, want, slices.Equal) {
			return fmt.Errorf("got %v, want %v", w.transposed, want)
		}
		return nil
	})
}

func (w *world) docStrings(r *gherkin.Registrar) {
	r.Given("a doc string:", func(*godog.DocString) error { return nil })
}

func (w *world) cucumbers(r *gherkin.Registrar) {
	r.Given("there are {int} cucumbers", w.set(&w.count))
	r.When("I eat {int} cucumbers", func(n int) error { w.count -= n; return nil })
	r.Then("I should have {int} cucumbers", func(want int) error { return equal(w.count, want) })
}

func (w *world) shares(r *gherkin.Registrar) {
	r.Given("there are {int} cucumbers", w.set(&w.count))
	r.Given("there are {int} friends", w.set(&w.friends))
	r.When("I eat {int} cucumbers", func(n int) error { w.count -= n; return nil })
	r.Then("I should have {int} cucumbers", func(want int) error { return equal(w.count, want) })
	r.Then("each person can eat {int} cucumbers", func(want int) error { return equal(w.count/(1+w.friends), want) })
}

func (w *world) set(field *int) func(int) error { return func(n int) error { *field = n; return nil } }

func equal(got, want int) error {
	if got == want {
		return nil
	}
	// The words of the kit's own assertion, which its messages hold.
	return fmt.Errorf("Expected values to be strictly equal:\n\n%d !== %d\n", got, want) //nolint:revive // see above
}

func (w *world) pass(r *gherkin.Registrar) { r.When("a step passes", pass) }

func (w *world) passOrFail(r *gherkin.Registrar) {
	w.pass(r)
	r.When("a step fails", exception)
}

func exception() error { return errors.New("Exception in step") }

func (w *world) hooks(r *gherkin.Registrar) {
	r.Before(gherkin.Hook{}, before)
	w.passOrFail(r)
	r.After(gherkin.Hook{}, after)
}

func (w *world) hooksOnly(r *gherkin.Registrar) {
	r.Before(gherkin.Hook{}, before)
	r.After(gherkin.Hook{}, after)
}

func (w *world) hooksAttach(r *gherkin.Registrar) {
	svg := func(ctx context.Context) error { return w.file(ctx, "cucumber.svg", "image/svg+xml", "") }
	r.Before(gherkin.Hook{}, svg)
	w.pass(r)
	r.After(gherkin.Hook{}, func(ctx context.Context, _ error) error { return svg(ctx) })
}

func (w *world) hooksConditional(r *gherkin.Registrar) {
	broken := errors.New("Exception in conditional hook")
	r.Before(gherkin.Hook{Tags: "@passing-hook"}, before)
	r.Before(gherkin.Hook{Tags: "@fail-before"}, func(context.Context) error { return broken })
	w.pass(r)
	r.After(gherkin.Hook{Tags: "@fail-after"}, func(context.Context, error) error { return broken })
	r.After(gherkin.Hook{Tags: "@passing-hook"}, after)
}

func (w *world) hooksNamed(r *gherkin.Registrar) {
	r.Before(gherkin.Hook{Name: "A named before hook"}, before)
	w.pass(r)
	r.After(gherkin.Hook{Name: "A named after hook"}, after)
}

func (w *world) hooksSkipped(r *gherkin.Registrar) {
	r.Before(gherkin.Hook{}, before)
	r.Before(gherkin.Hook{Tags: "@skip-before"}, func(context.Context) error { return godog.ErrSkip })
	r.Before(gherkin.Hook{}, before)
	r.Given("a normal step", pass)
	r.Given("a step that skips", func() error { return godog.ErrSkip })
	r.After(gherkin.Hook{}, after)
	r.After(gherkin.Hook{Tags: "@skip-after"}, func(context.Context, error) error { return godog.ErrSkip })
	r.After(gherkin.Hook{}, after)
}

type flight struct{ from, to string }

func (w *world) flights(r *gherkin.Registrar) {
	gherkin.Parameter(r, "flight", "([A-Z]{3})-([A-Z]{3})", func(groups []string) (flight, error) {
		return flight{groups[0], groups[1]}, nil
	})
	r.Given("{flight} has been delayed", func(f flight) error {
		if want := (flight{"LHR", "CDG"}); f != want {
			return fmt.Errorf("got %v, want %v", f, want)
		}
		return nil
	})
}

func (w *world) airport(r *gherkin.Registrar) {
	r.Given("{airport} is closed because of a strike", func(string) error { return errors.New("called, although nothing defines an airport") })
}

func (w *world) pending(r *gherkin.Registrar) {
	r.Given("an implemented non-pending step", pass)
	r.Given("an implemented step that is skipped", pass)
	r.Given("an unimplemented pending step", func() error { return godog.ErrPending })
}

func (w *world) pendingWithReason(r *gherkin.Registrar) {
	r.Given("an unimplemented pending step", func() error { return gherkin.Pending("TODO") })
}

func (w *world) vegetables(r *gherkin.Registrar) {
	r.Given("^a (.*?)(?: and a (.*?))?(?: and a (.*?))?$", func(_, _, _ string) error { return nil })
}

func (w *world) retry(r *gherkin.Registrar) {
	r.Given("a step that always passes", pass)
	from := func(n int32, count *atomic.Int32) func() error {
		return func() error {
			if count.Add(1) < n {
				return exception()
			}
			return nil
		}
	}
	r.Given("a step that passes the second time", from(2, &w.shared.second))
	r.Given("a step that passes the third time", from(3, &w.shared.third))
	r.Given("a step that always fails", exception)
}

func (w *world) twice(r *gherkin.Registrar) {
	r.Given("an ambiguous step", pass)
	r.Given("an ambiguous step", pass)
}

func (w *world) retryPending(r *gherkin.Registrar) {
	r.Given("a pending step", func() error { return godog.ErrPending })
}

func (w *world) shop(r *gherkin.Registrar) {
	r.Given("the customer has {int} cents", w.set(&w.money))
	r.Given("there are chocolate bars in stock", func() error { w.stock = []string{"Mars"}; return nil })
	r.Given("there are no chocolate bars in stock", func() error { w.stock = nil; return nil })
	r.When("the customer tries to buy a {int} cent chocolate bar", func(price int) error {
		if w.money >= price && len(w.stock) > 0 {
			w.chocolate, w.stock = w.stock[0], w.stock[1:]
		}
		return nil
	})
	r.Then("the sale should not happen", func() error { return w.sold(false) })
	r.Then("the sale should happen", func() error { return w.sold(true) })
}

func (w *world) sold(want bool) error {
	if got := w.chocolate != ""; got != want {
		return fmt.Errorf("sold: got %t, want %t", got, want)
	}
	return nil
}

func (w *world) skipped(r *gherkin.Registrar) {
	r.Given("a step that does not skip", pass)
	r.Given("a step that is skipped", pass)
	r.Given("I skip a step", func() error { return godog.ErrSkip })
}

func (w *world) skippedWithReason(r *gherkin.Registrar) {
	r.Given("I skip a step", func() error { return gherkin.Skip("skipping") })
}

func (w *world) skippedThenFailing(r *gherkin.Registrar) {
	r.Given("a step that skips", func() error { return godog.ErrSkip })
	r.After(gherkin.Hook{}, func(context.Context, error) error { return whoops() })
}

func (w *world) throws(r *gherkin.Registrar) {
	r.When("a step throws an exception", func() error { return errors.New("BOOM") })
}

func (w *world) implemented(r *gherkin.Registrar) {
	r.Given("an implemented step", pass)
	r.Given("a step that will be skipped", pass)
}

func (w *world) unused(r *gherkin.Registrar) {
	r.Given("a step that is used", pass)
	r.Given("a step that is not used", pass)
}
