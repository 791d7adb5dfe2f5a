package messagedb

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

//nolint:gochecknoglobals // a constant in all but syntax
var checkpointKey = feed.Key{Source: SourceID, Tranche: "Some", Group: "group"}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	with := func(replace map[string]string) string { return changed(appDSN(t), replace) }
	fresh := func(statements ...string) string {
		name := freshDatabase(t)
		admin := connect(t, withDatabase(adminDSN(t), name))
		for _, statement := range statements {
			mustExec(t, admin, statement)
		}
		return withDatabase(appDSN(t), name)
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	_, closed, _ := net.SplitHostPort(nobody.Addr().String())
	check.Must(t, nobody.Close())
	role := "role_" + strings.ToLower(newCategory())
	admin := connect(t, adminDSN(t))
	mustExec(t, admin, "CREATE ROLE "+role+" LOGIN PASSWORD '"+secret+"'")
	t.Cleanup(func() { mustExec(t, admin, "DROP ROLE "+role) })

	tests := map[string]struct {
		config  Config
		problem Problem
		use     Use
		want    string
	}{
		"nobody listens":    {Config{Connection: with(map[string]string{"port": closed, "password": secret})}, Unreachable, ForWriting, closed},
		"no such host":      {Config{Connection: with(map[string]string{"host": "no.such.host.invalid", "password": secret})}, Unreachable, ForWriting, "no.such.host.invalid"},
		"no such database":  {Config{Connection: with(map[string]string{"dbname": "no_such_database"})}, NoDatabase, ForWriting, "no_such_database"},
		"no Message DB":     {Config{Connection: with(map[string]string{"dbname": "postgres"})}, MissingSchema, ForWriting, "install.sh"},
		"no Message DB yet": {Config{ReadConnection: with(map[string]string{"dbname": "postgres"})}, MissingSchema, ForReading, "install.sh"},
		"half of it": {
			Config{Connection: fresh("DROP FUNCTION message_store.get_category_messages")}, MissingSchema, ForWriting, "get_category_messages",
		},
		"no table": {Config{Connection: fresh("DROP TABLE message_store.messages CASCADE")}, MissingSchema, ForWriting, "messages"},
		"an old one": {
			Config{Connection: fresh("CREATE OR REPLACE FUNCTION message_store.message_store_version() RETURNS varchar LANGUAGE sql AS $$ SELECT '1.2.9'::varchar $$")},
			OldSchema, ForWriting, "1.3.0",
		},
		"another role": {
			Config{Connection: with(map[string]string{"user": role, "password": secret})}, MissingPrivilege, ForWriting, "USAGE",
		},
		"no right to execute": {
			Config{Connection: fresh("REVOKE EXECUTE ON FUNCTION message_store.write_message FROM message_store, public")},
			MissingPrivilege, ForWriting, "write_message",
		},
		"no right to insert": {
			Config{Connection: fresh("REVOKE INSERT ON message_store.messages FROM message_store")}, MissingPrivilege, ForWriting, "INSERT",
		},
		"no right to read": {
			Config{ReadConnection: fresh("REVOKE SELECT ON message_store.messages FROM message_store")}, MissingPrivilege, ForReading, "SELECT",
		},
		"no right to count": {
			Config{Connection: fresh("REVOKE ALL ON SEQUENCE message_store.messages_global_position_seq FROM message_store")},
			MissingPrivilege, ForWriting, "messages_global_position_seq",
		},
		"a bad string for reading":     {Config{ReadConnection: "Host=db;Nonsense=1"}, BadConnectionString, ForReading, "part 2 has a key that is not known"},
		"a bad string for checkpoints": {Config{CheckpointConnection: "nonsense", CheckpointSchema: "s"}, BadConnectionString, ForCheckpoints, "neither"},
		"a bad schema":                 {Config{CheckpointSchema: "a;b"}, BadCheckpointSchema, ForCheckpoints, "a;b"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.config.Connection == "" {
				test.config.Connection = appDSN(t)
			}
			checkSetupError(t, openAndClose(t, test.config), test.problem, test.use, test.want)
		})
	}
}

func openAndClose(t testing.TB, config Config) error {
	t.Helper()
	db, err := Open(within(t), config)
	if err == nil {
		db.Close()
	}
	return err
}

func checkSetupError(t testing.TB, err error, problem Problem, use Use, want string) {
	t.Helper()
	if setup, ok := errors.AsType[*SetupError](err); !ok || setup.Problem != problem || setup.Connection != use {
		t.Fatalf("got error %v, want %q of the connection for %s", err, problem, use)
	}
	check.Contains(t, err.Error(), want)
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error shows the password: %v", err)
	}
}

// The server of the other tests may let everybody in; then this needs one that
// does not.
func TestOpenWithAWrongPassword(t *testing.T) {
	t.Parallel()
	wrong := map[string]string{"password": "s3cret"}
	err := openAndClose(t, Config{Connection: changed(appDSN(t), wrong)})
	if err == nil {
		err = openAndClose(t, Config{Connection: changed(ownServer(t).ConnectionString, wrong)})
	}
	checkSetupError(t, err, AccessRefused, ForWriting, "password authentication failed")
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, config := range []Config{{BatchSize: -1}, {MaxConns: -1}, {SettleTimeout: -1}, {MaxConns: 1 << 40}} {
		config.Connection = "Host=db;Password=s3cret"
		_, err := Open(t.Context(), config)
		setup, ok := errors.AsType[*SetupError](err)
		if !ok || setup.Problem != BadConfig || !strings.Contains(err.Error(), "-1") && !strings.Contains(err.Error(), "1099511627776") {
			t.Errorf("%v: got error %v, want one that names the value", config, err)
		}
		for _, text := range []string{fmt.Sprint(config), fmt.Sprintf("%+v", config)} {
			if strings.Contains(text, "s3cret") {
				t.Errorf("the configuration shows the password: %s", text)
			}
		}
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"public": "public", "MySchema": "myschema", "_a1$": "_a1$", `"MySchema"`: "MySchema", `"a-b c"`: "a-b c", `"a""b"`: `a"b`,
		strings.Repeat("a", 63): strings.Repeat("a", 63),
	} {
		if got, err := parseIdentifier(text); err != nil || got != want {
			t.Errorf("%q: got %q and error %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "a b", "a-b", "1a", "a;b", `"a`, `a"`, `"a"b"`, `""`, `"`, "\"a\x00\"", "ä", strings.Repeat("a", 64)} {
		if got, err := parseIdentifier(text); err == nil {
			t.Errorf("%q: got %q, want an error", text, got)
		}
	}
}

func TestInit(t *testing.T) {
	t.Parallel()
	name := freshDatabase(t)
	for _, schema := range []string{"Checkpoints", `"We""ird; Schema"`} {
		config := Config{Connection: withDatabase(adminDSN(t), name), CheckpointSchema: schema}
		report, err := Init(within(t), config)
		if err != nil || !report.SchemaCreated || !report.TableCreated || report.Database != name || !strings.Contains(report.String(), "created the schema") {
			t.Errorf("%s, first: got %+v and error %v, want schema and table created", schema, report, err)
		}
		_, grants, _ := strings.Cut(report.String(), "needs:\n")
		if strings.Count(grants, "GRANT ") != 3 {
			t.Errorf("%s: got the grants %q, want three", schema, grants)
		}
		check.Must(t, check.Error(connect(t, config.Connection).Exec(within(t), grants, pgx.QueryExecModeSimpleProtocol)))
		report, err = Init(within(t), config)
		if err != nil || report.SchemaCreated || report.TableCreated || !strings.Contains(report.String(), "nothing was changed") {
			t.Errorf("%s, again: got %+v and error %v, want nothing created", schema, report, err)
		}
		// The role that the grants are for needs no more than these.
		checkpoints, err := open(t, Config{Connection: withDatabase(appDSN(t), name), CheckpointSchema: schema}).Checkpoints()
		check.Must(t, err)
		for _, position := range []feed.Position{6, 7} {
			check.OK(t, checkpoints.Save(within(t), checkpointKey, position))
		}
		if pos, ok, err := checkpoints.Load(within(t), checkpointKey); pos != 7 || !ok || err != nil {
			t.Errorf("got %d, %t and error %v, want 7", pos, ok, err)
		}
		for _, body := range []string{"1", "2"} {
			check.OK(t, checkpoints.PutNote(within(t), "G", "kind", "name", []byte(body)))
		}
		check.OK(t, checkpoints.DropNote(within(t), "G", "kind", "name"))
	}
}

func TestInitInAnExistingSchema(t *testing.T) {
	t.Parallel()
	config := Config{Connection: withDatabase(adminDSN(t), freshDatabase(t)), CheckpointSchema: "public"}
	report, err := Init(within(t), config)
	if err != nil || report.SchemaCreated || !report.TableCreated || !strings.Contains(report.String(), "created the tables") {
		t.Errorf("got %+v and error %v, want a table created", report, err)
	}
}

func TestInitSeveralAtOnce(t *testing.T) {
	t.Parallel()
	config := Config{Connection: withDatabase(adminDSN(t), freshDatabase(t)), CheckpointSchema: "checkpoints"}
	var created sync.Map
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			report, err := Init(within(t), config)
			check.OKf(t, err, "init %d", i)
			if report.TableCreated {
				created.Store(i, true)
			}
		})
	}
	all.Wait()
	count := 0
	created.Range(func(any, any) bool { count++; return true })
	check.Equal(t, "that created the table", 1, count)
}

func TestInitSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	name := freshDatabase(t)
	admin := connect(t, withDatabase(adminDSN(t), name))
	mustExec(t, admin, `CREATE SCHEMA taken; CREATE TABLE taken.propulsion_checkpoint (stream text, position bigint); CREATE SCHEMA shut;
		CREATE SCHEMA keyless; CREATE TABLE keyless.propulsion_checkpoint (source text, tranche text, consumer_group text, position bigint)`)
	app := withDatabase(appDSN(t), name)
	for schema, want := range map[string]struct {
		problem Problem
		text    string
	}{
		"fresh":   {MissingPrivilege, "CREATE on the database"}, // the application may not create a schema
		"shut":    {MissingPrivilege, "its schema"},
		"taken":   {ForeignTable, "source text"},
		"keyless": {ForeignTable, "primary key"},
		"a b":     {BadCheckpointSchema, "a b"},
		"":        {BadCheckpointSchema, "configured"},
	} {
		_, err := Init(within(t), Config{Connection: app, CheckpointSchema: schema})
		checkSetupError(t, err, want.problem, ForCheckpoints, want.text)
	}
}

func TestCheckpointsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := open(t, Config{}).Checkpoints()
	checkSetupError(t, err, BadCheckpointSchema, ForCheckpoints, "none is configured")
	name := freshDatabase(t)
	check.Must(t, check.Error(Init(within(t), Config{Connection: withDatabase(adminDSN(t), name), CheckpointSchema: "ungranted"})))
	for schema, want := range map[string]string{"missing": "reactor init mdb", "ungranted": "INSERT and UPDATE"} {
		db := open(t, Config{Connection: withDatabase(appDSN(t), name), CheckpointSchema: schema})
		checkpoints, err := db.Checkpoints()
		check.Must(t, err)
		if _, _, err := checkpoints.Load(within(t), checkpointKey); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("load from %s: got error %v, want %q in it", schema, err, want)
		}
		check.Fails(t, checkpoints.Save(within(t), checkpointKey, 1), want)
	}
}
