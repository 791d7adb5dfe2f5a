package provision

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// limit bounds whatever waits for a server. It is never reached when all is
// well.
const limit = 2 * time.Minute

// killedHelper is set, to a kind of server, in a process that a test starts from
// this same test binary in order to kill it.
const killedHelper = "PROVISION_TEST_KILLED_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(killedHelper) {
	case "messagedb":
		holdServer()
	case "dynamodb":
		holdDynamoDB()
	}
	status := m.Run()
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// holdServer brings up a local server, prints its connection string and waits
// to be killed.
func holdServer() {
	server, err := MessageDB(context.Background(), Options{Way: Local})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(server.ConnectionString)
	select {}
}

// bringUp brings up a server for the length of a test.
func bringUp(t *testing.T, options Options) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	server, err := MessageDB(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return server
}

func connect(t *testing.T, connectionString string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), connectionString)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the server may be gone by then
	return conn
}

// query returns the one value that a query gives.
func query[T any](t *testing.T, connectionString, sql string) T {
	t.Helper()
	var value T
	if err := connect(t, connectionString).QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

const write = `SELECT message_store.write_message(gen_random_uuid()::varchar, 'test-' || gen_random_uuid(), 'Written', '{}')`

// testServer checks what every server of ours has, however it came up.
func testServer(t *testing.T, server *Server) {
	t.Helper()
	if got := query[int64](t, server.ConnectionString, write); got != 0 {
		t.Errorf("position of the first message of a stream: got %d, want 0", got)
	}
	if got := query[string](t, server.ConnectionString, "SELECT current_user"); got != messageStore {
		t.Errorf("user: got %s, want %s", got, messageStore)
	}
	if got := query[bool](t, server.AdminConnectionString, "SELECT usesuper FROM pg_user WHERE usename = current_user"); !got {
		t.Error("the user of the admin connection string is no superuser")
	}
	if got := query[string](t, server.AdminConnectionString, "SHOW fsync"); got != "off" {
		t.Errorf("fsync: got %s, want off", got)
	}
	if got := fmt.Sprintf("%v %+v", server, server); got != server.How+" "+server.How {
		t.Errorf("printed: got %q, want %q twice", got, server.How)
	}
}

func TestLocalServer(t *testing.T) {
	t.Parallel()
	server := bringUp(t, Options{Way: Local})
	testServer(t, server)
	if !strings.HasPrefix(server.How, "local processes: PostgreSQL ") {
		t.Errorf("how: got %q", server.How)
	}
	t.Run("as an address", func(t *testing.T) { testAddress(t, server) })

	dir := query[string](t, server.AdminConnectionString, "SHOW unix_socket_directories")
	if err := server.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
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
		if err != nil {
			t.Fatal(err)
		}
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

	tests := []struct {
		name           string
		address, admin string
		provisioned    string
		how            string // a part of it
		err            string // a part of it
	}{
		{name: "without a word on how", address: server.ConnectionString, how: "up already: PostgreSQL "},
		{name: "with a word on how", address: server.ConnectionString, admin: server.AdminConnectionString, provisioned: "by magic", how: "by magic"},
		{name: "none", err: EnvConnectionString},
		{name: "wrong password", address: wrongPassword, err: "check the user and the password"},
		{name: "wrong password of the superuser", address: server.ConnectionString, admin: wrongPassword, err: EnvAdminConnectionString},
		{name: "no schema", address: noSchema, err: "no Message DB schema"},
		{name: "no database", address: noDatabase, err: "no such database"},
		{name: "no server", address: noServer, err: "127.0.0.1:1"},
		{name: "malformed", address: malformed, err: "verify-full"},
		{name: "Npgsql's form", address: npgsql, admin: npgsql, how: "database message_store, user message_store"},
		{name: "libpq's form", address: libpq, how: "database message_store, user message_store"},
		{name: "Npgsql's form, wrong password", address: npgsqlWrong, err: "check the user and the password"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			environment := map[string]string{
				EnvConnectionString:      test.address,
				EnvAdminConnectionString: test.admin,
				EnvProvisioned:           test.provisioned,
			}
			options := Options{Way: Address, getenv: func(name string) string { return environment[name] }}
			got, err := MessageDB(t.Context(), options)
			if test.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(got.How, test.how) {
					t.Errorf("got %+v, want how %q", got, test.how)
				}
				if at := query[string](t, got.ConnectionString, "SELECT current_user"); at != messageStore {
					t.Errorf("the connection string leads to the user %s, want %s", at, messageStore)
				}
				if (got.AdminConnectionString == "") != (test.admin == "") {
					t.Errorf("got an admin connection string: %t", got.AdminConnectionString != "")
				}
				if test.admin != "" {
					query[string](t, got.AdminConnectionString, "SELECT current_user")
				}
				if err := got.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Fatalf("got error %v, want one with %q", err, test.err)
			}
			if strings.Contains(err.Error(), "Sesame") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
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
		_, err := MessageDB(t.Context(), Options{Way: Address, getenv: func(name string) string {
			if name == EnvConnectionString {
				return text
			}
			return ""
		}})
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
	if err != nil {
		t.Fatal(err)
	}
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
	server := bringUp(t, Options{Way: Local, Durable: true})
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if got := query[string](t, server.AdminConnectionString, "SHOW "+setting); got != "on" {
			t.Errorf("%s: got %s, want on", setting, got)
		}
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
	server := bringUp(t, Options{Way: Container})
	testServer(t, server)
	if err := server.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := inspect(t.Context(), server.ConnectionString); err == nil {
		t.Error("the server still answers")
	}
}

func TestALocalServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	helper := exec.CommandContext(ctx, self)
	helper.Env = append(os.Environ(), killedHelper+"=messagedb")
	output, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	connectionString, err := bufio.NewReader(output).ReadString('\n')
	if err != nil || !strings.HasPrefix(connectionString, "postgres://") {
		t.Fatalf("the helper said %q, error %v", connectionString, err)
	}
	conn := connect(t, strings.TrimSpace(connectionString))
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait() // it was killed

	// The server tells its clients when it stops.
	_, err = conn.WaitForNotification(ctx)
	if err == nil || ctx.Err() != nil {
		t.Errorf("got %v while waiting for the server to end, want that it closes the connection", err)
	}
}
