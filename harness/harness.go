package harness

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"groupcheckout/domain/es"
	"groupcheckout/harness/provision"
	"groupcheckout/reactor/app"
	"groupcheckout/stores"
	"groupcheckout/stores/memory"
	"groupcheckout/stores/messagedb"
)

// Options says which store to bring up and how.
type Options struct {
	Store string        // "memory" (the default), "messagedb" or "dynamodb"
	Way   provision.Way // of bringing up a real store; empty: try them in order
	Log   *slog.Logger  // what bringing up does; nobody if nil
}

// Harness is a store that was brought up with the reactor running on it. Calls
// may overlap.
type Harness struct {
	how       string
	exact     bool
	tailPause time.Duration // of reactors, at the end of a feed that does not notify
	backend   *stores.Backend
	journal   *journal
	cache     *es.Cache
	shared    *runner
	retries   atomic.Int64
	closers   []func() error // in the order of opening
}

// checkpointSchema is where the harness keeps its checkpoints on Message DB,
// unless MDB_SCHEMA names another schema.
const checkpointSchema = "groupcheckout"

// Open brings a store up and starts the reactor on it. The error says what was
// tried. Close the harness in the end.
func Open(ctx context.Context, options Options) (*Harness, error) {
	h := &Harness{journal: newJournal(app.Categories()), cache: es.NewCache(0, 0), tailPause: 5 * time.Millisecond}
	var err error
	switch options.Store {
	case "", "memory":
		err = h.openMemory()
	case "messagedb":
		err = h.openMessageDB(ctx, options)
	case "dynamodb":
		err = h.openDynamoDB(ctx, options)
	default:
		err = fmt.Errorf("there is no store %q; choose memory, messagedb or dynamodb", options.Store)
	}
	if err == nil {
		err = h.startShared(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, h.Close(context.WithoutCancel(ctx)))
	}
	return h, nil
}

func (h *Harness) openMemory() (err error) {
	h.how, h.exact = "in this process", true
	h.backend, err = stores.Memory(memory.New(), stores.Options{Categories: app.Categories()})
	return err
}

func (h *Harness) openMessageDB(ctx context.Context, options Options) error {
	server, err := provision.MessageDB(ctx, provision.Options{Way: options.Way, Log: options.Log})
	if err != nil {
		return err
	}
	h.closers = append(h.closers, server.Close)
	h.how = server.How
	config := messagedb.Config{
		Connection:           server.ConnectionString,
		CheckpointConnection: server.AdminConnectionString, // the role message_store may not create a table
		CheckpointSchema:     os.Getenv("MDB_SCHEMA"),
		MaxConns:             20,
	}
	// At an address there may be nobody who may create a table.
	inMemory := config.CheckpointSchema == "" && server.AdminConnectionString == ""
	if config.CheckpointSchema == "" {
		config.CheckpointSchema = checkpointSchema
	}
	if !inMemory {
		if _, err := messagedb.Init(ctx, config); err != nil {
			return err
		}
	}
	h.backend, err = stores.MessageDB(ctx, config, app.Categories()...)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, func() error { h.backend.Close(); return nil })
	if inMemory {
		h.backend.Checkpoints = memory.NewCheckpoints()
		h.how += ", checkpoints in memory"
	}
	return nil
}

// startShared starts the reactor that scenarios share. It leaves alone the
// streams of scenarios with a reactor of their own, and those of nobody.
func (h *Harness) startShared(ctx context.Context) error {
	h.shared = h.newRunner("harness "+uuid.NewString(), func(s es.StreamName) bool {
		owner := h.journal.owner(s)
		return owner != nil && !owner.own
	})
	h.closers = append(h.closers, func() error { return h.shared.stop(context.Background()) })
	if err := h.shared.begin(ctx); err != nil {
		return err
	}
	return h.shared.start()
}

// World makes the hotel of one scenario. With a reactor of its own the scenario
// may stop it. Close it when the scenario is over.
func (h *Harness) World(ctx context.Context, ownReactor bool) (*World, error) {
	w := newWorld(h)
	w.runner = h.shared
	if !ownReactor {
		return w, nil
	}
	w.own = true
	w.runner = h.newRunner("scenario "+uuid.NewString(), func(s es.StreamName) bool {
		return h.journal.owner(s) == w
	})
	if err := w.runner.begin(ctx); err != nil {
		return nil, err
	}
	return w, w.runner.start()
}

// How says in words how the store was brought up.
func (h *Harness) How() string { return h.how }

// Retries is how many checks had to be made again so far. On an exact store it
// is always 0.
func (h *Harness) Retries() int { return int(h.retries.Load()) }

func (h *Harness) countRetries(n int) { h.retries.Add(int64(n)) }

// Close stops the reactor and takes down what was brought up.
func (h *Harness) Close(context.Context) error {
	var errs []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i]())
	}
	h.closers = nil
	return errors.Join(errs...)
}
