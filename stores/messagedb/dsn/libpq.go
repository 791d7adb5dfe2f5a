package dsn

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

const space = " \t\n\r\v\f"

// splitKeyValue reads libpq's "host=db user=app password='it”s \' quoted'"
// form: pairs separated by space, a value in single quotes or without, a
// backslash before anything that is meant literally.
func splitKeyValue(text string) ([]setting, error) {
	var pairs []setting
	for {
		text = strings.TrimLeft(text, space)
		if text == "" {
			return pairs, nil
		}
		part := len(pairs) + 1
		end := strings.IndexAny(text, space+"=")
		if end <= 0 {
			return nil, fmt.Errorf("part %d is not of the form key=value", part)
		}
		key := text[:end]
		text = strings.TrimLeft(text[end:], space)
		if !strings.HasPrefix(text, "=") {
			return nil, fmt.Errorf("part %d is not of the form key=value; a value with a space in it has to be quoted", part)
		}
		text = strings.TrimLeft(text[1:], space)
		quoted := strings.HasPrefix(text, "'")
		if quoted {
			text = text[1:]
		}
		value, rest, closed := takeValue(text, quoted)
		if quoted && !closed {
			return nil, fmt.Errorf("part %d has a quote that is not closed", part)
		}
		pairs, text = append(pairs, setting{key: key, value: value, bare: !quoted}), rest
	}
}

// takeValue reads up to a closing quote, or up to a space or the end.
func takeValue(text string, quoted bool) (value, rest string, closed bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			if i++; i < len(text) {
				b.WriteByte(text[i])
			}
		case quoted && c == '\'':
			return b.String(), text[i+1:], true
		case !quoted && strings.IndexByte(space, c) >= 0:
			return b.String(), text[i:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", false
}

var (
	errStrayAt  = errors.New("it has an @ where none can be; in a URL, the characters @ : / ? # of a user or password have to be percent-encoded")
	errNoHost   = errors.New("no host stands after the @ or before the port: was a variable empty? Write the host there, or host= after the ?")
	errFragment = errors.New("it has a # where none can be; in a URL, the characters @ : / ? # of a user or password have to be percent-encoded")
)

// place says where in a URL, without what stands before the slashes, a byte is.
func place(rest string, at int) string {
	authority := len(rest)
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority = end
	}
	user := strings.Index(rest[:authority], "@")
	switch {
	case at < user && strings.Contains(rest[:at], ":"):
		return "in the password"
	case at < user:
		return "in the user"
	case at < authority:
		return "in the host"
	case strings.Contains(rest[:at], "?"):
		return fmt.Sprintf("in parameter %d after the ?", strings.Count(rest[strings.Index(rest, "?"):at], "&")+1)
	}
	return "in the name of the database"
}

// splitURL reads what follows postgres://, in the order user, password, hosts,
// database, parameters.
func splitURL(rest string) ([]setting, error) {
	authority, after := rest, ""
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority, after = rest[:end], rest[end:]
	}
	path, query, _ := strings.Cut(after, "?")
	user, hosts, hasUser := strings.Cut(authority, "@")
	// A stray @ means that the parts before it are not what they seem: pieces
	// of a password have become a host, a port or a database.
	if !hasUser {
		user, hosts = "", authority
	}
	if strings.Contains(hosts, "@") || strings.Contains(path, "@") || !hasUser && strings.Contains(query, "@") {
		return nil, errStrayAt
	}
	if strings.Contains(hosts, "#") || strings.Contains(path, "#") {
		return nil, errFragment
	}
	name, password, _ := strings.Cut(user, ":")
	if strings.ContainsAny(name, "=;&") {
		return nil, errors.New("the user has one of = ; & in it: parameters stand after the ?, and elsewhere these are percent-encoded")
	}
	if strings.ContainsAny(path, "=;&") {
		return nil, errors.New("the name of the database has one of = ; & in it: the first parameter stands after a ?, and the next ones after an &")
	}
	host, port, err := splitAuthority(hosts)
	if err != nil {
		return nil, err
	}
	pairs := []setting{
		{key: "host", value: host},
		{key: "port", value: port},
		{key: "dbname", value: strings.TrimPrefix(path, "/")},
		{key: "user", value: name},
		{key: "password", value: password},
	}
	number, named := 0, host != ""
	for parameter := range strings.SplitSeq(query, "&") {
		if parameter == "" {
			continue
		}
		number++
		key, value, ok := strings.Cut(parameter, "=")
		if !ok {
			return nil, fmt.Errorf("parameter %d after the ? is not of the form key=value", number)
		}
		if key == "ssl" && value == "true" {
			key, value = "sslmode", "require"
		}
		named = named || key == "host" || key == "hostaddr" || key == "service"
		pairs = append(pairs, setting{key: key, value: value, parameter: number})
	}
	if authority != "" && !named {
		return nil, errNoHost
	}
	for i := range pairs {
		where := "the " + map[string]string{"dbname": "name of the database"}[pairs[i].key]
		if where == "the " {
			where += pairs[i].key
		}
		if n := pairs[i].parameter; n > 0 {
			where = fmt.Sprintf("parameter %d after the ?", n)
		}
		for _, text := range []*string{&pairs[i].key, &pairs[i].value} {
			if *text, err = url.PathUnescape(*text); err != nil {
				return nil, fmt.Errorf("%s has a %% that does not begin a percent-encoded character; the %% itself is percent-encoded as %%25", where)
			}
			if strings.ContainsRune(*text, 0) {
				return nil, fmt.Errorf("%s has a percent-encoded NUL in it, which PostgreSQL does not take", where)
			}
		}
	}
	return pairs, nil
}

// splitAuthority separates hosts from ports: both lists have one element per
// host, and the list of ports is empty if no host has one.
func splitAuthority(hosts string) (host, port string, err error) {
	var names, ports []string
	anyPort := false
	for one := range strings.SplitSeq(hosts, ",") {
		place := fmt.Sprintf("host %d", len(names)+1)
		badPort := fmt.Errorf("what follows the colon of %s is not a port from 1 to 65535; if it is a password, an @ and the host have to stand after it", place)
		var name, number string
		if inner, ok := strings.CutPrefix(one, "["); ok {
			name, number, ok = strings.Cut(inner, "]")
			if !ok {
				return "", "", fmt.Errorf("%s begins with a square bracket that is not closed", place)
			}
			if number != "" && !strings.HasPrefix(number, ":") {
				return "", "", badPort
			}
			number = strings.TrimPrefix(number, ":")
		} else {
			name, number, _ = strings.Cut(one, ":")
		}
		if number != "" {
			if _, err := aPort(number); err != nil {
				return "", "", badPort
			}
			anyPort = true
		}
		names, ports = append(names, name), append(ports, number)
	}
	if anyPort {
		port = strings.Join(ports, ",")
	}
	return strings.Join(names, ","), port, nil
}

const (
	noOAuth    = "nobody signs in with OAuth here; give a password or a client certificate"
	noSCRAMKey = "give the password itself, in PGPASSWORD or a password file if it is not to stand here"
	noCRL      = "revoked certificates are not looked for; leave it out, or let a proxy do it"
)

// libpqRules knows all of libpq's keywords, and the settings of the server that
// make sense here. Those that a session of Message DB has pinned, and those that
// change nothing for this driver, are accepted and have no effect. One that would
// make a connection safer, and cannot be honoured, is refused.
func libpqRules() map[string]rule {
	rules := map[string]rule{
		"dbname":          {to: "dbname"},
		"database":        {to: "dbname"},
		"port":            {to: "port", value: libpqPort},
		"hostaddr":        {to: toHostAddr, value: addresses},
		"password":        {to: toPassword},
		"sslpassword":     {to: toSSLPassword},
		"connect_timeout": {to: "connect_timeout", value: anInteger(0, longestTimeout)},
		"pool_max_conns":  {to: toMaxConns, value: anInteger(1, LargestPool)},
		"client_encoding": {to: "client_encoding", value: utf8Only},

		"keepalives":          {to: toKeepAlives, value: anInteger(0, 1)},
		"keepalives_idle":     {to: toKeepAliveIdle, value: anInteger(0, longestTimeout)},
		"keepalives_interval": {to: toKeepAliveInterval, value: anInteger(0, longestTimeout)},
		"keepalives_count":    {to: toKeepAliveCount, value: anInteger(0, 127)},
		"tcp_user_timeout":    {to: toUserTimeout, value: anInteger(0, 1000*longestTimeout)},
		"load_balance_hosts":  {to: toLoadBalance, value: words("disable", "random")},

		"sslmode":                  {to: "sslmode", value: libpqTLSMode},
		"ssl":                      {to: "sslmode", value: tlsSwitch},
		"requiressl":               {to: "sslmode", value: tlsSwitch},
		"sslcertmode":              {to: "sslcertmode", value: words("disable", "allow", "require")},
		"sslnegotiation":           {to: "sslnegotiation", value: words("postgres", "direct")},
		"sslsni":                   {to: "sslsni", value: anInteger(0, 1)},
		"ssl_min_protocol_version": {to: toTLSMin, value: tlsVersion},
		"ssl_max_protocol_version": {to: toTLSMax, value: tlsVersion},
		"channel_binding":          {to: "channel_binding", value: words("disable", "prefer", "require")},
		"require_auth":             {to: "require_auth", value: authMethods},
		"target_session_attrs":     {to: "target_session_attrs", value: words("any", "read-write", "read-only", "primary", "standby", "prefer-standby")},
		"min_protocol_version":     {to: "min_protocol_version", value: words("3.0", "3.2", "latest")},
		"max_protocol_version":     {to: "max_protocol_version", value: words("3.0", "3.2", "latest")},

		"gssencmode":     {to: toNothing, value: gssEncryption},
		"gssdelegation":  {to: toNothing, value: offOr("nobody signs in with GSS here; leave it out")},
		"replication":    {to: toNothing, value: offOr("an ordinary session is needed; leave it out")},
		"sslcompression": {to: toNothing, value: anySwitch},

		"sslcrl":              {not: noCRL},
		"sslcrldir":           {not: noCRL},
		"sslkeylogfile":       {not: "the keys of a session are not written down; leave it out"},
		"requirepeer":         {not: "the owner of a socket is not looked at; leave it out, and see to it who may write to the folder of the socket"},
		"scram_client_key":    {not: noSCRAMKey},
		"scram_server_key":    {not: noSCRAMKey},
		"oauth_issuer":        {not: noOAuth},
		"oauth_client_id":     {not: noOAuth},
		"oauth_client_secret": {not: noOAuth},
		"oauth_scope":         {not: noOAuth},
		"oauth_ca_file":       {not: noOAuth},
	}
	for _, key := range []string{
		"host", "user", "passfile", "service", "servicefile", "application_name", "options", "timezone",
		"sslkey", "sslcert", "sslrootcert", "krbspn", "krbsrvname",
		"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit",
	} {
		rules[key] = rule{to: key}
	}
	for _, key := range []string{
		"search_path", "enable_seqscan", "default_transaction_isolation",
		"fallback_application_name", "gsslib", "tty", "authtype",
	} {
		rules[key] = rule{to: toNothing}
	}
	return rules
}

// words accepts some words as they are written.
func words(allowed ...string) func(string) (string, error) {
	spelling := map[string]string{}
	for _, word := range allowed {
		spelling[strings.NewReplacer("-", "").Replace(word)] = word
	}
	return oneOf(spelling)
}

// libpqTLSMode is the value of sslmode, of which another library has one more.
func libpqTLSMode(value string) (string, error) {
	if value == "no-verify" {
		return "", errors.New("is node-postgres's no-verify: write require, which does not look at the certificate either, or better verify-full")
	}
	return words("disable", "allow", "prefer", "require", "verify-ca", "verify-full")(value)
}

// tlsSwitch is for those who write ssl=true, or the mode itself.
func tlsSwitch(value string) (string, error) {
	switch strings.ToLower(value) {
	case "true", "1", "on", "yes":
		return "require", nil
	case "false", "0", "off", "no":
		return "disable", nil
	}
	return libpqTLSMode(value)
}

func tlsVersion(value string) (string, error) {
	return oneOf(map[string]string{"tlsv1": "TLSv1", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"})(value)
}

func gssEncryption(value string) (string, error) {
	switch strings.ToLower(value) {
	case "disable", "prefer":
		return value, nil
	case "require":
		return "", errors.New("is not supported here: connections are encrypted with TLS only; leave it out, and write verify-full for the TLS mode")
	}
	return "", errors.New("must be one of disable, prefer")
}

// authMethods accepts a list of ways to sign in, in libpq's spelling or Npgsql's.
func authMethods(value string) (string, error) {
	var methods []string
	negated := 0
	for one := range strings.SplitSeq(value, ",") {
		one = strings.TrimSpace(one)
		name, not := strings.CutPrefix(one, "!")
		method, err := oneOf(map[string]string{
			"password": "password", "md5": "md5", "gss": "gss", "sspi": "sspi", "scramsha256": "scram-sha-256", "none": "none",
		})(name)
		if err != nil {
			return "", fmt.Errorf("%w, or several with commas between them", err)
		}
		if not {
			negated++
			method = "!" + method
		}
		if slices.Contains(methods, method) {
			return "", errors.New("names a way to sign in twice")
		}
		methods = append(methods, method)
	}
	if negated > 0 && negated < len(methods) {
		return "", errors.New("has an ! before some and not before all: say what is allowed, or what is not")
	}
	return strings.Join(methods, ","), nil
}

// addresses accepts a list of addresses of the network, of which one may be empty
// where a host has none.
func addresses(value string) (string, error) {
	for one := range strings.SplitSeq(value, ",") {
		if one == "" {
			continue
		}
		if _, err := netip.ParseAddr(one); err != nil {
			return "", errors.New("must be an address such as 192.0.2.1 or 2001:db8::1, or several with commas between them; a name is written as host")
		}
	}
	return value, nil
}

// libpqPort allows for an empty element in a list of ports: the default.
func libpqPort(value string) (string, error) {
	for port := range strings.SplitSeq(value, ",") {
		if port == "" {
			continue
		}
		if _, err := aPort(port); err != nil {
			return "", err
		}
	}
	return value, nil
}
