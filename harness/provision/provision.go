package provision

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// Way is one of the ways to bring a server up.
type Way string

// The ways, in the order in which they are tried.
const (
	Address   Way = "address"   // a server that is up already
	Container Way = "container" // a Docker container
	Local     Way = "local"     // processes of this machine
)

// DefaultImage is the image that a container is made of unless MDB_IMAGE or
// [Options] names another. Any image will do that publishes 5432, has the
// schema in the database message_store, and lets message_store in without a
// password where POSTGRES_HOST_AUTH_METHOD is trust.
const DefaultImage = "ethangarofolo/message-db:1.3.1"

// The variables that the package doc describes.
const (
	EnvConnectionString      = "MDB_CONNECTION_STRING"
	EnvAdminConnectionString = "MDB_ADMIN_CONNECTION_STRING"
	EnvProvisioned           = "MDB_PROVISIONED"
	EnvImage                 = "MDB_IMAGE"
)

// Options says how to bring up a server. A zero field means the default.
type Options struct {
	Way     Way          // the only way to use; empty: try them in order
	Image   string       // the container's image; empty: MDB_IMAGE, else DefaultImage
	BinDir  string       // where a local server's postgres and initdb are; empty: search, else fetch
	Durable bool         // keep a commit safe from a power cut; by default it is not, which is faster
	Log     *slog.Logger // what is being done, for a person who waits; nil: nothing

	getenv func(string) string // os.Getenv; tests replace it
}

func (o Options) withDefaults() (Options, error) {
	switch o.Way {
	case "", Address, Container, Local:
	default:
		return o, fmt.Errorf("there is no way %q to bring up a server; choose %s, %s or %s", o.Way, Address, Container, Local)
	}
	if o.getenv == nil {
		o.getenv = os.Getenv
	}
	if o.Image == "" {
		o.Image = o.getenv(EnvImage)
	}
	if o.Image == "" {
		o.Image = DefaultImage
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Server is a PostgreSQL server with the Message DB schema, ready for use.
// Whoever brought it up closes it.
type Server struct {
	// ConnectionString leads to the database as the role message_store.
	ConnectionString string
	// AdminConnectionString leads to the database as a superuser. It is empty
	// where no superuser is known, which may be so for an address.
	AdminConnectionString string
	// How says in words, and without secrets, how the server was brought up.
	How string

	stop func() error // nil where the server is not ours to stop
	once sync.Once
	err  error
}

// MessageDB brings up a server. The end of ctx gives up on it; a server that
// is up stays up until [Server.Close].
//
// The error is an [*UnavailableError] if several ways were tried. If one was
// asked for, it is that way's error.
func MessageDB(ctx context.Context, options Options) (*Server, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	server, err := inOrder(ctx, options.Way, []attempt[*Server]{
		{way: Address, bringUp: func(ctx context.Context) (*Server, error) { return messageDBAddress(ctx, options) }},
		{way: Container, bringUp: func(ctx context.Context) (*Server, error) { return messageDBContainer(ctx, options) }},
		{way: Local, bringUp: func(ctx context.Context) (*Server, error) { return messageDBLocal(ctx, options) }},
	})
	if err != nil {
		return nil, fmt.Errorf("bring up Message DB: %w", err)
	}
	options.Log.InfoContext(ctx, "Message DB is up", "how", server.How)
	return server, nil
}

// Close stops the server and removes its data, if it was brought up here. A
// second call does nothing and returns the same error.
func (s *Server) Close() error {
	s.once.Do(func() {
		if s.stop != nil {
			s.err = s.stop()
		}
	})
	return s.err
}

// String returns How, so that a server that is printed shows no password.
func (s *Server) String() string { return s.How }

// LogValue does for log/slog what [Server.String] does for fmt.
func (s *Server) LogValue() slog.Value { return slog.StringValue(s.How) }
