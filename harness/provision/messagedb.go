package provision

import (
	"context"
	"log/slog"
)

// DefaultImage is the image that a container of Message DB is made of unless
// MDB_IMAGE or [Options] names another. Any image will do that publishes 5432,
// has the schema in the database message_store, and lets message_store in
// without a password where POSTGRES_HOST_AUTH_METHOD is trust.
const DefaultImage = "ethangarofolo/message-db:1.3.1"

// The variables of Message DB, which the package doc describes.
const (
	EnvConnectionString      = "MDB_CONNECTION_STRING"
	EnvAdminConnectionString = "MDB_ADMIN_CONNECTION_STRING"
	EnvProvisioned           = "MDB_PROVISIONED"
	EnvImage                 = "MDB_IMAGE"
)

// Server is a PostgreSQL server with the Message DB schema, ready for use.
// Whoever brought it up closes it.
type Server struct {
	// ConnectionString leads to the database as the role message_store. It is
	// a postgres:// URL.
	ConnectionString string
	// AdminConnectionString is one that leads to it as a superuser. It is empty
	// where no superuser is known, which may be so for an address.
	AdminConnectionString string
	// How says in words, and without secrets, how the server was brought up.
	How string

	parent   *Server        // whose server this is a database of; nil: it is the server itself
	template template       // that databases are copied from
	local    *localPostgres // what it was made with, if it runs as processes of this machine
	closing  closing
}

// MessageDB brings up a server. The end of ctx gives up on it; a server that
// is up stays up until [Server.Close].
//
// The error is an [*UnavailableError] if several ways were tried. If one was
// asked for, it is that way's error.
func MessageDB(ctx context.Context, options Options) (*Server, error) {
	return kind[*Server]{"Message DB", EnvImage, DefaultImage, []attempt[*Server]{
		{Address, messageDBAddress}, {Container, messageDBContainer}, {Local, messageDBLocal},
	}}.bringUp(ctx, options)
}

// Close stops the server and removes its data, if it was brought up here. A
// second call does nothing and returns the same error.
func (s *Server) Close() error {
	if s.closing.stop == nil {
		return s.forget()
	}
	return s.closing.close()
}

// Environment returns the variables in which another process finds the server
// as an address. They hold passwords.
func (s *Server) Environment() []string {
	return []string{
		EnvConnectionString + "=" + s.ConnectionString,
		EnvAdminConnectionString + "=" + s.AdminConnectionString,
		EnvProvisioned + "=" + s.How,
	}
}

// String returns How, so that a server that is printed shows no password.
func (s *Server) String() string { return s.How }

// LogValue does for log/slog what [Server.String] does for fmt.
func (s *Server) LogValue() slog.Value { return slog.StringValue(s.How) }
