package harness

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/harness/internal/history"
)

// HistoryError says that the answers which callers and reactors got about a stream cannot
// have been given one after the other: one of them rests on what was so at no moment
// between its start and its end, or something is stored that nobody was told of.
type HistoryError struct {
	Stream  string // as the scenario calls it
	Reason  string // what has no place in any order, in a line
	Picture string // the file that shows all of it; empty if it could not be written
	Account string // what was asked and answered, and what is stored; several lines
}

func (e *HistoryError) Error() string {
	text := fmt.Sprintf("the answers about %s cannot have been given one after the other: %s", e.Stream, e.Reason)
	if e.Picture != "" {
		text += "\nthe picture of it is " + e.Picture
	}
	return text + "\n" + e.Account
}

// actorKey is for who acts with a context.
type actorKey struct{}

// actors names who acts for a scenario.
func actors(ctx context.Context) string {
	who, _ := ctx.Value(actorKey{}).(string)
	return cmp.Or(who, "the scenario")
}

// reactors names who acts in a reactor.
func reactors(context.Context) string { return "the reactor" }

// recorded is a store that keeps what the scenario is answered.
func (w *World) recorded(store es.Store) es.Store {
	h := w.harness
	return h.history.Store(store, actors, !h.exact || h.options.Faults.Has(faults.Stale))
}

// judge judges the histories of the scenario's streams so far.
func (w *World) judge(ctx context.Context) error {
	if w.site == nil {
		return nil // it has never begun
	}
	streams := w.harness.journal.claimed(w)
	errs := make([]error, len(streams))
	var reads errgroup.Group
	reads.SetLimit(readsAtOnce)
	for i, stream := range streams {
		reads.Go(func() error {
			errs[i] = w.judgeStream(ctx, stream)
			return nil
		})
	}
	_ = reads.Wait() // each has its own error
	return errors.Join(errs...)
}

func (w *World) judgeStream(ctx context.Context, stream es.StreamName) error {
	err := w.harness.history.Judge(ctx, w.site.Backend.Events, stream)
	var failure *history.NoOrderError
	if !errors.As(err, &failure) {
		return err
	}
	label := cmp.Or(w.harness.journal.read(stream).label, stream.String())
	inWords := past{{stream: stream, label: label}}
	found := &HistoryError{Stream: label, Reason: inWords.inWords(failure.Reason), Account: failure.Account()}
	picture, unseen := w.draw(ctx, failure, label)
	found.Picture = picture
	return errors.Join(found, unseen)
}

// draw writes the picture of a history beneath the folder build of the module, and
// attaches it to the scenario's report.
func (w *World) draw(ctx context.Context, failure *history.NoOrderError, label string) (file string, err error) {
	var page bytes.Buffer
	if err := failure.Draw(&page); err != nil {
		return "", fmt.Errorf("draw the history of %s: %w", label, err)
	}
	name := pictureName(w.key, label)
	gherkin.Attach(ctx, gherkin.Attachment{MediaType: "text/html", FileName: name, Text: page.String()})
	folder := filepath.Join(moduleFolder(), "build", "histories")
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // as all that is built
		return "", fmt.Errorf("draw the history of %s: %w", label, err)
	}
	file = filepath.Join(folder, name)
	if err := os.WriteFile(file, page.Bytes(), 0o644); err != nil { //nolint:gosec // it is for everybody
		return "", fmt.Errorf("draw the history of %s: %w", label, err)
	}
	return file, nil
}

// pictureName is the name of the file for a stream of a scenario: the same in each run.
func pictureName(key, label string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(key + keyEnds + label)) // it takes everything
	words := strings.FieldsFunc(strings.ToLower(label), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return fmt.Sprintf("%s-%x.html", strings.Join(words, "-"), sum.Sum64())
}

// moduleFolder is the root of the module that the working directory is in, or that
// directory.
func moduleFolder() string {
	here, err := os.Getwd()
	if err != nil {
		return os.TempDir()
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return here
		}
	}
}
