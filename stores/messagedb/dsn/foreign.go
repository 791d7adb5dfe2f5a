package dsn

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"example.com/groupcheckout/internal/nearest"
)

// What people paste is often made for another library. Its keys and schemes are
// named with what to do about them. They are known words, so none can be a secret.

// foreignSchemes says what to do about a scheme that is not PostgreSQL's own. A
// plus sign and a driver behind the name are looked at apart.
func foreignSchemes() map[string]string {
	const write = "write postgres:// instead"
	return map[string]string{
		"jdbc":        "is JDBC's; leave out jdbc: in front, so that it begins with postgresql://",
		"postgresqls": "is not known here; write postgres:// instead, and sslmode=require after the ?",
		"pgsql":       "is that of other libraries; " + write,
		"psql":        "is that of other libraries; " + write,
		"pg":          "is that of other libraries; " + write,
		"postgis":     "is Django's; " + write,
		"cockroachdb": "is CockroachDB's; Message DB needs PostgreSQL",
		"prisma":      "is Prisma's own proxy; name the PostgreSQL server itself",
		"mysql":       "is MySQL's; Message DB needs PostgreSQL",
		"mariadb":     "is MariaDB's; Message DB needs PostgreSQL",
		"sqlserver":   "is SQL Server's; Message DB needs PostgreSQL",
		"mongodb":     "is MongoDB's; Message DB needs PostgreSQL",
		"redis":       "is Redis's; Message DB needs PostgreSQL",
		"sqlite":      "is SQLite's; Message DB needs PostgreSQL",
		"http":        "is the web's; Message DB is reached over postgres://",
		"https":       "is the web's; Message DB is reached over postgres://",
		"tcp":         "is not PostgreSQL's; " + write,
		"ssl":         "is not PostgreSQL's; write postgres:// instead, and sslmode=require after the ?",
	}
}

var errScheme = errors.New("its scheme is neither postgres:// nor postgresql://")

// badScheme says what is wrong with a scheme, which is repeated only if it is a
// known one.
func badScheme(scheme string) error {
	scheme = strings.ToLower(strings.TrimSpace(scheme))
	name, driver, plus := strings.Cut(scheme, "+")
	switch {
	case plus && (name == "postgres" || name == "postgresql"):
		if driver == "ssl" || driver == "tls" {
			return fmt.Errorf("%w; the part +%s is not known here: leave it out, and write sslmode=require after the ?", errScheme, driver)
		}
		return fmt.Errorf("%w; what follows the + names a driver of another library, such as SQLAlchemy's: leave it out", errScheme)
	case strings.HasPrefix(scheme, "jdbc:"):
		name = "jdbc"
	}
	if advice, known := foreignSchemes()[name]; known {
		return fmt.Errorf("%w; %q %s", errScheme, name, advice)
	}
	return errScheme
}

var (
	nearlyURL  = regexp.MustCompile(`(?i)^postgres(ql)?(:/?[^/]|//)`)
	commandURL = regexp.MustCompile(`(?i)^(export\s+)?[A-Z_][A-Z0-9_ .-]*[=\s]\s*["']?(postgres(ql)?://)`)
)

// badBeginning says what is wrong with what stands before a URL, if it is that.
func badBeginning(text string) error {
	switch {
	case len(text) > 1 && strings.ContainsAny(text[:1], "\"'`“‘"):
		return errors.New("it begins with a quotation mark: leave out those around the whole")
	case strings.HasPrefix(text, "<"), strings.HasPrefix(text, "{"), strings.HasPrefix(text, "$"):
		return errors.New("it begins with a bracket or a dollar sign: was something to be put in its place?")
	case nearlyURL.MatchString(text):
		return errors.New("a URL begins with postgres:// and two slashes")
	case commandURL.MatchString(text):
		return errors.New("something stands before postgres://, such as the name of a variable or of a program: leave it out")
	}
	return nil
}

const leaveOut = "leave it out"

// foreignKeys says what to do about keys of other libraries, by their names in
// small letters without blanks, underscores and dashes.
func foreignKeys() map[string]string {
	keys := map[string]string{}
	add := func(advice string, names ...string) {
		for _, name := range names {
			keys[name] = advice
		}
	}
	add("it is Prisma's; "+leaveOut, "pgbouncer", "sslaccept", "sslidentity", "statementcachesize", "sockettimeout", "relationmode")
	add("it is Prisma's; write pool_max_conns", "connectionlimit")
	add("the context of a call says how long it may wait; "+leaveOut, "pooltimeout", "querytimeout", "maxidletime", "idletimeout", "maxlifetime", "connmaxage", "maxidle", "poolrecycle", "poolpreping")
	add("the schema of Message DB is message_store, and that of the checkpoints is named beside the connection string; "+leaveOut, "schema", "currentschema")
	add("it is JDBC's; "+leaveOut, "preparethreshold", "preparedstatementcachequeries", "preparedstatementcachesizemib", "rewritebatchedinserts", "stringtype",
		"binarytransfer", "binarytransferenable", "binarytransferdisable", "defaultrowfetchsize", "loginterminator", "loglevel", "loggerlevel", "loggerfile",
		"logunclosedconnections", "assumeminserverversion", "autosave", "cleanupsavepoints", "databasemetadatacachefields", "prefersimplequery", "prefequerymode",
		"preferquerymode", "readonly", "readonlymode", "reporttypes", "escapesyntaxcallmode", "hosterecheckseconds", "gssresponsetimeout", "sslresponsetimeout",
		"cancelsignaltimeout", "maxresultbuffer", "adaptivefetch", "groupstartupparameters", "localsocketaddress", "socketfactory", "sslfactory", "sslfactoryarg",
		"sslhostnameverifier", "sslpasswordcallback", "jaasapplicationname", "jaaslogin", "kerberosservername", "usespnego", "xmlfactoryfactory", "logservererrordetail",
		"receivebuffersize", "sendbuffersize", "maxsendbuffersize", "unknownlength", "allowencodingchanges", "quotereturningidentifiers", "disablecolumnsanitiser", "protocolversion", "tcpnodelay")
	add("it is JDBC's; write connect_timeout", "logintimeout")
	add("write connect_timeout in a URL, and Timeout in Npgsql's form", "connecttimeout", "connectiontimeout", "connecttimeoutms")
	add("it is JDBC's; write target_session_attrs", "targetservertype")
	add("it is JDBC's; write application_name", "applicationname")
	add("it is JDBC's; write keepalives=1", "tcpkeepalive")
	add("it is JDBC's; write load_balance_hosts=random", "loadbalancehosts")
	add("it is JDBC's; write gssencmode", "gssencryptionmode")
	add("it is node-postgres's; "+leaveOut, "uselibpqcompat", "allowexitonidle", "sslnegotiationdirect", "binary", "max", "min")
	add("it is that of a hosting company; "+leaveOut, "workaround", "supa", "sslcapath", "ssltrust", "cluster", "supavisor")
	add("the name of a Neon endpoint is sent as options=endpoint%3D and the name", "endpoint", "project")
	add("it is SQLAlchemy's or asyncpg's; "+leaveOut, "preparedstatementcachesize", "asyncfallback", "preparedstatementnamefunc", "serversettings", "jitter", "poolsize", "maxoverflow", "commandtimeout")
	add("it is Rails's; "+leaveOut, "adapter", "pool", "encoding", "preparedstatements", "advisorylocks", "variables", "minmessages", "schemasearchpath", "timeout", "checkouttimeout", "reapingfrequency")
	add("it is pgx's; "+leaveOut, "defaultqueryexecmode", "statementcachecapacity", "descriptioncachecapacity", "poolminconns", "poolminidleconns",
		"poolmaxconnlifetime", "poolmaxconnidletime", "poolmaxconnlifetimejitter", "poolhealthcheckperiod")
	add("it is lib/pq's; "+leaveOut, "binaryparameters", "disablepreparedbinaryresult", "sslinline")
	add("it is that of another database; write Host", "datasource", "addr", "address", "networkaddress", "hostname", "servername")
	add("it is that of another database; write Database", "initialcatalog")
	add("it is that of another database; write SSL Mode in Npgsql's form, and sslmode elsewhere", "encrypt", "tls", "usessl", "ssltls", "trustedconnection", "multipleactiveresultsets", "driver", "provider", "dsn")
	add("write Password in Npgsql's form, and password elsewhere", "passwd", "pass", "pw", "userpassword")
	add("write Username in Npgsql's form, and user elsewhere", "login", "username", "userid", "uid")
	return keys
}

// plainName is a key without what people write differently.
func plainName(key string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "", "\t", "").Replace(key))
}

// nearestKey is the known key that a key was probably meant to be. It has to be nearer
// than other names, since what is given instead of a key may be a part of a secret.
func nearestKey(key string, rules map[string]rule) string {
	best, least := "", 3
	for known := range rules {
		limit := 1
		if len(known) > 5 {
			limit = 2
		}
		if d := nearest.Distance(key, known); d <= limit && (d < least || d == least && known < best) {
			best, least = known, d
		}
	}
	return best
}
