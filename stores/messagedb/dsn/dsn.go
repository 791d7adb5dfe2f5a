package dsn

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Settings is what a connection string says. It holds passwords and prints
// none. The zero value says nothing.
type Settings struct {
	params      map[string]string // libpq keyword to value, without the secrets
	numbers     map[string]int    // what the driver is not told: see the constants below
	password    string            // empty: from the environment or a password file
	sslPassword string            // of the client certificate's key
}

// String says nothing, since settings may be printed by accident.
func (s Settings) String() string { return "the settings of a connection" }

// MaxConns is the size of a pool that the connection string asks for, from 1 to
// [LargestPool], or 0 if it does not say.
func (s Settings) MaxConns() int { return s.numbers[toMaxConns] }

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
	toNothing     = ""            // known, and without a meaning here
	toPassword    = "password"    // kept apart
	toSSLPassword = "sslpassword" // kept apart
	toHosts       = "hosts"       // Npgsql's list of host and host:port

	// The numbers.
	toMaxConns          = "pool_max_conns"      // the size of a pool
	toKeepAlives        = "keepalives"          // 0: TCP does not keep connections alive
	toKeepAliveIdle     = "keepalives_idle"     // in seconds; 0: the default
	toKeepAliveInterval = "keepalives_interval" // in seconds; 0: the default
	toKeepAliveCount    = "keepalives_count"    // 0: the default
)

// LargestPool is the largest size of a pool that can be asked for. It is far
// more than a server takes, so that a slip is noticed.
const LargestPool = 10_000

var (
	errEmpty       = errors.New("it is empty")
	errNeitherForm = errors.New("it is neither Npgsql's form (Host=…;Username=…), nor a postgres:// URL, nor libpq's key=value form")
)

// Parse reads a connection string in any of the three forms. An error says what
// is wrong with it, and may be shown.
func Parse(text string) (Settings, error) {
	if strings.TrimSpace(text) == "" {
		return Settings{}, errEmpty
	}
	if strings.ContainsRune(text, 0) {
		return Settings{}, errors.New("it holds a NUL character")
	}
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			pairs, err := splitURL(rest)
			if err != nil {
				return Settings{}, err
			}
			return collect(pairs, libpqRules(), strings.TrimSpace)
		}
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok && !strings.Contains(scheme, "=") {
		return Settings{}, errors.New("its scheme is neither postgres:// nor postgresql://")
	}
	if !strings.Contains(text, "=") {
		return Settings{}, errNeitherForm
	}
	return parseKeyed(text)
}

var errAnotherKey = errors.New("a value without quotes goes on with another key; Npgsql's form separates pairs by a semicolon, and a value with a space and an equals sign in it has to be quoted")

// parseKeyed tells Npgsql's form from libpq's, which share keys and look alike
// with a single one. The text is Npgsql's if all of it makes sense that way.
// "host=a user=b" does too, with a strange host: a value that goes on with a
// space and a key speaks for libpq. The other way round "host=a;Password=b" makes
// sense as libpq's, with a host that would be shown: a semicolon speaks for
// Npgsql, but in a password.
func parseKeyed(text string) (Settings, error) {
	fromNpgsql, npgsqlErr := parseNpgsql(text)
	if npgsqlErr == nil {
		return fromNpgsql, nil
	}
	fromLibpq, libpqErr := parseKeyValue(text)
	switch {
	case libpqErr == nil:
		return fromLibpq, nil
	case strings.Contains(text, ";"):
		return Settings{}, npgsqlErr
	}
	return Settings{}, libpqErr
}

func parseNpgsql(text string) (Settings, error) {
	pairs, err := splitNpgsql(text)
	if err != nil {
		return Settings{}, err
	}
	rules := npgsqlRules()
	for _, p := range pairs {
		pattern := anyKey
		if to := rules[npgsqlKey(p.key)].to; to == toPassword || to == "options" {
			pattern = sharedKey // these may well have an equals sign in them
		}
		if p.bare && pattern.MatchString(p.value) {
			return Settings{}, errAnotherKey
		}
	}
	return collect(pairs, rules, npgsqlKey)
}

var (
	anyKey    = regexp.MustCompile(`\s\w+\s*=`)
	sharedKey = regexp.MustCompile(`(?i)\s(host|port|user|username|dbname|database|sslmode|application_name|options)\s*=`)

	semicolon  = regexp.MustCompile(`;`)
	npgsqlNext = regexp.MustCompile(`(?i);(host|server|port|username|userid|user|database|password)=`)
)

var errSemicolon = errors.New("a value without quotes has a semicolon in it, which separates pairs in Npgsql's form; libpq's form separates them by a space")

func parseKeyValue(text string) (Settings, error) {
	pairs, err := splitKeyValue(text)
	if err != nil {
		return Settings{}, err
	}
	for _, p := range pairs {
		pattern := semicolon
		if p.key == "password" || p.key == "sslpassword" {
			pattern = npgsqlNext
		}
		if p.bare && pattern.MatchString(p.value) {
			return Settings{}, errSemicolon
		}
	}
	return collect(pairs, libpqRules(), strings.TrimSpace)
}

// collect applies the rules to what was written. The last of equal keys wins,
// and an empty value counts as not said.
func collect(pairs []setting, rules map[string]rule, normal func(string) string) (Settings, error) {
	s := Settings{params: map[string]string{}, numbers: map[string]int{}}
	hosts, secretBefore := "", false
	for i, p := range pairs {
		r, known := rules[normal(p.key)]
		if !known {
			return Settings{}, unknownKey(i, p.key, secretBefore)
		}
		if p.value == "" && r.to != toPassword {
			continue
		}
		if r.value != nil {
			value, err := r.value(p.value)
			if err != nil {
				return Settings{}, fmt.Errorf("the value of %s %w", normal(p.key), err)
			}
			p.value = value
		}
		switch r.to {
		case toNothing:
		case toPassword:
			s.password, secretBefore = p.value, true
		case toSSLPassword:
			s.sslPassword, secretBefore = p.value, true
		case toMaxConns, toKeepAlives, toKeepAliveIdle, toKeepAliveInterval, toKeepAliveCount:
			s.numbers[r.to], _ = strconv.Atoi(p.value) // the rule made sure of it
		case toHosts:
			hosts = p.value
		default:
			s.params[r.to] = p.value
		}
	}
	if hosts != "" {
		host, port := splitHosts(hosts, s.params["port"])
		s.params["host"] = host
		if port != "" {
			s.params["port"] = port
		}
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
