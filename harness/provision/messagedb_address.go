package provision

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/groupcheckout/stores/messagedb/dsn"
)

// messageDBAddress uses the server that the environment names, after a look
// whether the schema is there. It is not stopped at Close. The variables may be
// written in every form that the reactor takes; the server has URLs, which all
// programs read.
func messageDBAddress(ctx context.Context, options Options) (*Server, error) {
	address, err := options.variable(EnvConnectionString)
	if err != nil {
		return nil, err
	}
	asAdmin, err := options.variable(EnvAdminConnectionString)
	if err != nil {
		return nil, err
	}
	if address == "" {
		return nil, fmt.Errorf("%w: set %s to a server with the Message DB schema, such as postgres://message_store@localhost:5432/message_store",
			errNotConfigured, EnvConnectionString)
	}
	found, err := inspect(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", EnvConnectionString, err)
	}
	var admin facts
	if asAdmin != "" {
		if admin, err = inspect(ctx, asAdmin); err != nil {
			return nil, fmt.Errorf("%s: %w", EnvAdminConnectionString, err)
		}
	}
	how := options.getenv(EnvProvisioned)
	if how == "" {
		how = fmt.Sprintf("a server that was up already: %s at %s", found.versions(), found.place)
	}
	return &Server{ConnectionString: found.url, AdminConnectionString: admin.url, How: how}, nil
}

// facts is what a look at a server finds.
type facts struct {
	url       string // the connection string as a URL, with its password
	place     string // host:port, database and user
	postgres  string // the version of PostgreSQL, such as 15.18
	messageDB string // the version of the schema, such as 1.3.0
}

func (f facts) versions() string {
	return fmt.Sprintf("PostgreSQL %s, Message DB %s", f.postgres, f.messageDB)
}

// inspect connects and calls the schema's version function. Its errors say
// what is wrong with the server, and do not repeat the connection string.
func inspect(ctx context.Context, connectionString string) (facts, error) {
	said, err := dsn.Parse(connectionString)
	if err != nil {
		return facts{}, fmt.Errorf("the connection string is malformed: %w", err)
	}
	config, err := said.Config()
	if err != nil {
		return facts{}, fmt.Errorf("the connection string cannot be used: %w", err)
	}
	found := facts{url: said.URL(), place: fmt.Sprintf("%s:%d, database %s, user %s", config.Host, config.Port, config.Database, config.User)}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return facts{}, fmt.Errorf("%s: %w", found.place, explain(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read from

	err = conn.QueryRow(ctx, `SELECT split_part(current_setting('server_version'), ' ', 1), message_store.message_store_version()`).
		Scan(&found.postgres, &found.messageDB)
	if err != nil {
		return facts{}, fmt.Errorf("%s: %w", found.place, explain(err))
	}
	return found, nil
}

// explain says in words what the commonest errors of a server mean.
func explain(err error) error {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return err
	}
	switch refusal.Code {
	case "28P01", "28000":
		return fmt.Errorf("the server does not let this user in; check the user and the password: %w", refusal)
	case "3D000":
		return fmt.Errorf("the server has no such database; install Message DB, or name its database: %w", refusal)
	case "3F000", "42883":
		return fmt.Errorf("the database has no Message DB schema; run the install script of Message DB: %w", refusal)
	case "42501":
		return fmt.Errorf("this user may not use the Message DB schema; connect as message_store: %w", refusal)
	default:
		return refusal
	}
}
