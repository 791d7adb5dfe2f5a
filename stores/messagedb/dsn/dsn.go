package dsn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Settings is what a connection string says. It holds passwords and prints
// none. The zero value says nothing.
type Settings struct {
	params      map[string]string // libpq keyword to value, without the secrets
	numbers     map[string]int    // what the driver is not told: see the constants below
	own         map[string]string // likewise, in words
	ignored     []string          // keys that were given and have no effect
	password    string            // empty: from the environment or a password file
	sslPassword string            // of the client certificate's key
}

// String says nothing, since settings may be printed by accident.
func (s Settings) String() string { return "the settings of a connection" }

// MaxConns is the size of a pool that the connection string asks for, from 1 to
// [LargestPool], or 0 if it does not say.
func (s Settings) MaxConns() int { return s.numbers[toMaxConns] }

// Ignored are the keys that the connection string gives and that have no effect
// here, as they are usually written. It may be shown.
func (s Settings) Ignored() []string { return slices.Clone(s.ignored) }

// setting is one key and its value as they were written.
type setting struct {
	key, value string
	bare       bool // the value was written without quotes
	parameter  int  // its number after the ? of a URL; 0: it stands elsewhere
}

// rule says what becomes of a key.
type rule struct {
	to    string                       // a libpq keyword, or one of the names below
	value func(string) (string, error) // nil: the value stays as it is
	not   string                       // why the key is not supported here, and what to do; empty: it is
}

const (
	toNothing     = ""            // known, and without a meaning here
	toPassword    = "password"    // kept apart
	toSSLPassword = "sslpassword" // kept apart
	toHosts       = "hosts"       // Npgsql's list of host and host:port

	// In words.
	toHostAddr    = "hostaddr"                 // where the hosts are, one for each
	toLoadBalance = "load_balance_hosts"       // random: in any order
	toTLSMin      = "ssl_min_protocol_version" // such as TLSv1.2
	toTLSMax      = "ssl_max_protocol_version"

	// The numbers.
	toMaxConns          = "pool_max_conns"      // the size of a pool
	toKeepAlives        = "keepalives"          // 0: TCP does not keep connections alive
	toKeepAliveIdle     = "keepalives_idle"     // in seconds; 0: the default
	toKeepAliveInterval = "keepalives_interval" // in seconds; 0: the default
	toKeepAliveCount    = "keepalives_count"    // 0: the default
	toUserTimeout       = "tcp_user_timeout"    // in ms; 0: the system's
)

// LargestPool is the largest size of a pool that can be asked for. It is far
// more than a server takes, so that a slip is noticed.
const LargestPool = 10_000

var (
	errEmpty       = errors.New("it is empty")
	errNeitherForm = errors.New("it is neither Npgsql's form (Host=…;Username=…), nor a postgres:// URL, nor libpq's key=value form")
)

// Parse reads a connection string in any of the three forms. An error says what
// is wrong with it, and may be shown. Blanks and line breaks around it do not count.
func Parse(text string) (Settings, error) {
	trimmed := strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if trimmed == "" {
		return Settings{}, errEmpty
	}
	if strings.ContainsRune(text, 0) {
		return Settings{}, errors.New("it holds a NUL character")
	}
	scheme, rest, isURL := strings.Cut(trimmed, "://")
	if lower := strings.ToLower(scheme); isURL && (lower == "postgres" || lower == "postgresql") {
		if at := strings.IndexFunc(rest, unicode.IsControl); at >= 0 {
			return Settings{}, fmt.Errorf("the URL has a line break or another control character %s; in a password it has to be percent-encoded", place(rest, at))
		}
		pairs, err := splitURL(rest)
		if err != nil {
			return Settings{}, err
		}
		return collect(pairs, libpqRules(), strings.TrimSpace)
	}
	if err := badBeginning(trimmed); err != nil {
		return Settings{}, err
	}
	if isURL && !strings.ContainsAny(scheme, "=;") {
		return Settings{}, badScheme(scheme)
	}
	if !strings.Contains(trimmed, "=") {
		return Settings{}, errNeitherForm
	}
	return parseKeyed(strings.TrimPrefix(text, "\ufeff"))
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
	for i, p := range pairs {
		pattern, to := anyKey, rules[npgsqlKey(p.key)].to
		free := to == toPassword || to == toSSLPassword || to == "options" // these may well have an equals sign in them
		if free {
			pattern = sharedKey
		}
		switch {
		case !p.bare:
		case pattern.MatchString(p.value):
			return Settings{}, errAnotherKey
		case strings.ContainsAny(p.value, "\r\n"):
			return Settings{}, fmt.Errorf("the value of part %d has a line break in it; pairs are separated by a semicolon", i+1)
		case !free && strings.Contains(p.value, "="):
			return Settings{}, errEqualsSign(i)
		}
	}
	return collect(pairs, rules, npgsqlKey)
}

// errEqualsSign is about a value that goes on with another pair, most likely.
func errEqualsSign(index int) error {
	return fmt.Errorf("the value of part %d has an equals sign in it: was another key to begin there? A value with one has to be quoted", index+1)
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
	rules := libpqRules()
	for i, p := range pairs {
		pattern, to := semicolon, rules[p.key].to
		secret := to == toPassword || to == toSSLPassword
		if secret {
			pattern = npgsqlNext
		}
		switch {
		case !p.bare:
		case pattern.MatchString(p.value):
			return Settings{}, errSemicolon
		case !secret && to != "options" && strings.Contains(p.value, "="):
			return Settings{}, errEqualsSign(i)
		}
	}
	return collect(pairs, rules, strings.TrimSpace)
}

// collect applies the rules to what was written. The last of equal keys wins,
// and an empty value counts as not said.
func collect(pairs []setting, rules map[string]rule, normal func(string) string) (Settings, error) {
	s := Settings{params: map[string]string{}, numbers: map[string]int{}}
	hosts, secretBefore := "", false
	for i, p := range pairs {
		key := normal(p.key)
		r, known := rules[key]
		if !known {
			return Settings{}, unknownKey(i, p, rules, secretBefore)
		}
		if r.not != "" {
			return Settings{}, fmt.Errorf("the key %q is not supported here: %s", key, r.not)
		}
		if p.value == "" && r.to != toPassword {
			continue
		}
		if r.value != nil {
			value, err := r.value(p.value)
			if err != nil {
				return Settings{}, fmt.Errorf("the value of %s %w", key, err)
			}
			p.value = value
		}
		if err := innocent(r.to, p.value); err != nil {
			return Settings{}, fmt.Errorf("the value of %s %w", key, err)
		}
		switch r.to {
		case toNothing:
			s.ignored = append(s.ignored, key)
		case toPassword:
			s.password, secretBefore = p.value, secretBefore || p.value != ""
		case toSSLPassword:
			s.sslPassword, secretBefore = p.value, true
		case toMaxConns, toKeepAlives, toKeepAliveIdle, toKeepAliveInterval, toKeepAliveCount, toUserTimeout:
			s.numbers[r.to], _ = strconv.Atoi(p.value) // the rule made sure of it
		case toHostAddr, toLoadBalance, toTLSMin, toTLSMax:
			if s.own == nil {
				s.own = map[string]string{}
			}
			s.own[r.to] = p.value
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
	slices.Sort(s.ignored)
	s.ignored = slices.Compact(s.ignored)
	return s, s.fits()
}

// fits says whether what was said goes together.
func (s Settings) fits() error {
	hosts, addresses := strings.Count(s.params["host"], ",")+1, strings.Count(s.own[toHostAddr], ",")+1
	if s.own[toHostAddr] != "" {
		if s.params["host"] != "" && hosts != addresses {
			return fmt.Errorf("hostaddr has %d addresses, and host has %d hosts: each host needs one", addresses, hosts)
		}
		hosts = addresses
	}
	if ports := strings.Count(s.params["port"], ",") + 1; ports > 1 && ports != hosts {
		return fmt.Errorf("it has %d ports for %d hosts: give one for all, or one for each", ports, hosts)
	}
	if least, most := s.own[toTLSMin], s.own[toTLSMax]; least != "" && most != "" && least > most {
		return errors.New("ssl_min_protocol_version is above ssl_max_protocol_version")
	}
	if least, most := s.params["min_protocol_version"], s.params["max_protocol_version"]; most != "" && (least == "latest" || least == "3.2") && most == "3.0" {
		return errors.New("min_protocol_version is above max_protocol_version")
	}
	return nil
}

var (
	aPassword = regexp.MustCompile(`(?i)(pass(word|wd|phrase)?|pwd|psw)\s*[=:]`)
	inAHost   = regexp.MustCompile(`[\s/=;@?&#"'(){}<>|\\]`)
	inAPath   = regexp.MustCompile(`[=;\r\n]`)
)

// innocent says whether a value that may be shown one day, in the server's errors
// too, is free of what looks like a password. A password that was written without
// its key, or with a slip before it, often ends up in a host or a name.
func innocent(to, value string) error {
	switch to {
	case toPassword, toSSLPassword:
		return nil
	case "host", toHosts:
		for one := range strings.SplitSeq(value, ",") {
			one = strings.TrimSpace(one)
			if strings.HasPrefix(one, "/") && !inAPath.MatchString(one) {
				continue
			}
			name := one
			if host, _, err := net.SplitHostPort(one); to == toHosts && err == nil {
				name = host
			}
			if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil && strings.Contains(name, ":") {
				return errors.New("has a colon in a host that is no address: a port is a key of its own, and in Npgsql's form it may stand after one colon")
			}
			if inAHost.MatchString(one) {
				return errors.New("has a character in it that no host has, such as a blank or one of = ; @ / ?: does a value go on there that was to end before?")
			}
		}
	case "user", "dbname":
		if strings.Contains(value, "://") {
			return errors.New("holds a URL: a URL stands by itself, without keys")
		}
	}
	if aPassword.MatchString(value) {
		return errors.New("holds what looks like a password: does another key begin there?")
	}
	return nil
}

var plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z _]{0,39}$`)

// unknownKey names the key only where it cannot be part of a password: one
// with the separator in it and without quotes goes on as the next "key".
func unknownKey(index int, p setting, rules map[string]rule, secretBefore bool) error {
	place := fmt.Sprintf("part %d", index+1)
	if p.parameter > 0 {
		place = fmt.Sprintf("parameter %d after the ?", p.parameter)
	}
	lower := strings.ToLower(p.key)
	if advice, known := foreignKeys()[plainName(p.key)]; known {
		return fmt.Errorf("the key %q (%s) is not supported here: %s", strings.TrimSpace(p.key), place, advice)
	}
	meant := nearestKey(strings.TrimSpace(p.key), rules)
	switch {
	case secretBefore && p.parameter > 0:
		return fmt.Errorf("%s has a key that is not known here: leave it out; if it is a piece of a password, an & in that is written %%26", place)
	case secretBefore:
		return fmt.Errorf("%s, which comes after the password, has a key that is not known here; a password with a separator in it has to be quoted", place)
	case meant == "", !plainKey.MatchString(p.key), strings.Contains(lower, "pass"), strings.Contains(lower, "pwd"):
		return fmt.Errorf("%s has a key that is not known here", place)
	}
	return fmt.Errorf("the key %q (%s) is not known here; is %s meant?", p.key, place, meant)
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

// anySwitch accepts what the form takes for on and off.
func anySwitch(value string) (string, error) {
	switch strings.ToLower(value) {
	case "true", "on", "yes", "1", "false", "off", "no", "0":
		return value, nil
	}
	return "", errors.New("must be true or false")
}

// offOr is the value of a switch that has to be off, with what to do if it is not.
func offOr(what string) func(string) (string, error) {
	return func(value string) (string, error) {
		if _, err := mustBeOff(value); err != nil {
			return "", fmt.Errorf("is not supported here: %s", what)
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
	case "utf8", "unicode", "auto":
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
