package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
	"example.com/groupcheckout/stores/address"
	"example.com/groupcheckout/stores/dynamodb"
)

// runCommand is reactor run.
type runCommand struct {
	ProcessorName string `short:"g" aliases:"processorname" required:"" placeholder:"NAME" help:"The consumer group. Checkpoints are kept under this name, so it has to be the same at each start."`
	logFlags
	MaxReadAhead       int           `short:"r" aliases:"maxreadahead" default:"16" placeholder:"BATCHES" help:"How many batches of a tranche may be read and not completed, besides those that wait for groups in trouble alone, up to --max-stuck-bytes of them. Default ${default}."`
	MaxWriters         int           `short:"w" aliases:"maxwriters" default:"8" placeholder:"GROUPS" help:"How many group checkouts to work on at once. Default ${default}."`
	QuarantineAfter    time.Duration `placeholder:"TIME" without:"never" help:"Set a group aside that cannot be handled for so long: reactor quarantine shows it. Never unless given. A merge after the confirmation of its group is set aside at once."`
	MergesAtOnce       int           `placeholder:"STAYS" without:"32, or --gather of a Message DB if that is less" help:"How many stays of one group to merge at once. By default as many as the store takes well: 32, or --gather of a Message DB if that is less."`
	ReadAtOnce         int           `default:"25" placeholder:"STAYS" help:"How many stays of one group to read with one request, where the store can; 1 reads each by itself. Default ${default}."`
	ReadGroups         bool          `help:"Read each group from the store, instead of using what the feed has delivered of it. It is slower, and for comparisons."`
	SnapshotEvery      int           `default:"500" placeholder:"EVENTS" help:"After how many events of a stay or a group to keep a snapshot of it; 0 keeps none, and reads none. Default ${default}."`
	CheckpointInterval time.Duration `default:"5s" placeholder:"TIME" help:"How often to save how far the work has got. Default ${default}."`
	CallLimit          time.Duration `default:"2m" placeholder:"TIME" help:"How long the work on one group may take at a stretch. What it has not done by then is tried again. Default ${default}."`
	StopLimit          time.Duration `default:"25s" placeholder:"TIME" help:"How long a stop may take, all included. Work under way may go on for about half of it. Default ${default}."`
	AuditEvery         time.Duration `placeholder:"TIME" without:"never" help:"Audit the books so often beside the work: at first from the beginning of the store, then what was appended since. What is found stays in the log, on the status page and in the metrics until an audit finds it settled. Never unless given."`
	Slots              int           `default:"1" placeholder:"NUMBER" help:"How many parts the work has. Each is done by one process at a time, and those of the same --processor-name share them, stand by, and take over from each other. It has to be the same for all of them; reactor slots changes it. Default ${default}."`
	Lease              time.Duration `default:"10s" placeholder:"TIME" help:"Within this time others take over from a process that gives no sign of life. Default ${default}."`
	traceFlags
	listenFlags
	engineFlags `group:"Flags that are seldom needed:"`

	Mdb    runMdb    `cmd:"" help:"Follow a Message DB."`
	Dynamo runDynamo `cmd:"" help:"Follow a DynamoDB."`
}

// Help is the text behind the summary.
func (*runCommand) Help() string {
	return `Runs until it is stopped. Name the store after the flags, and its own flags after that:

    reactor run --processor-name checkouts --listen :8080 mdb -c "$DB" --cs public
    reactor run --processor-name checkouts --listen :8080 dynamo -sr eu-west-1 -t hotel

One that is stopped or killed goes on at its checkpoint at the next start. Of several with the same name one works and the others stand by, or they share the work if --slots says how many parts it has. One that stops hands over each part as soon as nothing of it is under way; from one that is killed the others take over within --lease.

All flags of the .NET program are accepted in its spelling too (--processorname, --maxreadahead, …), except --timeouts, --idledelayms and --wakeforresults, which have no meaning here.`
}

// runMdb is reactor run mdb.
type runMdb struct {
	mdbStore
	mdbTuning `group:"Flags that are seldom needed:"`
}

// Help is the text behind the summary.
func (*runMdb) Help() string {
	return `Follows the category GroupCheckout of a Message DB. The checkpoint table has to exist: "reactor init mdb" creates it. After the word mdb, -r means --read-connection; before it, --max-read-ahead.

SIGINT or SIGTERM stops it: it begins nothing new, lets the work under way go on for about half of --stop-limit, and saves the checkpoint. What has not ended by then is done again at the next start. A second signal ends it at once, with exit status 2.
` + mdbHelp
}

// Run follows the store.
func (c *runMdb) Run(ctx context.Context, s streams, common *runCommand) error {
	return common.follow(ctx, s, c)
}

// check refuses what would be taken for a default.
func (c *runMdb) check() error {
	return cmp.Or(c.mdbStore.check(), c.mdbTuning.check(), firstTailSleep(c.TailSleep, c.FirstTailSleep), atLeastOne("--gather", c.Gather))
}

// runDynamo is reactor run dynamo.
type runDynamo struct {
	dynamoStore
	WithIndexer bool `help:"Build the index in this process too. Without it somebody else has to: reactor index dynamo, another reactor, or the Lambda."`
	indexerFlags
	dynamoTuning `group:"Flags that are seldom needed:"`

	db *dynamodb.DB // once it is open
}

// check refuses what would be taken for a default.
func (c *runDynamo) check() error {
	return cmp.Or(c.dynamoStore.check(), c.indexerFlags.check(), c.dynamoTuning.check(), firstTailSleep(c.TailSleep, c.FirstTailSleep))
}

// Help is the text behind the summary.
func (*runDynamo) Help() string {
	return `Follows the category GroupCheckout of a DynamoDB. Both tables have to exist: "reactor init dynamo" creates them. After the word dynamo, -r means --retries; before it, --max-read-ahead.

The feed is read from an index, which an indexer makes from the stream of the table. One indexer works at a time; others wait and take over from one that dies. With --with-indexer one runs in this process.

The name of the consumer group cannot hold an underscore on DynamoDB.

SIGINT or SIGTERM stops it: it begins nothing new, lets the work under way go on for about half of --stop-limit, and saves the checkpoint. What has not ended by then is done again at the next start. A second signal ends it at once, with exit status 2.
` + dynamoHelp
}

// Run follows the store.
func (c *runDynamo) Run(ctx context.Context, s streams, common *runCommand) error {
	return common.follow(ctx, s, c)
}

// open opens the store to follow it, with the indexer only if it is to run here.
func (c *runDynamo) open(ctx context.Context, log *slog.Logger, categories []string) (*address.Store, error) {
	config, err := c.tuned()
	if err != nil {
		return nil, err
	}
	store, db, err := openDynamo(ctx, log, config, c.indexing(), categories)
	if c.db = db; err == nil && !c.WithIndexer {
		store.Indexer = nil
	}
	return store, err
}

// openable is what every command needs of a store's part of the command line.
type openable interface {
	open(ctx context.Context, log *slog.Logger, categories []string) (*address.Store, error)
}

// followable is a store's part of the command line.
type followable interface {
	name() string // as on the command line
	check() error // of what open would take for a default
	openable
	feed(*reactor.Config) // says how to follow it
}

// follow runs the reactor on a store until ctx ends, and then for as long as a stop
// may take. What has not ended by then, such as a connection to a server that does
// not answer, is left behind: the process ends anyway.
func (c *runCommand) follow(ctx context.Context, s streams, store followable) error {
	if err := errors.Join(c.check(), store.check()); err != nil {
		return err
	}
	log := c.logger(s.log, slog.LevelInfo)
	over := make(chan error, 1)
	go func() { over <- c.work(ctx, log, store) }()
	var limit <-chan time.Time
	stopping := ctx.Done()
	for {
		select {
		case err := <-over:
			return err
		case <-stopping:
			stopping, limit = nil, time.After(c.StopLimit/100*98) // the rest is for the end of the process
		case <-limit:
			return &stopLimitError{c.StopLimit}
		}
	}
}

// stopLimitError says that a stop took too long.
type stopLimitError struct{ limit time.Duration }

func (e *stopLimitError) Error() string {
	return fmt.Sprintf("the stop was not over within %s (--stop-limit), so what was under way was left behind; "+
		"nothing is lost, the next start repeats it from the checkpoint. Does the store answer?", e.limit)
}

// work runs the reactor on a store until ctx ends.
func (c *runCommand) work(ctx context.Context, log *slog.Logger, store followable) error {
	page, err := c.listen(ctx)
	if err != nil {
		return err
	}
	defer page.close()
	log.Info("starting", "consumerGroup", c.ProcessorName, "store", store.name())
	logged, metrics, late := monitor.NewLog(log), monitor.NewMetrics(), monitor.NewLate()
	history := monitor.NewHistory(late)
	if err := page.serve(history, log, metrics, monitor.Gauges(late)); err != nil {
		return err
	}
	if named, ok := store.(interface{ called(group string) }); ok {
		named.called(c.ProcessorName)
	}
	traced, err := c.start(ctx, c.ProcessorName, log)
	if err != nil {
		return err
	}
	defer traced.stop(ctx)
	backend, err := store.open(ctx, log, checkout.Categories())
	if err != nil {
		return endedBy(ctx, log, err)
	}
	defer backend.Close()

	config := c.config(store)
	counts, cache := &es.Counts{}, es.NewCacheOf(c.cache())
	config.Log, config.Cache, config.Counts = log, cache, counts
	config.Reactor.Observer = reactor.Observers{logged, metrics, history}
	config.Reactor.Around = traced.around(backend.Events)
	running, err := checkout.Start(ctx, backend.Backend, config)
	if err != nil {
		return err
	}
	late.Is(running)
	auditing := newBookkeeper(c.AuditEvery, log, store)
	if err := errors.Join(page.watch(store), page.register(monitor.Streams(counts, cache)), page.watchAudits(auditing)); err != nil {
		running.Stop()
		return errors.Join(err, running.Wait(context.WithoutCancel(ctx)))
	}
	besides, stopBesides := context.WithCancel(ctx)
	var beside sync.WaitGroup
	var indexing error
	beside.Go(func() { logged.Run(besides) })
	beside.Go(func() { history.Run(besides) })
	beside.Go(func() { tell(ctx, running, log, c.StopLimit) })
	if auditing != nil {
		beside.Go(func() { auditing.run(besides) })
	}
	if backend.Indexer != nil {
		beside.Go(func() {
			// Without its indexer the reactor would wait for ever.
			if indexing = backend.Indexer.Run(besides); indexing != nil {
				running.Stop()
			}
		})
	}
	err = running.Wait(context.WithoutCancel(ctx))
	stopBesides()
	beside.Wait()
	if err := errors.Join(indexing, err); err != nil {
		return withAdvice(err, store.name())
	}
	log.Info("stopped")
	return nil
}

// config is what the flags say of the engine.
func (c *runCommand) config(store followable) checkout.Config {
	config := checkout.Config{
		MergesAtOnce:  c.MergesAtOnce,
		ReadAtOnce:    c.ReadAtOnce,
		ReadGroups:    c.ReadGroups,
		Chunk:         c.RecordAtOnce,
		SnapshotEvery: cmp.Or(es.Version(c.SnapshotEvery), -1),
		Reactor: reactor.Config{
			Group:              c.ProcessorName,
			MaxWriters:         c.MaxWriters,
			MaxReadAhead:       c.MaxReadAhead,
			CheckpointInterval: c.CheckpointInterval,
			CallLimit:          c.CallLimit,
			QuarantineAfter:    c.QuarantineAfter,
			Slots:              c.Slots,
			Lease:              c.Lease,
			StopLimit:          c.StopLimit / 10 * 9, // the rest is for what it stands on
		},
	}
	store.feed(&config.Reactor)
	c.tune(&config.Reactor)
	return config
}

// check refuses what the reactor would take for its default, or not take.
func (c *runCommand) check() error {
	if c.ProcessorName == "" {
		return errNoGroup()
	}
	if c.QuarantineAfter < 0 {
		return &usageError{fmt.Sprintf("--quarantine-after cannot be %v: leave it out for never", c.QuarantineAfter)}
	}
	if c.MergesAtOnce < 0 {
		return &usageError{fmt.Sprintf("--merges-at-once cannot be %d: leave it out for what the store takes well", c.MergesAtOnce)}
	}
	if c.SnapshotEvery < 0 {
		return &usageError{fmt.Sprintf("--snapshot-every cannot be %d: 0 takes none", c.SnapshotEvery)}
	}
	if c.AuditEvery < 0 || c.AuditEvery > 0 && c.AuditEvery < time.Second {
		return &usageError{fmt.Sprintf("--audit-every cannot be %v: it has to be at least 1s; leave it out for never", c.AuditEvery)}
	}
	return cmp.Or(
		atLeastOne("--max-read-ahead", c.MaxReadAhead),
		atLeastOne("--max-writers", c.MaxWriters),
		atLeastOne("--read-at-once", c.ReadAtOnce),
		atLeast("--checkpoint-interval", c.CheckpointInterval, leastInterval),
		aboveZero("--call-limit", c.CallLimit),
		aboveZero("--stop-limit", c.StopLimit),
		between("--slots", c.Slots, 1, reactor.MaxSlots),
		atLeast("--lease", c.Lease, leastLease),
		c.engineFlags.check(),
	)
}

// leastInterval keeps the leader from being asked without a pause.
const leastInterval = 10 * time.Millisecond

// leastLease is how long a lease has to be, so that a store has time to answer.
const leastLease = time.Second

func errNoGroup() error {
	return &usageError{"--processor-name is empty: checkpoints are kept under the name of the consumer group"}
}

// endedBy is the error of a start, unless it failed because ctx ended.
func endedBy(ctx context.Context, log *slog.Logger, err error) error {
	if ctx.Err() == nil {
		return err
	}
	log.Info("stopped before it had started", "reason", err)
	return nil
}

// tell logs that the reactor has begun and that it is being stopped.
func tell(ctx context.Context, running *reactor.Running, log *slog.Logger, limit time.Duration) {
	status, err := running.Status(ctx)
	if err == nil {
		for _, t := range status.Tranches {
			log.Info("following the feed", "tranche", t.Tranche, "from", t.Completed)
		}
		log.Info("ready", "consumerGroup", status.Group, "standsBy", status.StandsBy())
	}
	select {
	case <-ctx.Done():
		log.Info("stopping: work under way may end", "limit", limit)
	case <-running.Done():
	}
}
