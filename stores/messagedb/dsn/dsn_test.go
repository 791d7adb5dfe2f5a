package dsn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/internal/check"
)

// said is what a test expects of a connection string.
type said struct {
	Host, User, Password, Database string
	Port                           uint16
}

func TestConnectionStrings(t *testing.T) {
	// The environment of the machine must not answer for the text.
	for _, name := range []string{"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE", "PGPASSFILE", "PGSERVICE"} {
		t.Setenv(name, "")
	}
	tests := map[string]struct {
		text string
		want said
	}{
		"Npgsql":                       {"Host=db;Port=5433;Username=app;Password=pw;Database=ms", said{"db", "app", "pw", "ms", 5433}},
		"Npgsql in odd cases":          {"HOST=db; port = 5433 ;USERNAME=app;password=pw;dataBase=ms;", said{"db", "app", "pw", "ms", 5433}},
		"Npgsql's synonyms":            {"Server=db;User Id=app;Pwd=pw;DB=ms", said{"db", "app", "pw", "ms", 5432}},
		"Npgsql's other synonyms":      {"server=db;UserId=app;PSW=pw;Database=ms", said{"db", "app", "pw", "ms", 5432}},
		"Npgsql's user name":           {"Server=db;User Name=app;Password=pw", said{"db", "app", "pw", "", 5432}},
		"Npgsql's uid":                 {"Server=db;UID=app;Password=pw", said{"db", "app", "pw", "", 5432}},
		"a single quoted value":        {`Host=db;Username=app;Password='a;b=''c" '`, said{"db", "app", `a;b='c" `, "", 5432}},
		"a double quoted value":        {`Host=db;Username=app;Password="a;b=""c' ";Database=ms`, said{"db", "app", `a;b="c' `, "ms", 5432}},
		"an equals sign in a value":    {"Host=db;Username=app;Password=a=b==", said{"db", "app", "a=b==", "", 5432}},
		"a quote within a value":       {`Host=db;Username=app;Password=it's"`, said{"db", "app", `it's"`, "", 5432}},
		"the last of two wins":         {"Host=a;Host=b;Username=app", said{"b", "app", "", "", 5432}},
		"Npgsql with a host's port":    {"Host=db:5444;Username=app", said{"db", "app", "", "", 5444}},
		"the port first":               {"Port=5433;Host=db;Username=app", said{"db", "app", "", "", 5433}},
		"Npgsql with IPv6":             {"Host=::1;Username=app", said{"::1", "app", "", "", 5432}},
		"Npgsql's tuning":              {"Host=db;Username=app;Pooling=true;Maximum Pool Size=7;Include Error Detail=true;Command Timeout=30;Keepalive=5;Search Path=evil;SslMode=VerifyFull;Trust Server Certificate=true;Timeout=3;Application Name=x", said{"db", "app", "", "", 5432}},
		"libpq":                        {"host=db port=5433 user=app password=pw dbname=ms", said{"db", "app", "pw", "ms", 5433}},
		"libpq with quotes":            {`host = db user='app' password='a b;\'c\\' dbname=ms`, said{"db", "app", `a b;'c\`, "ms", 5432}},
		"libpq with a semicolon":       {"host=db password=a;b user=app", said{"db", "app", "a;b", "", 5432}},
		"libpq ending in a semicolon":  {"host=db user=app password=ab;", said{"db", "app", "ab;", "", 5432}},
		"libpq with a backslash":       {`host=db user=app password=a\ b`, said{"db", "app", "a b", "", 5432}},
		"a single pair":                {"host=db", said{Host: "db", Port: 5432}},
		"a URL":                        {"postgres://app:pw@db:5433/ms?sslmode=disable", said{"db", "app", "pw", "ms", 5433}},
		"a URL of the other scheme":    {"postgresql://app@db/ms", said{"db", "app", "", "ms", 5432}},
		"a URL with encoded parts":     {"postgres://a%40b:p%3A%2F%3F%23%40w@db/m%2Fs", said{"db", "a@b", "p:/?#@w", "m/s", 5432}},
		"a URL with IPv6":              {"postgres://app@[::1]:5433/ms", said{"::1", "app", "", "ms", 5433}},
		"a URL with all in parameters": {"postgres:///ms?host=db&user=app&password=p%26w&port=5433", said{"db", "app", "p&w", "ms", 5433}},
		"a URL with a socket":          {"postgres://app@%2Frun%2Fpg/ms", said{"/run/pg", "app", "", "ms", 5432}},
		"a URL with a colon in the pw": {"postgres://app:a:b@db/ms", said{"db", "app", "a:b", "ms", 5432}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			parsed, err := Parse(test.text)
			if err != nil {
				t.Fatalf("got error %v, want none", err)
			}
			config, err := parsed.Config()
			if err != nil {
				t.Fatalf("got error %v, want none", err)
			}
			if test.want.User == "" {
				test.want.User = config.User // the account of the operating system
			}
			got := said{config.Host, config.User, config.Password, config.Database, config.Port}
			check.Same(t, "the result", test.want, got)
			if test.want.Password != "" && strings.Contains(config.ConnString(), test.want.Password) {
				t.Error("the driver was given the password as text")
			}
			config, err = pgx.ParseConfig(parsed.URL())
			check.Mustf(t, err, "the driver does not read the URL")
			got = said{config.Host, config.User, config.Password, config.Database, config.Port}
			check.Same(t, "what the driver reads in the URL", test.want, got)
		})
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	const text = "Host=a,b:5444;Username=app;SSL Mode=VerifyFull;Timeout=3;Maximum Pool Size=7;Application Name=it's me;" +
		"Target Session Attributes=PreferStandby;Options=-c search_path=evil;Timezone=UTC;Client Encoding=UTF8"
	got, err := Parse(text)
	check.Must(t, err)
	want := Settings{numbers: map[string]int{"pool_max_conns": 7}, params: map[string]string{
		"host": "a,b", "port": ",5444", "user": "app", "sslmode": "verify-full", "connect_timeout": "3",
		"application_name": "it's me", "target_session_attrs": "prefer-standby", "options": "-c search_path=evil",
		"timezone": "UTC", "client_encoding": "UTF8",
	}}
	check.Same(t, "the result", want, got, cmp.AllowUnexported(Settings{}))
	check.Equal(t, "pool of", 7, got.MaxConns())
	config, err := got.Config()
	check.Must(t, err)
	if config.Port != 5432 || len(config.Fallbacks) != 1 || config.Fallbacks[0].Port != 5444 {
		t.Errorf("got port %d and fallbacks %v, want 5432 and one with 5444", config.Port, config.Fallbacks)
	}
}

// The URL says all that the connection string did, but for what other programs
// would not understand.
func TestURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Host=db;Port=5433;Username=app;Password=a b+c/@:;Database=ms;SSL Mode=Disable": "postgres://app:a%20b+c%2F%40%3A@db:5433/ms?sslmode=disable",
		"Host=a,b:5444;Username=app":                        "postgres://app@/?host=a%2Cb&port=%2C5444",
		"host=/run/pg user=app dbname='a@b?'":               "postgres://app@/?dbname=a%40b%3F&host=%2Frun%2Fpg",
		"Host=::1;Password=a+b":                             "postgres:///?host=%3A%3A1&password=a%2Bb",
		"host=db sslpassword='a b' sslkey=k":                "postgres://db/?sslkey=k&sslpassword=a%20b",
		"Host=db;Maximum Pool Size=7;Keepalive=5;Timeout=3": "postgres://db/?connect_timeout=3",
	} {
		parsed, err := Parse(text)
		check.Mustf(t, err, "%q", text)
		check.Equal(t, text, want, parsed.URL())
		parsed.numbers = map[string]int{}
		if again, err := Parse(parsed.URL()); err != nil || !cmp.Equal(parsed, again, cmp.AllowUnexported(Settings{})) {
			t.Errorf("%q: got error %v and other settings out of the URL", text, err)
		}
	}
}

func TestPasswordFromTheEnvironment(t *testing.T) {
	t.Setenv("PGPASSWORD", "from the environment")
	for text, want := range map[string]string{
		"Host=db;Username=app":             "from the environment",
		"Host=db;Username=app;Password=":   "from the environment",
		"Host=db;Username=app;Password=it": "it",
		"postgres://app@db":                "from the environment",
	} {
		parsed, err := Parse(text)
		check.Must(t, err)
		config, err := parsed.Config()
		check.Must(t, err)
		check.Equal(t, text+": password", want, config.Password)
	}
}

func TestMalformedConnectionStrings(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	tests := map[string]struct{ text, want string }{
		"nothing":                   {" ", "empty"},
		"no form":                   {"s3cret", "neither"},
		"an unknown key":            {"Host=db;Databse=ms;Password=s3cret", `"Databse"`},
		"an unknown key of libpq":   {"host=db databse=ms", `"databse"`},
		"an unknown key, later":     {"Host=db;Password=s3cret;Databse=ms", "part 3"},
		"a semicolon in a password": {"Host=db;Password=a;s3cret;Username=app", "quoted"},
		"a pair in a password":      {"Host=db;Password=a;s3cret=1;Username=app", "quoted"},
		"an open quote":             {"Host=db;Password='s3cret;Username=app", "not closed"},
		"text behind a quote":       {"Host=db;Password='a's3cret;Username=app", "closing quote"},
		"a slip behind libpq's key": {"host=db;Username=app;Password=s3cret;Databse=ms", "part 4"},
		"one, the password first":   {"password=s3cret;Host=db;Databse=ms", "part 3"},
		"a slip in the last key":    {"user=app;Password=s3cret;Hots=db", "part 3"},
		"a space in a password":     {"host=db password=a s3cret user=app", "quoted"},
		"an open quote of libpq":    {"host=db password='s3cret user=app", "not closed"},
		"a key that names it":       {"Host=db;Password s3cret=1;Username=app", "part 2"},
		"another scheme":            {"mysql://app:s3cret@db/ms?a=b", "scheme"},
		"a scheme of a library":     {"postgresql+asyncpg://app:s3cret@db/ms", "scheme"},
		"a slash in a password":     {"postgres://app:a/s3cret@db/ms", "percent-encoded"},
		"a question mark in one":    {"postgres://app:a?s3cret@db/ms", "percent-encoded"},
		"an at sign in one":         {"postgres://app:a@s3cret@db/ms", "percent-encoded"},
		"a percent sign in one":     {"postgres://app:s3cret%zz@db/ms", "percent-encoded"},
		"no user but a password":    {"postgres://app:s3cret/ms", "what follows the colon of host 1 is not a port"},
		"a port out of range":       {"Host=db;Port=99999", "65535"},
		"a port that is none":       {"postgres://app:s3cret@db:x/ms", "65535"},
		"a TLS mode that is none":   {"Host=db;SSL Mode=Sometimes;Password=s3cret", "verify-full"},
		"one in libpq's form":       {"host=db sslmode=sometimes password=s3cret", "verify-full"},
		"a file that is missing":    {"host=db sslmode=verify-full sslrootcert=/no/such/file password=s3cret", "no such file"},
		"a timeout that is none":    {"Host=db;Timeout=soon", "whole number"},
		"a keepalive that is none":  {"Host=db;Keepalive=soon;Password=s3cret", "whole number"},
		"one in libpq's form, too":  {"host=db keepalives_idle=-1 password=s3cret", "whole number"},
		"a pool of none":            {"Host=db;Maximum Pool Size=0", "whole number"},
		"an encoding":               {"Host=db;Client Encoding=LATIN1", "UTF8"},
		"revocation checks":         {"Host=db;Check Certificate Revocation=true", "not supported"},
		"a NUL":                     {"Host=db;Password=s3cret\x00", "NUL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := Parse(test.text)
			if err == nil {
				_, err = parsed.Config()
			}
			if err == nil {
				t.Fatal("got no error")
			}
			check.Contains(t, err.Error(), test.want)
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// The keys that the driver does not know have their effect all the same.
func TestWhatTheDriverDoesNotKnow(t *testing.T) {
	for _, name := range []string{"PGHOST", "PGPORT", "PGSSLMODE", "PGSERVICE"} {
		t.Setenv(name, "")
	}
	config := func(text string) *pgx.ConnConfig {
		t.Helper()
		parsed, err := Parse(text)
		check.Must(t, err)
		config, err := parsed.Config()
		check.Must(t, err)
		return config
	}
	c := config("host=db,other,/run/pg hostaddr=192.0.2.1,,192.0.2.3 port=1,2,3 sslmode=verify-full")
	for host, want := range map[string]string{"db": "192.0.2.1", "192.0.2.3": ""} {
		if got, _ := c.LookupFunc(canceled(t), host); len(got) > 0 && got[0] != want && want != "" || want != "" && len(got) == 0 {
			t.Errorf("hostaddr: got %v for %s, want %q", got, host, want)
		}
	}
	if c.Host != "db" || c.TLSConfig.ServerName != "db" || c.Fallbacks[0].Host != "other" || c.Fallbacks[1].Host != "192.0.2.3" {
		t.Errorf("hostaddr: got hosts %s, %s and %s, and a certificate for %s", c.Host, c.Fallbacks[0].Host, c.Fallbacks[1].Host, c.TLSConfig.ServerName)
	}
	if c := config("hostaddr=192.0.2.1,2001:db8::1 sslmode=disable"); c.Host != "192.0.2.1" || c.Fallbacks[0].Host != "2001:db8::1" {
		t.Errorf("hostaddr alone: got %s and %v", c.Host, c.Fallbacks)
	}
	parsed, err := Parse("host=db,other hostaddr=192.0.2.1, user=app")
	if want := "postgres://app@/?host=192.0.2.1%2Cother"; err != nil || parsed.URL() != want {
		t.Errorf("hostaddr: got the URL %s and error %v, want %s", parsed.URL(), err, want)
	}

	c = config("Host=db;SSL Mode=Require")
	if c.TLSConfig.MinVersion != 0 || c.TLSConfig.MaxVersion != 0 {
		t.Errorf("got TLS from %x to %x, want Go's defaults", c.TLSConfig.MinVersion, c.TLSConfig.MaxVersion)
	}
	c = config("host=a,b sslmode=require ssl_min_protocol_version=TLSv1.2 ssl_max_protocol_version=TLSv1.3")
	for _, one := range []*tls.Config{c.TLSConfig, c.Fallbacks[0].TLSConfig} {
		if one.MinVersion != tls.VersionTLS12 || one.MaxVersion != tls.VersionTLS13 {
			t.Errorf("got TLS from %x to %x, want from 1.2 to 1.3", one.MinVersion, one.MaxVersion)
		}
	}

	for _, text := range []string{"host=a,b,c port=1,2,3 sslmode=disable load_balance_hosts=random", "Host=a:1,b:2,c:3;SSL Mode=Disable;Load Balance Hosts=true"} {
		first, ports := map[string]int{}, map[string]uint16{"a": 1, "b": 2, "c": 3}
		for range 200 { // one of three is left out with a probability of 3·(2/3)²⁰⁰
			c := config(text)
			first[c.Host]++
			if c.Port != ports[c.Host] {
				t.Fatalf("%s: got port %d of host %s", text, c.Port, c.Host)
			}
		}
		if len(first) != 3 {
			t.Errorf("%s: got %v as the first hosts, want each of three", text, first)
		}
	}
	if c := config("Host=db;Require Auth=!Password, !MD5;Krbsrvname=pg"); c.RequireAuth != "!password,!md5" || c.KerberosSrvName != "pg" {
		t.Errorf("got %q and %q, want that passwords are not sent and the service pg", c.RequireAuth, c.KerberosSrvName)
	}
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// What stands around a connection string does not count; blanks of a password do.
func TestBlanksAround(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" postgres://app:pw@db/ms?sslmode=disable\n": "pw",
		"\ufeffHost=db;Password=pw;\r\n":             "pw",
		"Host=db;Password=pw \n":                     "pw",
		"Host=db;Password=' pw '\n":                  " pw ",
		"host=db password=pw\n":                      "pw",
		"host=db password=' pw '\n":                  " pw ",
		"host=db password=pw\\ \n":                   "pw ",
		"postgres://app: pw @db/ms\n":                " pw ",
		"postgres://app:%20pw%0A@db/ms\n":            " pw\n",
		"postgres://db?password=pw%20\n":             "pw ",
		"Host=db;\nUsername=app;\nPassword=pw\n":     "pw",
		"host=db\nuser=app\npassword=pw\n":           "pw",
	} {
		got, err := Parse(text)
		if err != nil || got.password != want {
			t.Errorf("%q: got password %q and error %v, want %q", text, got.password, err, want)
		}
		if mode := got.params["sslmode"]; mode != "" && mode != "disable" {
			t.Errorf("%q: got the TLS mode %q", text, mode)
		}
	}
}

// wrong are the lines of testdata/wrong.txt, with a secret in them.
func wrong(t testing.TB, secret string) []string {
	t.Helper()
	content, err := os.ReadFile("testdata/wrong.txt")
	check.Must(t, err)
	var lines []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.NewReplacer("S3CRET", secret, `\n`, "\n").Replace(line))
		}
	}
	return lines
}

// A secret in the wrong place is an error, or it is taken for the password: it
// never gets to what is shown.
func TestNothingThatIsShownTellsTheSecret(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"s3cret", "S3cr:et", "3141592653", "a b;c", "p&q=r", "h@x/y"} {
		for _, text := range wrong(t, secret) {
			if told := shown(text); strings.Contains(strings.ToLower(told), strings.ToLower(secret)) {
				t.Errorf("%q: it is shown: %s", text, told)
			}
		}
	}
}

// shown is all that can be seen of a connection string: its error, or what a
// connection that fails tells.
func shown(text string) string {
	parsed, err := Parse(text)
	if err != nil {
		return err.Error()
	}
	told := fmt.Sprintf("%v %+v %q", parsed, parsed, parsed.Ignored())
	for key, value := range parsed.params {
		told += " " + key + "=" + value
	}
	for key, value := range parsed.own {
		told += " " + key + "=" + value
	}
	config, err := parsed.Config()
	if err != nil {
		return told + err.Error()
	}
	return told + config.ConnString()
}

// marker stands in every password of the fuzz test, and may not come out.
const marker = "xQ7mARKERq7x"

func FuzzConnectionStrings(f *testing.F) {
	for _, seed := range []string{"", ";", "a;b=c", "' ", `"`, "@", "/", "?a=b&", "%", " user=x sslmode=", `\`, ";Host=", "=", "://", "[", "#", ";Port=x;", "\n"} {
		f.Add(seed, seed, "Host=db;Username=app;")
	}
	f.Fuzz(func(t *testing.T, before, after, around string) {
		password := before + marker + after
		if strings.ContainsRune(password, 0) {
			return
		}
		// Written by the rules, it is read as it is, in every form.
		quoted := map[string]string{
			"single":  "Host=db;Password='" + strings.ReplaceAll(password, "'", "''") + "';Username=app",
			"double":  `Host=db;Username=app;Password="` + strings.ReplaceAll(password, `"`, `""`) + `"`,
			"libpq":   "host=db user=app password='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password) + "'",
			"URL":     "postgres://app:" + percent(password) + "@db/ms",
			"URL, in": "postgres://app@db/ms?password=" + percent(password) + "&sslmode=disable",
		}
		for form, text := range quoted {
			parsed, err := Parse(text)
			if err != nil {
				t.Errorf("%s: got error %v, want none", form, err)
			}
			check.Equal(t, form+": password", password, parsed.password)
			again, err := Parse(parsed.URL())
			if diff := cmp.Diff(parsed, again, cmp.AllowUnexported(Settings{})); diff != "" || err != nil {
				t.Errorf("%s, as a URL: got error %v and (-want +got)\n%s", form, err, diff)
			}
			if printed := fmt.Sprintf("%v %+v %s", parsed, parsed, parsed); strings.Contains(printed, marker) {
				t.Errorf("%s: the settings print the password: %s", form, printed)
			}
		}
		// Written carelessly, it may be misread, but never repeated.
		for _, text := range []string{
			around + "Password=" + password, around + "password=" + password + ";Host=db", "Password=" + password + around,
			"host=db password=" + password + " user=app", "postgres://app:" + password + "@db/ms?sslmode=x",
			"postgres://app@db/ms?password=" + password + "&a=b", "postgres://" + password, password,
		} {
			parsed, err := Parse(text)
			if err == nil {
				_, err = parsed.Config()
			}
			if err != nil && strings.Contains(err.Error(), marker) {
				t.Errorf("%q: the error shows the password: %v", text, err)
			}
		}
	})
}

// percent encodes every byte, which is more than is needed.
func percent(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
	}
	return b.String()
}

// FuzzParse reads any text. Nothing panics, no error tells the secret, and what can
// be read the driver takes, unless a file is missing or the environment is at odds.
func FuzzParse(f *testing.F) {
	for _, seed := range wrong(f, marker) {
		f.Add(seed)
	}
	for key, as := range libpqKeys() {
		f.Add("host=db password=" + marker + " " + key + "='" + as[0] + "'")
		f.Add("postgres://app:" + marker + "@db/ms?" + key + "=" + as[0])
		f.Add("host=db " + key + "=sometimes")
	}
	for key, as := range npgsqlKeys() {
		f.Add("Host=db;Password=" + marker + ";" + key + "='" + as[0] + "'")
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text)
		if err == nil {
			_, err = parsed.Config()
		}
		files := parsed.params["sslrootcert"] + parsed.params["sslcert"] + parsed.params["sslkey"]
		if errors.Is(err, errNotAccepted) || errors.Is(err, errTLS) && files == "" {
			t.Errorf("%q: it was read, and the driver does not take it", text)
		}
		if err != nil && strings.Contains(strings.ToLower(err.Error()), strings.ToLower(marker)) { // keys are folded
			t.Errorf("%q: the error tells the secret: %v", text, err)
		}
		if err == nil {
			again, err := Parse(parsed.URL())
			if err != nil || again.password != parsed.password || again.params["user"] != parsed.params["user"] {
				t.Errorf("%q: the URL is not read as it was written: error %v", text, err)
			}
		}
	})
}
