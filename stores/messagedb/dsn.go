package messagedb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A connection string is read here, into settings named as libpq names them,
// and only then handed to the driver. The driver never sees a password as
// text: its errors repeat the text that it was given and can only guess which
// part of a malformed one was the secret. For the same reason no error in
// these files repeats a value, nor a key that might be a piece of a password.

// settings is what a connection string says.
type settings struct {
	params      map[string]string // libpq keyword to value, without the secrets
	password    string            // empty: from the environment or a password file
	sslPassword string            // of the client certificate's key
	maxConns    int               // 0: not said
}

// setting is one key and its value as they were written.
type setting struct {
	key, value string
	bare       bool // the value was written without quotes
}

// rule says what becomes of a key.
type rule struct {
	to    string                       // a libpq keyword, or one of the names below
	value func(string) (string, error) // nil: the value stays as it is
}

const (
	toNothing     = ""               // known, and without a meaning here
	toPassword    = "password"       // kept apart
	toSSLPassword = "sslpassword"    // kept apart
	toMaxConns    = "pool_max_conns" // the size of our pool
	toHosts       = "hosts"          // Npgsql's list of host and host:port
)

var (
	errEmptyConnection = errors.New("it is empty")
	errNeitherForm     = errors.New("it is neither Npgsql's form (Host=…;Username=…), nor a postgres:// URL, nor libpq's key=value form")
)

// parseConnection reads a connection string in any of the three forms.
func parseConnection(text string) (settings, error) {
	if strings.TrimSpace(text) == "" {
		return settings{}, errEmptyConnection
	}
	if strings.ContainsRune(text, 0) {
		return settings{}, errors.New("it holds a NUL character")
	}
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			pairs, err := splitURL(rest)
			if err != nil {
				return settings{}, err
			}
			return collect(pairs, libpqRules(), strings.TrimSpace)
		}
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok && !strings.Contains(scheme, "=") {
		return settings{}, errors.New("its scheme is neither postgres:// nor postgresql://")
	}
	if !strings.Contains(text, "=") {
		return settings{}, errNeitherForm
	}
	return parseKeyed(text)
}

var errAnotherKey = errors.New("a value without quotes goes on with another key; Npgsql's form separates pairs by a semicolon, and a value with a space and an equals sign in it has to be quoted")

// parseKeyed tells Npgsql's form from libpq's, which share keys and look alike
// with a single one. The text is Npgsql's if all of it makes sense that way.
// "host=a user=b" does too, with a strange host: a value that goes on with a
// space and a key speaks for libpq.
func parseKeyed(text string) (settings, error) {
	fromNpgsql, npgsqlErr := parseNpgsql(text)
	if npgsqlErr == nil {
		return fromNpgsql, nil
	}
	fromLibpq, libpqErr := parseKeyValue(text)
	switch {
	case libpqErr == nil:
		return fromLibpq, nil
	case strings.Contains(text, ";"):
		return settings{}, npgsqlErr
	}
	return settings{}, libpqErr
}

func parseNpgsql(text string) (settings, error) {
	pairs, err := splitNpgsql(text)
	if err != nil {
		return settings{}, err
	}
	rules := npgsqlRules()
	for _, p := range pairs {
		pattern := anyKey
		if to := rules[npgsqlKey(p.key)].to; to == toPassword || to == "options" {
			pattern = sharedKey // these may well have an equals sign in them
		}
		if p.bare && pattern.MatchString(p.value) {
			return settings{}, errAnotherKey
		}
	}
	return collect(pairs, rules, npgsqlKey)
}

var (
	anyKey    = regexp.MustCompile(`\s\w+\s*=`)
	sharedKey = regexp.MustCompile(`(?i)\s(host|port|user|username|dbname|database|sslmode|application_name|options)\s*=`)
)

func parseKeyValue(text string) (settings, error) {
	pairs, err := splitKeyValue(text)
	if err != nil {
		return settings{}, err
	}
	return collect(pairs, libpqRules(), strings.TrimSpace)
}

// collect applies the rules to what was written. The last of equal keys wins,
// and an empty value counts as not said.
func collect(pairs []setting, rules map[string]rule, normal func(string) string) (settings, error) {
	s := settings{params: map[string]string{}}
	hosts, secretBefore := "", false
	for i, p := range pairs {
		r, known := rules[normal(p.key)]
		if !known {
			return settings{}, unknownKey(i, p.key, secretBefore)
		}
		if p.value == "" && r.to != toPassword {
			continue
		}
		if r.value != nil {
			value, err := r.value(p.value)
			if err != nil {
				return settings{}, fmt.Errorf("the value of %s %w", normal(p.key), err)
			}
			p.value = value
		}
		switch r.to {
		case toNothing:
		case toPassword:
			s.password, secretBefore = p.value, true
		case toSSLPassword:
			s.sslPassword, secretBefore = p.value, true
		case toMaxConns:
			s.maxConns, _ = strconv.Atoi(p.value) // the rule made sure of it
		case toHosts:
			hosts = p.value
		default:
			s.params[r.to] = p.value
		}
	}
	if hosts != "" {
		s.params["host"], s.params["port"] = splitHosts(hosts, s.params["port"])
	}
	return s, nil
}

var plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z _]{0,39}$`)

// unknownKey names the key only where it cannot be part of a password: one
// with the separator in it and without quotes goes on as the next "key".
func unknownKey(index int, key string, secretBefore bool) error {
	switch {
	case secretBefore:
		return fmt.Errorf("part %d, which comes after the password, has a key that is not known here; a password with a separator in it has to be quoted", index+1)
	case !plainKey.MatchString(key) || strings.Contains(strings.ToLower(key), "pass") || strings.Contains(strings.ToLower(key), "pwd"):
		return fmt.Errorf("part %d has a key that is not known here", index+1)
	}
	return fmt.Errorf("the key %q is not known here", key)
}

// connConfig turns the settings into the driver's configuration. An error may
// be shown: the driver was given no secret to repeat.
func (s settings) connConfig() (*pgx.ConnConfig, error) {
	var text strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	for key, value := range s.params {
		if value != "" {
			fmt.Fprintf(&text, "%s='%s' ", key, escape.Replace(value))
		}
	}
	options := pgx.ParseConfigOptions{}
	if s.sslPassword != "" {
		options.GetSSLPassword = func(context.Context) string { return s.sslPassword }
	}
	config, err := pgx.ParseConfigWithOptions(text.String(), options)
	if err != nil {
		return nil, reasonOf(err)
	}
	if s.password != "" {
		config.Password = s.password
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = defaultConnectTimeout
	}
	return config, nil
}

// reasonOf says why the driver refused the settings, without repeating any.
func reasonOf(err error) error {
	var file *fs.PathError
	switch text := err.Error(); {
	case errors.As(err, &file):
		return fmt.Errorf("a file that its TLS settings name (sslrootcert, sslcert, sslkey) cannot be read: %w", file.Err)
	case strings.Contains(text, "TLS"), strings.Contains(text, "ssl"):
		return errors.New("its TLS settings (sslmode, sslrootcert, sslcert, sslkey, sslpassword) do not fit together")
	case strings.Contains(text, "service"):
		return errors.New("the service that it names is not in the service file")
	case strings.Contains(text, "port numbers"):
		return errors.New("it has neither one port for all hosts nor one for each")
	case strings.Contains(text, "target_session_attrs"):
		return errors.New("target_session_attrs must be any, primary, standby, prefer-standby, read-write or read-only")
	}
	return errors.New("it, or a PG… variable of the environment, has a value that the driver does not accept")
}

// Values that more than one form shares.

const longestTimeout = 24 * 60 * 60 // in seconds

func anInteger(lowest, highest int) func(string) (string, error) {
	return func(value string) (string, error) {
		if n, err := strconv.Atoi(value); err != nil || n < lowest || n > highest {
			return "", fmt.Errorf("must be a whole number from %d to %d", lowest, highest)
		}
		return value, nil
	}
}

func aPort(value string) (string, error) {
	for port := range strings.SplitSeq(value, ",") {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", errors.New("must be a port from 1 to 65535")
		}
	}
	return value, nil
}

func utf8Only(value string) (string, error) {
	switch strings.ToLower(strings.ReplaceAll(value, "-", "")) {
	case "utf8", "unicode":
		return "UTF8", nil
	}
	return "", errors.New("must be UTF8: events are JSON")
}

// oneOf accepts a word in any case and gives the driver's spelling of it.
func oneOf(spelling map[string]string) func(string) (string, error) {
	return func(value string) (string, error) {
		if to, ok := spelling[strings.ToLower(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(value))]; ok {
			return to, nil
		}
		words := make([]string, 0, len(spelling))
		for _, to := range spelling {
			words = append(words, to)
		}
		slices.Sort(words)
		return "", fmt.Errorf("must be one of %s", strings.Join(slices.Compact(words), ", "))
	}
}
