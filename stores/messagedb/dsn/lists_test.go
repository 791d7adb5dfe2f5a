package dsn

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What becomes of a key.
const (
	honoured = "honoured" // it has its effect
	ignored  = "ignored"  // Ignored says that it has none
	refused  = "refused"  // the error says that it is not supported here, and what to do
)

// libpqKeys are all of libpq's keywords up to PostgreSQL 18, those that it only
// takes for the sake of old programs among them, each with a value.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
func libpqKeys() map[string][2]string {
	return map[string][2]string{
		"host":                      {"db", honoured},
		"hostaddr":                  {"192.0.2.1", honoured},
		"port":                      {"5433", honoured},
		"dbname":                    {"ms", honoured},
		"user":                      {"app", honoured},
		"password":                  {"x", honoured},
		"passfile":                  {"/no/such/file", honoured},
		"require_auth":              {"scram-sha-256,md5", honoured},
		"channel_binding":           {"require", honoured},
		"connect_timeout":           {"3", honoured},
		"client_encoding":           {"auto", honoured},
		"options":                   {"-cgeqo=off", honoured},
		"application_name":          {"x", honoured},
		"fallback_application_name": {"x", ignored},
		"keepalives":                {"0", honoured},
		"keepalives_idle":           {"1", honoured},
		"keepalives_interval":       {"1", honoured},
		"keepalives_count":          {"1", honoured},
		"tcp_user_timeout":          {"1", honoured},
		"replication":               {"database", refused},
		"gssencmode":                {"require", refused},
		"sslmode":                   {"require", honoured},
		"requiressl":                {"1", honoured},
		"sslnegotiation":            {"direct", honoured},
		"sslcompression":            {"1", ignored},
		"sslcert":                   {"c", honoured},
		"sslkey":                    {"k", honoured},
		"sslkeylogfile":             {"f", refused},
		"sslpassword":               {"x", honoured},
		"sslcertmode":               {"require", honoured},
		"sslrootcert":               {"r", honoured},
		"sslcrl":                    {"f", refused},
		"sslcrldir":                 {"d", refused},
		"sslsni":                    {"0", honoured},
		"requirepeer":               {"postgres", refused},
		"ssl_min_protocol_version":  {"TLSv1.3", honoured},
		"ssl_max_protocol_version":  {"TLSv1.3", honoured},
		"min_protocol_version":      {"3.2", honoured},
		"max_protocol_version":      {"latest", honoured},
		"krbsrvname":                {"postgres", honoured},
		"gsslib":                    {"gssapi", ignored},
		"gssdelegation":             {"1", refused},
		"scram_client_key":          {"x", refused},
		"scram_server_key":          {"x", refused},
		"service":                   {"s", honoured},
		"servicefile":               {"f", honoured},
		"target_session_attrs":      {"read-write", honoured},
		"load_balance_hosts":        {"random", honoured},
		"oauth_issuer":              {"i", refused},
		"oauth_client_id":           {"i", refused},
		"oauth_client_secret":       {"x", refused},
		"oauth_scope":               {"s", refused},
		"tty":                       {"t", ignored},
		"authtype":                  {"t", ignored},
	}
}

// npgsqlKeys are all keys of Npgsql up to version 10, with their synonyms, and
// those that older ones had.
// https://www.npgsql.org/doc/connection-string-parameters.html
func npgsqlKeys() map[string][2]string {
	keys := map[string][2]string{
		"Host":                         {"db", honoured},
		"Server":                       {"db", honoured},
		"Port":                         {"5433", honoured},
		"Database":                     {"ms", honoured},
		"DB":                           {"ms", honoured},
		"Username":                     {"app", honoured},
		"User Name":                    {"app", honoured},
		"UserId":                       {"app", honoured},
		"User Id":                      {"app", honoured},
		"UID":                          {"app", honoured},
		"Password":                     {"x", honoured},
		"PSW":                          {"x", honoured},
		"PWD":                          {"x", honoured},
		"Passfile":                     {"/no/such/file", honoured},
		"Application Name":             {"x", honoured},
		"Client Encoding":              {"UTF8", honoured},
		"Encoding":                     {"UTF8", honoured},
		"Timezone":                     {"UTC", honoured},
		"SSL Mode":                     {"Require", honoured},
		"SSL Negotiation":              {"Direct", honoured},
		"GSS Encryption Mode":          {"Require", refused},
		"SSL Certificate":              {"c", honoured},
		"SSL Key":                      {"k", honoured},
		"SSL Password":                 {"x", honoured},
		"Root Certificate":             {"r", honoured},
		"Check Certificate Revocation": {"true", refused},
		"Kerberos Service Name":        {"postgres", honoured},
		"Krbsrvname":                   {"postgres", honoured},
		"Channel Binding":              {"Require", honoured},
		"Require Auth":                 {"ScramSHA256, MD5", honoured},
		"Maximum Pool Size":            {"3", honoured},
		"Timeout":                      {"3", honoured},
		"Target Session Attributes":    {"ReadWrite", honoured},
		"Load Balance Hosts":           {"true", honoured},
		"Keepalive":                    {"3", honoured},
		"TCP Keepalive Time":           {"3", honoured},
		"TCP Keepalive Interval":       {"3", honoured},
		"Replication Mode":             {"Logical", refused},
		"Options":                      {"-c geqo=off", honoured},
		"Client Certificate":           {"c", honoured},
		"Client Certificate Key":       {"k", honoured},
		"Integrated Security":          {"true", refused},
		"SSL":                          {"true", honoured},
	}
	for _, key := range []string{
		"Enlist", "Search Path", "Include Realm", "Persist Security Info", "Log Parameters", "Include Error Detail", "Include Failed Batched Command",
		"Pooling", "Minimum Pool Size", "Connection Idle Lifetime", "Connection Pruning Interval", "Connection Lifetime", "Load Balance Timeout",
		"Command Timeout", "Cancellation Timeout", "Host Recheck Seconds", "TCP Keepalive", "Read Buffer Size", "Write Buffer Size",
		"Socket Receive Buffer Size", "Socket Send Buffer Size", "Max Auto Prepare", "Auto Prepare Min Usages", "No Reset On Close",
		"Array Nullability Mode", "Load Table Composites", "Server Compatibility Mode", "Trust Server Certificate", "Internal Command Timeout",
		"Multiplexing", "Write Coalescing Buffer Threshold Bytes",
		"Write Coalescing Delay Us", "Use SSL Stream", "Use Perf Counters", "Backend Timeouts", "Continuous Processing", "Convert Infinity DateTime",
		"Entity Template Database", "Entity Admin Database", "EF Template Database", "EF Admin Database", "Buffer Size",
	} {
		keys[key] = [2]string{"1", ignored}
	}
	return keys
}

func TestEveryKeyOfTheTwoListsIsKnown(t *testing.T) {
	t.Parallel()
	meets := func(name, text, fate string) {
		t.Helper()
		without, _ := Parse("host=other")
		got, err := Parse(text)
		switch fate {
		case refused:
			if err == nil || !strings.Contains(err.Error(), "not supported here: ") {
				t.Errorf("%s: got error %v, want that it is not supported here, and what to do", name, err)
			}
		case ignored:
			if err != nil || len(got.Ignored()) != 1 {
				t.Errorf("%s: got %v and error %v, want it to be said that it has no effect", name, got.Ignored(), err)
			}
		case honoured:
			if err != nil || len(got.Ignored()) > 0 || reflect.DeepEqual(got, without) {
				t.Errorf("%s: got error %v and %v without an effect, want it honoured", name, err, got.Ignored())
			}
		}
	}
	for key, as := range libpqKeys() {
		meets(key, "host=other "+key+"="+as[0], as[1])
		meets(key+" in a URL", "postgres://other/?"+key+"="+strings.ReplaceAll(as[0], "=", "%3D"), as[1])
	}
	for key, as := range npgsqlKeys() {
		meets(key, "Host=other;"+key+"="+as[0], as[1])
		meets(key+" without blanks", "Host=other;"+strings.ToLower(strings.ReplaceAll(key, " ", ""))+"="+as[0], as[1])
	}
}

func TestWhatIsOffByDefaultMayBeSaid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"host=db gssencmode=prefer gssdelegation=0 replication=false",
		"Host=db;GSS Encryption Mode=Prefer;Check Certificate Revocation=false;Replication Mode=Off;Integrated Security=false",
	} {
		if got, err := Parse(text); err != nil || len(got.Ignored()) < 3 {
			t.Errorf("%q: got error %v and %v, want none and that they have no effect", text, err, got.Ignored())
		}
	}
}

// Keys and schemes that were made for another library are named with what to do.
func TestWhatOthersWriteIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"postgres://app:x@db/ms?pgbouncer=true":                                     {`"pgbouncer" (parameter 1 after the ?)`, "Prisma", "leave it out"},
		"postgres://app:x@db/ms?sslmode=require&connection_limit=5":                 {`"connection_limit" (parameter 2`, "pool_max_conns"},
		"postgres://app:x@db/ms?schema=public":                                      {`"schema"`, "message_store"},
		"postgres://app:x@db/ms?currentSchema=public":                               {`"currentSchema"`, "message_store"},
		"postgres://app:x@db/ms?ApplicationName=x":                                  {`"ApplicationName"`, "application_name"},
		"postgres://app:x@db/ms?default_query_exec_mode=exec":                       {`"default_query_exec_mode"`, "pgx"},
		"postgres://app:x@db/ms?sslmode=no-verify":                                  {"sslmode", "node-postgres", "require"},
		"postgres://app:x@db/ms?uselibpqcompat=true":                                {`"uselibpqcompat"`, "leave it out"},
		"postgres://app:x@db/ms?frobnicate=1":                                       {"parameter 1 after the ?", "%26"},
		"postgres://app@db/ms?applikation_name=1":                                   {`"applikation_name"`, "is application_name meant?"},
		"Host=db;Password=x;Connect Timeout=3":                                      {`"Connect Timeout" (part 3)`, "Timeout"},
		"Data Source=db;Password=x":                                                 {`"Data Source" (part 1)`, "Host"},
		"Host=db;Password=x;Initial Catalog=ms":                                     {`"Initial Catalog"`, "Database"},
		"Host=db;Pass=x":                                                            {`"Pass"`, "Password"},
		"postgresql+psycopg://app:x@db/ms":                                          {"follows the +", "leave it out"},
		"postgresql+asyncpg://app:x@db/ms":                                          {"follows the +", "leave it out"},
		"postgres+ssl://app:x@db/ms":                                                {"+ssl", "sslmode=require"},
		"jdbc:postgresql://db/ms?user=app&password=x":                               {`"jdbc"`, "leave out jdbc:"},
		"mysql://app:x@db/ms":                                                       {`"mysql"`, "PostgreSQL"},
		"postgres:/app:x@db/ms":                                                     {"two slashes"},
		"postgres:app:x@db/ms":                                                      {"two slashes"},
		"postgres//app:x@db/ms":                                                     {"two slashes"},
		`"postgres://app:x@db/ms"`:                                                  {"quotation mark"},
		"psql postgres://app:x@db/ms":                                               {"stands before"},
		"MDB_CONNECTION_STRING=postgres://app:x@db/ms":                              {"stands before"},
		"postgres://app:x@/ms":                                                      {"no host"},
		"postgres://:5432/ms":                                                       {"no host"},
		"postgres://app:x@a,b:99999/ms":                                             {"host 2", "65535"},
		"postgres://app:x@[::1/ms":                                                  {"host 1", "square bracket"},
		"postgres://app:x%zz@db/ms":                                                 {"the password has a %"},
		"postgres://a%zz:x@db/ms":                                                   {"the user has a %"},
		"postgres://app:x@d%zz/ms":                                                  {"the host has a %"},
		"postgres://app:x@db/m%zz":                                                  {"the name of the database has a %"},
		"postgres://app:x@db/ms?a=b&c=%zz":                                          {"parameter 2 after the ? has a %"},
		"postgres://app:x@db/ms?user=app&sslmode":                                   {"parameter 2 after the ?"},
		"postgres://app:x\ny@db/ms":                                                 {"in the password", "percent-encoded"},
		"postgres://app:x@db/m\ns":                                                  {"in the name of the database"},
		"host=db hostaddr=other":                                                    {"hostaddr", "192.0.2.1"},
		"host=a,b hostaddr=192.0.2.1":                                               {"1 addresses", "2 hosts"},
		"host=a,b,c port=1,2":                                                       {"2 ports for 3 hosts"},
		"host=db require_auth=kerberos":                                             {"require_auth", "scram-sha-256"},
		"host=db require_auth=!md5,gss":                                             {"require_auth", "before some"},
		"host=db ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2": {"is above"},
		"Host=db\nUsername=app":                                                     {`"Host"`, "is host meant?"},
	} {
		_, err := Parse(text)
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q: got error %v, want %q in it", text, err, part)
			}
		}
	}
}

// Every key of the two lists that means something else elsewhere is still ours.
func TestNoKnownKeyIsTakenForAForeignOne(t *testing.T) {
	t.Parallel()
	for name := range foreignKeys() {
		if name != plainName(name) {
			t.Errorf("%q is never found: it has to be written as %q", name, plainName(name))
		}
	}
	for key := range libpqRules() {
		if meant := nearestKey(key, libpqRules()); meant != key {
			t.Errorf("nearest to %s is %s", key, meant)
		}
	}
	if got := nearestKey("Databse", npgsqlRules()); got != "database" {
		t.Errorf("nearest to Databse is %q, want database", got)
	}
	if got := nearestKey("S3CRET", libpqRules()); got != "" {
		t.Errorf("nearest to S3CRET is %q, want nothing", got)
	}
	if slices.Contains([]string{"", "x"}, foreignKeys()["pgbouncer"]) {
		t.Error("pgbouncer has no advice")
	}
}
