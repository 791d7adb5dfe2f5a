package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/reactor/monitor"
	"example.com/groupcheckout/stores/address"
	"example.com/groupcheckout/stores/dynamodb"
)

// bookkeeper audits a store again and again beside a reactor, one audit at a time. The
// first reads the store from its beginning, and each later one what was appended since;
// the books are kept in between. What it finds stays until an audit finds it settled.
type bookkeeper struct {
	every time.Duration
	log   *slog.Logger
	open  func(context.Context) (*address.Store, error) // for one audit

	// Of the goroutine that audits.
	books *storeAudit
	at    map[feed.Tranche]feed.Position

	mu    sync.Mutex
	state auditState
}

// auditState is what came of the audits so far.
type auditState struct {
	complete time.Time // when the last audit that got to the end began; zero: none did
	events   int
	found    map[string]time.Time // violations, and since when they are known
	problem  string               // why the last audit did not get to the end; "" if it did
}

// auditLimit is how long one audit may take. One that takes longer goes on where it was
// the next time.
func (k *bookkeeper) auditLimit() time.Duration { return k.every / 2 }

// auditable is a store's part of the command line, if it can be opened once more to be
// audited while a reactor follows it.
type auditable interface {
	openToAudit(ctx context.Context, log *slog.Logger) (*address.Store, error)
}

func (c *runMdb) openToAudit(ctx context.Context, log *slog.Logger) (*address.Store, error) {
	quiet := c.mdbStore
	quiet.Notify = false
	return quiet.open(ctx, log, auditedCategories())
}

func (c *runDynamo) openToAudit(ctx context.Context, log *slog.Logger) (*address.Store, error) {
	config, err := c.tuned()
	if err != nil {
		return nil, err
	}
	store, _, err := openDynamo(ctx, log, config, dynamodb.IndexerConfig{}, auditedCategories())
	return store, err
}

// newBookkeeper returns nil if no audits are asked for.
func newBookkeeper(every time.Duration, log *slog.Logger, store followable) *bookkeeper {
	opened, ok := store.(auditable)
	if every == 0 || !ok {
		return nil
	}
	quiet := slog.New(slog.DiscardHandler) // the reactor has said it all
	return &bookkeeper{every: every, log: log, open: func(ctx context.Context) (*address.Store, error) { return opened.openToAudit(ctx, quiet) }}
}

// run audits until ctx ends.
func (k *bookkeeper) run(ctx context.Context) {
	for {
		began := time.Now()
		k.audit(ctx)
		if pause.For(ctx, k.every-time.Since(began)) != nil {
			return
		}
	}
}

// audit makes one audit, within its limit.
func (k *bookkeeper) audit(ctx context.Context) {
	began := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, k.auditLimit(), errors.New("its time is over; the next audit goes on where it was"))
	defer cancel()
	err := k.read(limited)
	if ctx.Err() != nil {
		return // it was stopped, and that says nothing of the books
	}
	if err != nil && limited.Err() != nil {
		err = context.Cause(limited)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.state.problem = paragraph(err)
		k.log.Warn("an audit did not get to its end; what was found before stands", "reason", err)
		return
	}
	found := map[string]time.Time{}
	for _, violation := range k.books.books.Violations() {
		text := violation.String()
		since, known := k.state.found[text]
		if !known {
			since = began
			k.log.Error("an audit found what a person has to settle", "violation", text)
		}
		found[text] = since
	}
	for text := range k.state.found {
		if _, still := found[text]; !still {
			k.log.Info("an audit found settled what was to be settled", "violation", text)
		}
	}
	k.state = auditState{complete: began, events: k.books.events, found: found}
	k.log.Debug("audited", "events", k.books.events, "violations", len(found), "took", time.Since(began))
}

// read reads what came since the last audit, and settles what is in doubt.
func (k *bookkeeper) read(ctx context.Context) error {
	store, err := k.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if k.books == nil {
		k.forget()
	}
	backend := *store.Backend
	backend.Source = &halfTime{Source: backend.Source}
	k.books.backend = &backend
	tranches, err := backend.Source.Tranches(ctx)
	if err != nil {
		return fmt.Errorf("list the tranches of the feed: %w", err)
	}
	for _, tranche := range tranches {
		end, err := backend.Source.End(ctx, tranche)
		if err != nil {
			return err
		}
		if end < k.at[tranche] {
			k.forget()
			return errors.New("the feed ends before what was read of it: the store was set back, so the next audit begins anew")
		}
		k.books.progress = func(w walked) { k.at[tranche] = w.at }
		if err := k.books.walk(ctx, tranche, k.at[tranche], end, k.books.enter); err != nil {
			return err
		}
	}
	return k.books.books.Settle(ctx, backend.Events)
}

// forget has the next audit begin at the beginning.
func (k *bookkeeper) forget() {
	k.books, k.at = &storeAudit{books: audit.NewBooks()}, map[feed.Tranche]feed.Position{}
}

// halfTime is a source that is read for half of the time at the most: a pause as long as
// the last read, and what was done with it, comes before the next.
type halfTime struct {
	feed.Source

	began time.Time
}

// Read implements [feed.Source].
func (h *halfTime) Read(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	if !h.began.IsZero() {
		if err := pause.For(ctx, time.Since(h.began)); err != nil {
			return feed.Batch{}, err
		}
	}
	h.began = time.Now()
	return h.Source.Read(ctx, tranche, from)
}

func (k *bookkeeper) seen() auditState {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state
}

// namedViolations is how many are named where there are many.
const namedViolations = 20

// section is the part of the status page. Violations are reasons for a look in the
// answer of /healthz too, and no reason for a restart.
func (k *bookkeeper) section(context.Context) monitor.Section {
	state, section := k.seen(), monitor.Section{Title: "Audit"}
	line := func(label, format string, values ...any) {
		section.Lines = append(section.Lines, monitor.Line{Label: label, Value: fmt.Sprintf(format, values...)})
	}
	line("every", "%v", k.every)
	if state.complete.IsZero() {
		line("last complete", "none yet")
	} else {
		line("last complete", "%s", ago(time.Since(state.complete)))
		line("events", "%d", state.events)
		line("violations", "%d", len(state.found))
	}
	if state.problem != "" {
		line("the last one did not end", "%s", state.problem)
	}
	var texts []string
	for text := range state.found {
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int {
		if order := state.found[a].Compare(state.found[b]); order != 0 {
			return order
		}
		return strings.Compare(a, b)
	})
	for i, text := range texts {
		if i == namedViolations {
			line("and", "%d more", len(texts)-i)
			section.Reasons = append(section.Reasons, fmt.Sprintf("%d more violations of the books", len(texts)-i))
			break
		}
		line("violation", "%s, known for %s", text, round(time.Since(state.found[text])))
		section.Reasons = append(section.Reasons, "for a person to settle: the books do not balance: "+text)
	}
	return section
}

func auditDescs() (violations, age, failed *prometheus.Desc) {
	return prometheus.NewDesc("reactor_audit_violations", "Violations that the last complete audit of --audit-every found. Absent before the first.", nil, nil),
		prometheus.NewDesc("reactor_audit_age_seconds", "How long ago the last complete audit began. Absent before the first.", nil, nil),
		prometheus.NewDesc("reactor_audit_failed", "Whether the last audit did not get to its end.", nil, nil)
}

// Describe implements [prometheus.Collector].
func (k *bookkeeper) Describe(descs chan<- *prometheus.Desc) {
	violations, age, failed := auditDescs()
	descs <- violations
	descs <- age
	descs <- failed
}

// Collect implements [prometheus.Collector].
func (k *bookkeeper) Collect(metrics chan<- prometheus.Metric) {
	state := k.seen()
	gauge := func(desc *prometheus.Desc, value float64) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	violations, age, failed := auditDescs()
	if !state.complete.IsZero() {
		gauge(violations, float64(len(state.found)))
		gauge(age, time.Since(state.complete).Seconds())
	}
	if state.problem == "" {
		gauge(failed, 0)
	} else {
		gauge(failed, 1)
	}
}
