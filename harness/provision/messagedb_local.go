package provision

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"example.com/groupcheckout/harness/internal/guarded"
	"example.com/groupcheckout/internal/fetch"
)

// messageDBLocal runs PostgreSQL as processes of this machine, in a temporary
// folder, and installs the schema.
func messageDBLocal(ctx context.Context, options Options) (_ *Server, err error) {
	// First what can fail without a server, and is most worth knowing.
	as, err := guarded.ServerAccount()
	if err != nil {
		return nil, err
	}
	schema, err := MessageDBPackage(ctx, options.Log)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "groupcheckout-pg-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server: %w", err)
	}
	remove := func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			err = errors.Join(err, remove())
		}
	}()
	bin, origin, err := binaries(ctx, options, dir)
	if err != nil {
		return nil, err
	}
	if err := giveAway(dir, as); err != nil {
		return nil, err
	}

	password := rand.Text()
	if err := initialise(ctx, as, bin, dir, password); err != nil {
		return nil, err
	}
	server, port, err := startPostgres(ctx, as, bin, dir, options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, server.Stop())
		}
	}()
	urlOf := func(user, database string) string {
		return postgresURL(user, password, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), database)
	}
	options.Log.InfoContext(ctx, "installing the Message DB schema")
	err = installSchema(ctx, func(database string) string { return urlOf("postgres", database) }, schema, password)
	if err != nil {
		return nil, err
	}
	found, err := inspect(ctx, urlOf(messageStore, database))
	if err != nil {
		return nil, err
	}
	return &Server{
		ConnectionString:      urlOf(messageStore, database),
		AdminConnectionString: urlOf("postgres", database),
		How:                   fmt.Sprintf("local processes: %s from %s, port %d", found.versions(), origin, port),
		local:                 &localPostgres{bin, as, options},
		closing:               closing{stop: func() error { return errors.Join(server.Stop(), remove()) }},
	}, nil
}

// binaries returns the folder of postgres and initdb, and in words where they
// come from. What it fetches it unpacks below dir.
func binaries(ctx context.Context, options Options, dir string) (bin, origin string, err error) {
	if bin := findBinaries(ctx); bin != "" {
		return bin, bin, nil
	}
	options.Log.InfoContext(ctx, "no PostgreSQL on this machine; fetching one", "version", fetchedVersion)
	cache, err := fetch.Dir()
	if err != nil {
		return "", "", err
	}
	bin, err = fetchBinaries(cache, dir)
	if err != nil {
		return "", "", err
	}
	return bin, "Maven Central", nil
}

// giveAway makes a folder and all that is in it the account's.
func giveAway(dir string, as *guarded.Account) error {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, as.Own(path))
	})
	if err != nil {
		return fmt.Errorf("give the server's folder to %s: %w", as.Name, err)
	}
	return nil
}

// postgresURL puts together a connection string for a server of ours, which
// speaks no TLS.
func postgresURL(user, password, hostAndPort, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(user), Host: hostAndPort, Path: "/" + database, RawQuery: "sslmode=disable"}
	if password != "" {
		u.User = url.UserPassword(user, password)
	}
	return u.String()
}

// initialise makes a database cluster in dir/data. Collation C makes the order
// of text the same on every machine.
func initialise(ctx context.Context, as *guarded.Account, bin, dir, password string) error {
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return fmt.Errorf("initialise the server: %w", err)
	}
	if err := as.Own(secret); err != nil {
		return fmt.Errorf("initialise the server: %w", err)
	}
	// It runs under a guard as the server does, so that nothing is left if this
	// process ends meanwhile.
	initdb, err := guarded.Program{
		CommandLine: []string{
			filepath.Join(bin, "initdb"), "--pgdata=" + filepath.Join(dir, "data"), "--username=postgres", "--pwfile=" + secret,
			"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync",
		},
		Dir:        dir,
		As:         as,
		StopSignal: "TERM",
	}.Start()
	if err != nil {
		return err
	}
	err = initdb.AwaitEnd(ctx)
	if err = errors.Join(err, initdb.Stop()); err != nil {
		return fmt.Errorf("initialise the server with %s: %w", bin, err)
	}
	if err := os.Remove(secret); err != nil {
		return fmt.Errorf("initialise the server: %w", err)
	}
	return nil
}

// startPostgres starts the server and waits until it is ready.
func startPostgres(ctx context.Context, as *guarded.Account, bin, dir string, options Options) (*guarded.Process, int, error) {
	return startPostgresThat(ctx, "database system is ready to accept connections", as, bin, dir, options)
}

// startPostgresThat starts a server that says when it is ready.
func startPostgresThat(ctx context.Context, says string, as *guarded.Account, bin, dir string, options Options) (*guarded.Process, int, error) {
	return onFreePort(ctx, "could not bind", func(port int) guarded.Program {
		return guarded.Program{
			CommandLine: postgresCommandLine(bin, dir, port, options.Durable),
			Dir:         dir,
			As:          as,
			ReadyText:   says,
			StopSignal:  "INT", // a fast shutdown, which waits for no client
		}
	}, func(p *guarded.Process, _ int) error { return p.AwaitReady(ctx) })
}

func postgresCommandLine(bin, dir string, port int, durable bool) []string {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(port),
		"unix_socket_directories=" + dir,
		"max_connections=200",
		"timezone=UTC",
	}
	if !durable {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	line := []string{filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data")}
	for _, setting := range settings {
		line = append(line, "-c", setting)
	}
	return line
}
