package provision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/internal/fetch"
)

// database is the name of the database that Message DB's own installation
// makes, and messageStore the role that it makes for applications.
const (
	database     = "message_store"
	messageStore = "message_store"
)

// schemaFiles are the files of the Message DB package that make the schema,
// from its folder database, in the order in which its install.sh runs them.
// The role comes before, in the maintenance database.
func schemaFiles() []string {
	return []string{
		"schema/message-store.sql",
		"extensions/pgcrypto.sql",
		"tables/messages.sql",
		"types/message.sql",
		"functions/message-store-version.sql",
		"functions/hash-64.sql",
		"functions/acquire-lock.sql",
		"functions/category.sql",
		"functions/is-category.sql",
		"functions/id.sql",
		"functions/cardinal-id.sql",
		"functions/stream-version.sql",
		"functions/write-message.sql",
		"functions/get-stream-messages.sql",
		"functions/get-category-messages.sql",
		"functions/get-last-stream-message.sql",
		"indexes/messages-id.sql",
		"indexes/messages-stream.sql",
		"indexes/messages-category.sql",
		"views/stream-summary.sql",
		"views/type-summary.sql",
		"views/stream-type-summary.sql",
		"views/type-stream-summary.sql",
		"views/category-type-summary.sql",
		"views/type-category-summary.sql",
		"privileges/schema.sql",
		"privileges/table.sql",
		"privileges/sequence.sql",
		"privileges/functions.sql",
		"privileges/views.sql",
	}
}

// installSchema does on an empty server what install.sh of the package does
// with psql, which is not always there. It gives message_store the password,
// because a server of ours lets nobody in without one.
//
// urlOf leads to a database of the server as a superuser.
func installSchema(ctx context.Context, urlOf func(database string) string, packageDir, password string) error {
	err := run(ctx, urlOf("postgres"), func(conn *pgx.Conn) error {
		if err := runFile(ctx, conn, filepath.Join(packageDir, "database", "roles", "message-store.sql")); err != nil {
			return err
		}
		// A statement of this kind takes no parameters; the password is made
		// of letters and digits, so it needs no quoting either.
		if _, err := conn.Exec(ctx, "ALTER ROLE "+messageStore+" PASSWORD '"+password+"'"); err != nil {
			return fmt.Errorf("give the role %s its password: %w", messageStore, err)
		}
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+database); err != nil {
			return fmt.Errorf("create the database %s: %w", database, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return run(ctx, urlOf(database), func(conn *pgx.Conn) error { return installTables(ctx, conn, packageDir) })
}

// installTables installs the schema in the database of a connection, on a server
// that has the role already.
func installTables(ctx context.Context, conn *pgx.Conn, packageDir string) error {
	for _, name := range schemaFiles() {
		if err := runFile(ctx, conn, filepath.Join(packageDir, "database", filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}

// run connects, calls do, and disconnects.
func run(ctx context.Context, url string, do func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect as a superuser: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return do(conn)
}

// runFile runs all the statements of a file. The simple protocol takes them in
// one piece, as psql's -f would one by one.
func runFile(ctx context.Context, conn *pgx.Conn, path string) error {
	statements, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read a part of the Message DB schema: %w", err)
	}
	if _, err := conn.PgConn().Exec(ctx, string(statements)).ReadAll(); err != nil {
		return fmt.Errorf("run %s of Message DB: %w", filepath.Base(path), err)
	}
	return nil
}

// messageDBPackage holds the Message DB schema. Its checksum is the one that the
// registry gives: nothing else is run as a superuser.
func messageDBPackage() fetch.Package {
	return fetch.Package{
		Name:    "@eventide/message-db",
		Version: "1.3.1",
		SHA512:  "n3hdE5YAZNXTr2HK9gG0GJ6dusgdE544LTvS+21/yOEHBvNuUzNmXXw5vS05vpe6RSuhzTRy5Wg0q7c1VfJg+A==",
		Folder:  "message-db-1.3.1",
	}
}

// MessageDBPackage returns the folder with the npm package that holds the
// Message DB schema, and fetches it with npm if this machine does not have it
// yet. Several processes may call it at once. A nil log is silent.
func MessageDBPackage(ctx context.Context, log *slog.Logger) (string, error) {
	return fetch.NPM(ctx, messageDBPackage(), log)
}
