package main

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
	"example.com/groupcheckout/stores/address"
	"example.com/groupcheckout/stores/messagedb"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

// mdbHelp explains the connection strings; it is the same for each command.
const mdbHelp = `
A connection string is written as Npgsql's, as a URL or as libpq's:

    Host=db;Port=5432;Username=message_store;Password=…;Database=message_store
    postgres://message_store@db:5432/message_store
    host=db user=message_store dbname=message_store

Put it in quotes. A password is better kept out of the command line, where every user of the machine can read it: use the variables, PGPASSWORD, or a password file (PGPASSFILE).`

// mdbServer says where a Message DB is and where its checkpoints are kept.
type mdbServer struct {
	Connection           string `secret:"" short:"c" aliases:"connectionstring" variable:"MDB_CONNECTION_STRING" placeholder:"STRING" help:"The server to write to: the leader. Required, but for init with --checkpoint-connection."`
	CheckpointConnection string `secret:"" also:"-cp" aliases:"cp,checkpointconnectionstring" placeholder:"STRING" without:"as --connection" help:"The server that keeps the checkpoints. As --connection unless given."`
	CheckpointSchema     string `also:"-cs" aliases:"cs,checkpointschema" variable:"MDB_SCHEMA" placeholder:"NAME" help:"The schema that holds the table propulsion_checkpoint. Required, but for an audit without --processor-name."`
	RequireTLS           bool   `name:"require-tls" help:"Refuse every connection to another machine that is not encrypted. Without it such a connection is warned of."`
}

// mdbStore is all that can be said of a Message DB when following it.
type mdbStore struct {
	mdbServer
	ReadConnection  string        `secret:"" also:"-r" aliases:"readconnectionstring" variable:"MDB_CONNECTION_STRING_READ" placeholder:"STRING" without:"as --connection" help:"The server to read from, which may be a replica that lags behind. As --connection unless given."`
	BatchSize       int           `short:"b" aliases:"batchsize" default:"1000" placeholder:"EVENTS" help:"Events to read at once. Default ${default}."`
	TailSleep       milliseconds  `short:"t" aliases:"tailsleepintervalms" default:"14" placeholder:"TIME" help:"How long to wait at the end of the feed before asking again, when nothing has come for a while; a plain number is in milliseconds. After something has come it begins with an eighth of that. Default ${default}, which takes about 2 % of a core of the server."`
	Notify          bool          `help:"Be told of what others append, and tell them, by LISTEN and NOTIFY, instead of only asking. It takes a connection, and for each transaction that appends a small one after it, which is never waited for. Who appends has to notify too. Asking at the end of the feed goes on, in case a notification is lost."`
	Gather          int           `default:"128" placeholder:"APPENDS" help:"How many appends that wait at the same time may share a transaction; 1 has each commit by itself. Default ${default}."`
	ViaWriteMessage bool          `help:"Write every event by calling Message DB's function write_message. Unless this is given, appends that share a transaction are written as rows, which takes the server a third of the time, where that function is as Message DB installs it and the role may insert."`
	application     string        // its sessions' name; no flag
	db              *messagedb.DB // once it is open
	FromTail        bool          `short:"Z" aliases:"fromtail" help:"Start a group that has no checkpoint at the end of the feed, and so pass over all that happened before. Without it such a group starts at the beginning. It counts at each start until the first checkpoint is saved."`
}

func (s *mdbServer) config(log *slog.Logger) (messagedb.Config, error) {
	if s.Connection == "" && s.CheckpointConnection == "" {
		return messagedb.Config{}, &usageError{"no connection string is given: say where Message DB is with --connection (-c) STRING, or set MDB_CONNECTION_STRING"}
	}
	if s.CheckpointSchema == "" {
		return messagedb.Config{}, &usageError{"no checkpoint schema is given: name the schema that holds the checkpoint table with --checkpoint-schema (-cs) NAME, or set MDB_SCHEMA"}
	}
	for _, text := range []string{s.Connection, s.CheckpointConnection} {
		tellIgnored(log, text)
	}
	return messagedb.Config{
		Connection:           s.Connection,
		CheckpointConnection: s.CheckpointConnection,
		CheckpointSchema:     s.CheckpointSchema,
		RequireTLS:           s.RequireTLS,
		Logger:               log,
	}, nil
}

// tellIgnored logs which keys of a connection string have no effect here. What is
// wrong with it is said when it is used.
func tellIgnored(log *slog.Logger, connection string) {
	if said, err := dsn.Parse(connection); err == nil && len(said.Ignored()) > 0 {
		log.Info("some keys of the connection string have no effect here", "keys", said.Ignored())
	}
}

// open opens the store without the ways to tune it.
func (s *mdbServer) open(ctx context.Context, log *slog.Logger, categories []string) (*address.Store, error) {
	full := mdbStore{mdbServer: *s}
	return full.open(ctx, log, categories)
}

// check refuses what would be taken for a default.
func (s *mdbStore) check() error {
	return cmp.Or(atLeastOne("--batch-size", s.BatchSize), aboveZero("--tail-sleep", s.TailSleep))
}

// open opens the store with the feed of some categories.
func (s *mdbStore) open(ctx context.Context, log *slog.Logger, categories []string) (*address.Store, error) {
	config, err := s.tuned(log)
	if err != nil {
		return nil, err
	}
	return s.openAs(ctx, config, categories)
}

// tuned is the configuration of the store.
func (s *mdbStore) tuned(log *slog.Logger) (messagedb.Config, error) {
	config, err := s.config(log)
	if err == nil && s.Connection == "" {
		err = &usageError{"no connection string for the store is given: use --connection (-c) STRING, or set MDB_CONNECTION_STRING; the one for checkpoints is not enough"}
	}
	if err != nil {
		return config, err
	}
	tellIgnored(log, s.ReadConnection)
	config.ReadConnection, config.BatchSize, config.Application = s.ReadConnection, s.BatchSize, s.application
	config.Notify, config.Gather, config.ViaWriteMessage = s.Notify, s.Gather, s.ViaWriteMessage
	return config, nil
}

func (s *mdbStore) openAs(ctx context.Context, config messagedb.Config, categories []string) (*address.Store, error) {
	db, err := messagedb.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	s.db = db
	backend, err := db.Backend(categories...)
	if err != nil {
		return nil, err
	}
	return &address.Store{Backend: backend}, nil
}

// name is the name of the store on the command line.
func (s *mdbStore) name() string { return "mdb" }

// called has the sessions on the server say whose they are.
func (s *mdbStore) called(group string) { s.application = "reactor " + group }

// tuned is the configuration of the store.
func (c *runMdb) tuned(log *slog.Logger) (messagedb.Config, error) {
	config, err := c.mdbStore.tuned(log)
	config.MaxConns, config.SettleTimeout = c.MaxConnections, c.SettleLimit
	return config, err
}

// open opens the store to follow it.
func (c *runMdb) open(ctx context.Context, log *slog.Logger, categories []string) (*address.Store, error) {
	config, err := c.tuned(log)
	if err != nil {
		return nil, err
	}
	config.Ready = true
	return c.openAs(ctx, config, categories)
}

// feed says how to follow the store.
func (c *runMdb) feed(config *reactor.Config) {
	config.TailPause, config.FirstTailPause, config.FromEnd = time.Duration(c.TailSleep), time.Duration(c.FirstTailSleep), c.FromTail
}

// watch is what operators see of the pools of connections.
func (s *mdbStore) watch() (prometheus.Collector, func(context.Context) monitor.Section) { //nolint:unparam // as the other stores, of which one has a section
	return monitor.Pools(func() (pools []monitor.Pool) {
		for _, p := range s.db.Pools() {
			pools = append(pools, monitor.Pool(p))
		}
		return pools
	}), nil
}
