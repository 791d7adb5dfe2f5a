package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/fetch"
)

func connect(t *testing.T, connectionString string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), connectionString)
	check.Must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the server may be gone by then
	return conn
}

// query returns the one value that a query gives.
func query[T any](t *testing.T, connectionString, sql string) T {
	t.Helper()
	var value T
	check.Mustf(t, connect(t, connectionString).QueryRow(t.Context(), sql).Scan(&value), "%s", sql)
	return value
}

const write = `SELECT message_store.write_message(gen_random_uuid()::varchar, 'test-' || gen_random_uuid(), 'Written', '{}')`

// testServer checks what every server of ours has, however it came up.
func testServer(t *testing.T, server *Server) {
	t.Helper()
	check.Equal(t, "position of the first message of a stream", 0, query[int64](t, server.ConnectionString, write))
	check.Equal(t, "user", messageStore, query[string](t, server.ConnectionString, "SELECT current_user"))
	if got := query[bool](t, server.AdminConnectionString, "SELECT usesuper FROM pg_user WHERE usename = current_user"); !got {
		t.Error("the user of the admin connection string is no superuser")
	}
	check.Equal(t, "fsync", "off", query[string](t, server.AdminConnectionString, "SHOW fsync"))
	if got := fmt.Sprintf("%v %+v", server, server); got != server.How+" "+server.How {
		t.Errorf("printed: got %q, want %q twice", got, server.How)
	}
}

func TestLocalServer(t *testing.T) {
	t.Parallel()
	server := bringUp(t, MessageDB, Options{Way: Local})
	testServer(t, server)
	if !strings.HasPrefix(server.How, "local processes: PostgreSQL ") {
		t.Errorf("how: got %q", server.How)
	}
	t.Run("as an address", func(t *testing.T) { testAddress(t, server) })

	dir := query[string](t, server.AdminConnectionString, "SHOW unix_socket_directories")
	check.OKf(t, server.Close(), "close")
	if exists(dir) {
		t.Errorf("the folder %s is still there", dir)
	}
	if _, err := inspect(t.Context(), server.ConnectionString); err == nil {
		t.Error("the server still answers")
	}
}

// testAddress uses a server that is up as an address, rightly and wrongly.
func testAddress(t *testing.T, server *Server) {
	t.Helper()
	change := func(connectionString string, change func(*url.URL)) string {
		u, err := url.Parse(connectionString)
		check.Must(t, err)
		change(u)
		return u.String()
	}
	wrongPassword := change(server.ConnectionString, func(u *url.URL) { u.User = url.UserPassword(messageStore, "Sesame") })
	noSchema := change(server.AdminConnectionString, func(u *url.URL) { u.Path = "/postgres" })
	noDatabase := change(server.AdminConnectionString, func(u *url.URL) { u.Path = "/nowhere" })
	noServer := change(server.ConnectionString, func(u *url.URL) { u.Host = "127.0.0.1:1" })
	malformed := change(server.ConnectionString, func(u *url.URL) { u.RawQuery = "sslmode=Sesame" })
	parsed, err := pgx.ParseConfig(server.ConnectionString)
	if err != nil {
		t.Fatal("the server's connection string is malformed")
	}
	npgsql := fmt.Sprintf("Host=%s;Port=%d;Username=%s;Password=%s;Database=%s;SSL Mode=Disable;Maximum Pool Size=9;Keepalive=30",
		parsed.Host, parsed.Port, parsed.User, parsed.Password, parsed.Database)
	npgsqlWrong := strings.Replace(npgsql, parsed.Password, "Sesame", 1)
	libpq := fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s sslmode=disable",
		parsed.Host, parsed.Port, parsed.User, parsed.Password, parsed.Database)

	at := func(connection, admin, provisioned string) map[string]string {
		return map[string]string{EnvConnectionString: connection, EnvAdminConnectionString: admin, EnvProvisioned: provisioned}
	}
	testAddresses(t, MessageDB, []address{
		{name: "without a word on how", environment: at(server.ConnectionString, "", ""), how: "up already: PostgreSQL "},
		{name: "with a word on how", environment: at(server.ConnectionString, server.AdminConnectionString, "by magic"), how: "by magic"},
		{name: "none", err: EnvConnectionString},
		{name: "wrong password", environment: at(wrongPassword, "", ""), err: "check the user and the password"},
		{name: "wrong password of the superuser", environment: at(server.ConnectionString, wrongPassword, ""), err: EnvAdminConnectionString},
		{name: "no schema", environment: at(noSchema, "", ""), err: "no Message DB schema"},
		{name: "no database", environment: at(noDatabase, "", ""), err: "no such database"},
		{name: "no server", environment: at(noServer, "", ""), err: "127.0.0.1:1"},
		{name: "malformed", environment: at(malformed, "", ""), err: "verify-full"},
		{name: "Npgsql's form", environment: at(npgsql, npgsql, ""), how: "database message_store, user message_store"},
		{name: "libpq's form", environment: at(libpq, "", ""), how: "database message_store, user message_store"},
		{name: "Npgsql's form, wrong password", environment: at(npgsqlWrong, "", ""), err: "check the user and the password"},
	}, func(t *testing.T, a address, got *Server) {
		t.Helper()
		if at := query[string](t, got.ConnectionString, "SELECT current_user"); at != messageStore {
			t.Errorf("the connection string leads to the user %s, want %s", at, messageStore)
		}
		named := a.environment[EnvAdminConnectionString] != ""
		if (got.AdminConnectionString != "") != named {
			t.Errorf("got an admin connection string: %t", got.AdminConnectionString != "")
		}
		if named {
			query[string](t, got.AdminConnectionString, "SELECT current_user")
		}
	})
}

// None of these gets as far as a server.
func TestAMalformedAddressIsNotRepeated(t *testing.T) {
	t.Parallel()
	const secret = "geheim123"
	for text, want := range map[string]string{
		"host=localhost;Username=app;Password=geheim123;Databse=ms":         "part 4",
		"Host=localhost;Username=app;Password=geheim123;Port=x":             "65535",
		"Host=localhost;Username=app;Password=ab;geheim123;Database=ms":     "quoted",
		"host=localhost user=app password=ab geheim123 dbname=ms":           "quoted",
		"host=localhost user=app password=geheim123 sslmode=sometimes":      "verify-full",
		"postgres://app:ab/geheim123@localhost/ms":                          "percent-encoded",
		"postgres://app:geheim123@localhost/ms?sslmode=sometimes":           "verify-full",
		"mysql://app:geheim123@localhost/ms":                                "scheme",
		"geheim123":                                                         "neither",
		"Host=localhost;Username=app;Password=geheim123;SSL Mode=Sometimes": "verify-full",
	} {
		_, err := MessageDB(t.Context(), inEnvironment(map[string]string{EnvConnectionString: text}))
		if err == nil || !strings.Contains(err.Error(), EnvConnectionString) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one that names %s and has %q in it", text, err, EnvConnectionString, want)
			continue
		}
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error repeats it: %v", text, err)
		}
	}
}

// Every way to write an address wrong that the reader of connection strings has in
// its own tests.
func TestNoAddressIsTold(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../stores/messagedb/dsn/testdata/wrong.txt")
	check.Must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is connected to
	urls := "http://k:S3CRET@h\nhttp://k:1/S3CRET@h\nhttp://127.0.0.1:1/?secret=S3CRET\nhttp://127.0.0.1:1/#S3CRET\nhttp://h;S3CRET\nhttp://127.0.0.1:1/a=S3CRET"
	for line := range strings.Lines(string(content) + urls) {
		text := strings.NewReplacer("S3CRET", "S3cr:et", `\n`, "\n").Replace(strings.TrimSpace(line))
		for _, name := range []string{EnvConnectionString, EnvServiceURL, EnvAccessKeyID, EnvSecretAccessKey, EnvRegion, EnvImage, EnvDynamoDBImage} {
			var log bytes.Buffer
			options := Options{Way: Address, Log: slog.New(slog.NewTextHandler(&log, nil)), getenv: func(asked string) string {
				if asked == name {
					return text
				}
				return map[string]string{EnvServiceURL: "http://127.0.0.1:1", EnvAccessKeyID: "k", EnvSecretAccessKey: "s"}[asked]
			}}
			_, err := MessageDB(ctx, options)
			_, other := DynamoDB(ctx, options)
			if told := fmt.Sprint(err, other) + log.String(); strings.Contains(strings.ToLower(told), "s3cr:et") {
				t.Errorf("%s=%q: it is told: %s", name, text, told)
			}
		}
	}
}

func TestWhatStandsAroundAVariableDoesNotCount(t *testing.T) {
	t.Parallel()
	names := []string{EnvConnectionString, EnvAdminConnectionString, EnvImage, EnvServiceURL, EnvAccessKeyID, EnvSecretAccessKey, EnvRegion, EnvDynamoDBImage}
	for _, name := range names {
		options := Options{getenv: func(asked string) string { return " " + asked + "\r\n" }}
		if got, err := options.variable(name); got != name || err != nil {
			t.Errorf("%s: got %q and error %v, want the value alone", name, got, err)
		}
		options.Way, options.getenv = Address, func(asked string) string {
			if asked == name {
				return "S3cr:et\nS3cr:et"
			}
			return ""
		}
		_, err := MessageDB(t.Context(), options)
		_, other := DynamoDB(t.Context(), options)
		told := fmt.Sprint(err, other)
		if !strings.Contains(told, name+": it has a line break") || strings.Contains(strings.ToLower(told), "s3cr:et") {
			t.Errorf("%s with a line break inside: got %s, want an error that names the variable and not its value", name, told)
		}
	}
}

func TestADurableServerFlushes(t *testing.T) {
	t.Parallel()
	server := bringUp(t, MessageDB, Options{Way: Local, Durable: true})
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		check.Equal(t, setting, "on", query[string](t, server.AdminConnectionString, "SHOW "+setting))
	}
}

// needDocker skips a test where no Docker engine answers, and fails it where
// PROVISION_NO_SKIP forbids that.
func needDocker(t *testing.T) {
	t.Helper()
	err := dockerAnswers(t.Context())
	switch {
	case err == nil:
	case os.Getenv("PROVISION_NO_SKIP") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

func TestContainer(t *testing.T) {
	t.Parallel()
	needDocker(t)
	server := bringUp(t, MessageDB, Options{Way: Container})
	testServer(t, server)
	check.OKf(t, server.Close(), "close")
	if _, err := inspect(t.Context(), server.ConnectionString); err == nil {
		t.Error("the server still answers")
	}
}

func TestALocalServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	connectionString, kill := held(ctx, t, "messagedb", "postgres://")
	conn := connect(t, connectionString)
	kill()
	// The server tells its clients when it stops.
	_, err := conn.WaitForNotification(ctx)
	if err == nil || ctx.Err() != nil {
		t.Errorf("got %v while waiting for the server to end, want that it closes the connection", err)
	}
}

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	got := newestFirst([]string{"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/usr/pgsql-16/bin", "/usr/lib/postgresql/9/bin"})
	want := []string{"/usr/pgsql-16/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9/bin", "/usr/lib/postgresql/9.6/bin"}
	check.Same(t, "folders", want, got)
}

// A machine without PostgreSQL is rare among those that run this test, so the
// fetching is tried for its own sake, where asked for: it downloads 10 MB.
func TestFetchedBinariesMakeAServer(t *testing.T) { //nolint:paralleltest // it changes the environment
	if os.Getenv("PROVISION_TEST_FETCH") == "" {
		t.Skip("PROVISION_TEST_FETCH is not set: not downloading PostgreSQL")
	}
	cache, err := fetch.Dir()
	check.Must(t, err)
	dir, err := os.MkdirTemp("", "groupcheckout-fetched-*") //nolint:usetesting // t.TempDir is closed to an unprivileged user
	check.Must(t, err)
	t.Cleanup(func() { check.OK(t, os.RemoveAll(dir)) })
	bin, err := fetchBinaries(cache, dir)
	check.Must(t, err)
	if err := os.Chmod(dir, 0o755); err != nil { // so is os.MkdirTemp, unless changed
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	server := bringUp(t, MessageDB, Options{Way: Local})
	if want := "local processes: PostgreSQL 15.13, Message DB 1.3.0 from " + bin; !strings.HasPrefix(server.How, want) {
		t.Errorf("how: got %q, want it to start with %q", server.How, want)
	}
}

func TestADatabaseOfOnesOwn(t *testing.T) {
	t.Parallel()
	server := bringUp(t, MessageDB, Options{Way: Local})
	query[int64](t, server.ConnectionString, write) // the server's own has something in it, and somebody on it
	own := make([]*Server, 3)
	var all sync.WaitGroup
	for i := range own {
		all.Go(func() {
			var err error
			if own[i], err = server.NewDatabase(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, database := range own {
		testServer(t, database)
		// What the role is given in one database counts there alone.
		check.Equal(t, "messages", 1, query[int](t, database.ConnectionString, "SELECT count(*) FROM message_store.messages"))
		if !strings.HasPrefix(database.How, server.How+", database ") {
			t.Errorf("how: got %q, want it to begin with %q", database.How, server.How)
		}
	}
	const left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'groupcheckout_own_%'"
	for i, database := range own { // whose connections of above are still open
		for range 2 {
			check.OKf(t, database.Close(), "close")
		}
		if got, want := query[int](t, server.AdminConnectionString, left), len(own)-1-i; got != want {
			t.Errorf("got %d databases after %d were closed, want %d", got, i+1, want)
		}
	}
	query[int64](t, server.ConnectionString, write)
}

func TestADatabaseOnAServerThatStaysUpLeavesNothing(t *testing.T) {
	t.Parallel()
	up := bringUp(t, MessageDB, Options{Way: Local})
	server := bringUp(t, MessageDB, asAddress(up))
	database, err := server.NewDatabase(t.Context())
	check.Must(t, err)
	another, err := database.NewDatabase(t.Context()) // one of the same server
	check.Must(t, err)
	check.OKf(t, errors.Join(another.Close(), database.Close(), server.Close()), "close")
	check.Equal(t, "databases left behind", 0, query[int](t, up.AdminConnectionString, "SELECT count(*) FROM pg_database WHERE datname LIKE 'groupcheckout_%'"))
}

func TestADatabaseNeedsASuperuser(t *testing.T) {
	t.Parallel()
	server := &Server{ConnectionString: "postgres://message_store:geheim123@localhost/message_store"}
	_, made := server.NewDatabase(t.Context())
	for what, err := range map[string]error{"a database": made, "shared checkpoints": server.ShareCheckpoints(t.Context(), "checkpoints")} {
		if !errors.Is(err, ErrNoAdmin) || !strings.Contains(err.Error(), EnvAdminConnectionString) || strings.Contains(err.Error(), "geheim123") {
			t.Errorf("%s: got error %v, want one that names %s and no password", what, err, EnvAdminConnectionString)
		}
	}
}

func TestCheckpointsAreShared(t *testing.T) {
	t.Parallel()
	server := bringUp(t, MessageDB, Options{Way: Local})
	check.Fails(t, server.ShareCheckpoints(t.Context(), "nowhere"), "nowhere")
	check.Must(t, server.administer(t.Context(), `CREATE SCHEMA "Checkpoints"`, `CREATE TABLE "Checkpoints".propulsion_checkpoint (position bigint)`))
	check.Must(t, server.ShareCheckpoints(t.Context(), "Checkpoints"))
	if got := query[int](t, server.ConnectionString, `INSERT INTO "Checkpoints".propulsion_checkpoint VALUES (7) RETURNING position`); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
}
