package provision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ErrNoAdmin is the error of what takes a superuser on a server that none is
// known of.
var ErrNoAdmin = errors.New("it takes a superuser, and none is known of this server: set " + EnvAdminConnectionString + " beside " + EnvConnectionString)

// template is the database that others are copied from. PostgreSQL copies none
// that somebody is connected to, so the one in use will not do.
type template struct {
	mu   sync.Mutex
	name string // empty until it was made
}

// NewDatabase makes a database with an empty Message DB on the server, for those
// who cannot share one: two reactors, say, of which one is to be stopped. It has
// the connection strings of the server in all but the name of the database. Close
// drops it, with those who are still connected, and leaves the server up.
//
// The first call installs the schema once more, in a database that the others
// are copied from. The error wraps [ErrNoAdmin] if no superuser is known. Calls may
// overlap.
func (s *Server) NewDatabase(ctx context.Context) (*Server, error) {
	fail := func(err error) (*Server, error) { return nil, fmt.Errorf("make a database of Message DB: %w", err) }
	if s.AdminConnectionString == "" {
		return fail(ErrNoAdmin)
	}
	if s.parent != nil {
		return s.parent.NewDatabase(ctx)
	}
	from, err := s.copied(ctx)
	if err != nil {
		return fail(err)
	}
	name := databaseName("own")
	app, err := inDatabase(s.ConnectionString, name)
	if err != nil {
		return fail(err)
	}
	admin, err := inDatabase(s.AdminConnectionString, name)
	if err != nil {
		return fail(err)
	}
	if err := s.copyDatabase(ctx, from, name); err != nil {
		return fail(err)
	}
	return &Server{
		parent:                s,
		ConnectionString:      app,
		AdminConnectionString: admin,
		How:                   s.How + ", database " + name,
		closing:               closing{stop: func() error { return s.dropDatabase(name) }},
	}, nil
}

// copyDatabase copies a database. To copy its files takes half the time of logging
// each page, which servers do by themselves since they know two ways, 15.
func (s *Server) copyDatabase(ctx context.Context, from, to string) error {
	return run(ctx, s.AdminConnectionString, func(conn *pgx.Conn) error {
		statement := "CREATE DATABASE " + to + " TEMPLATE " + from
		var twoWays bool
		if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int >= 150000").Scan(&twoWays); err != nil {
			return fmt.Errorf("ask for the server's version: %w", err)
		}
		if twoWays {
			statement += " STRATEGY = file_copy"
		}
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
		return nil
	})
}

// copied returns the name of the template, which the first call makes.
func (s *Server) copied(ctx context.Context) (name string, err error) {
	s.template.mu.Lock()
	defer s.template.mu.Unlock()
	if s.template.name != "" {
		return s.template.name, nil
	}
	folder, err := MessageDBPackage(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	name = databaseName("template")
	url, err := inDatabase(s.AdminConnectionString, name)
	if err != nil {
		return "", err
	}
	if err := s.administer(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	if err := run(ctx, url, func(conn *pgx.Conn) error { return installTables(ctx, conn, folder) }); err != nil {
		return "", errors.Join(err, s.dropDatabase(name))
	}
	s.template.name = name
	return name, nil
}

// forget drops the template of a server that stays up.
func (s *Server) forget() error {
	s.template.mu.Lock()
	defer s.template.mu.Unlock()
	if s.template.name == "" {
		return nil
	}
	err := s.dropDatabase(s.template.name)
	s.template.name = ""
	return err
}

// ShareCheckpoints lets the role that ConnectionString connects as use the
// checkpoint table of a schema, which a superuser has made. The schema is named as
// PostgreSQL stores it, without quotes. A program that is
// given one connection string needs no other then. The error wraps [ErrNoAdmin] if
// no superuser is known.
func (s *Server) ShareCheckpoints(ctx context.Context, schema string) error {
	if s.AdminConnectionString == "" {
		return fmt.Errorf("share the checkpoints in the schema %s: %w", schema, ErrNoAdmin)
	}
	parsed, err := url.Parse(s.ConnectionString)
	if err != nil || parsed.User == nil {
		return fmt.Errorf("share the checkpoints in the schema %s: the connection string names no user", schema)
	}
	to, in := pgx.Identifier{parsed.User.Username()}.Sanitize(), pgx.Identifier{schema}.Sanitize()
	if err := s.administer(ctx,
		"GRANT USAGE ON SCHEMA "+in+" TO "+to,
		"GRANT SELECT, INSERT, UPDATE ON "+in+".propulsion_checkpoint TO "+to,
		"DO $$ BEGIN IF to_regclass('"+strings.ReplaceAll(in, "'", "''")+".reactor_note') IS NOT NULL THEN"+
			" GRANT SELECT, INSERT, UPDATE, DELETE ON "+in+".reactor_note TO "+to+"; END IF; END $$",
	); err != nil {
		return fmt.Errorf("share the checkpoints in the schema %s: %w", schema, err)
	}
	return nil
}

// dropLimit bounds the removal of a database. A server that has much to do elsewhere
// takes some time; one that does not answer is not waited for for ever.
const dropLimit = time.Minute

func (s *Server) dropDatabase(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dropLimit)
	defer cancel()
	return s.administer(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

// administer carries out statements as a superuser, each by itself.
func (s *Server) administer(ctx context.Context, statements ...string) error {
	return run(ctx, s.AdminConnectionString, func(conn *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

// databaseName is a name that nobody else has, which needs no quotes.
func databaseName(purpose string) string {
	return "groupcheckout_" + purpose + "_" + strings.ReplaceAll(uuid.NewString(), "-", "")
}

// inDatabase is a connection string that leads to another database of the
// server. It is not repeated in the error.
func inDatabase(connection, name string) (string, error) {
	parsed, err := url.Parse(connection)
	if err != nil || parsed.Scheme == "" {
		return "", errors.New("the connection string is not a URL, so the name of the database in it cannot be changed")
	}
	parameters := parsed.Query()
	parameters.Del("dbname") // it would have the last word
	parsed.RawQuery = strings.ReplaceAll(parameters.Encode(), "+", "%20")
	parsed.Path = "/" + name
	return parsed.String(), nil
}
