package dsn

import (
	"errors"
	"fmt"
	"net/url"
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
	errStrayAt   = errors.New("it has an @ where none can be; in a URL, the characters @ : / ? # of a user or password have to be percent-encoded")
	errEncoding  = errors.New("it has a % that does not begin a percent-encoded character")
	errURLPort   = errors.New("what follows a host's colon is not a port from 1 to 65535")
	errURLQuery  = errors.New("a parameter behind the ? is not of the form key=value")
	errURLBraket = errors.New("a host in square brackets is not closed")
)

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
	name, password, _ := strings.Cut(user, ":")
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
	for parameter := range strings.SplitSeq(query, "&") {
		if parameter == "" {
			continue
		}
		key, value, ok := strings.Cut(parameter, "=")
		if !ok {
			return nil, errURLQuery
		}
		if key == "ssl" && value == "true" {
			key, value = "sslmode", "require"
		}
		pairs = append(pairs, setting{key: key, value: value})
	}
	for i := range pairs {
		for _, text := range []*string{&pairs[i].key, &pairs[i].value} {
			if *text, err = url.PathUnescape(*text); err != nil {
				return nil, errEncoding
			}
			if strings.ContainsRune(*text, 0) {
				return nil, errEncoding
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
		var name, number string
		if inner, ok := strings.CutPrefix(one, "["); ok {
			name, number, ok = strings.Cut(inner, "]")
			if !ok {
				return "", "", errURLBraket
			}
			if number != "" && !strings.HasPrefix(number, ":") {
				return "", "", errURLPort
			}
			number = strings.TrimPrefix(number, ":")
		} else {
			name, number, _ = strings.Cut(one, ":")
		}
		if number != "" {
			if _, err := aPort(number); err != nil {
				return "", "", errURLPort
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

// libpqRules knows libpq's keywords as far as the driver has a use for them,
// and the settings of the server that make sense here. Those that a session of
// Message DB has pinned are accepted and have no effect.
func libpqRules() map[string]rule {
	rules := map[string]rule{
		"dbname":          {to: "dbname"},
		"database":        {to: "dbname"},
		"port":            {to: "port", value: libpqPort},
		"password":        {to: toPassword},
		"sslpassword":     {to: toSSLPassword},
		"connect_timeout": {to: "connect_timeout", value: anInteger(0, longestTimeout)},
		"pool_max_conns":  {to: toMaxConns, value: anInteger(1, LargestPool)},
		"client_encoding": {to: "client_encoding", value: utf8Only},

		"keepalives":          {to: toKeepAlives, value: anInteger(0, 1)},
		"keepalives_idle":     {to: toKeepAliveIdle, value: anInteger(0, longestTimeout)},
		"keepalives_interval": {to: toKeepAliveInterval, value: anInteger(0, longestTimeout)},
		"keepalives_count":    {to: toKeepAliveCount, value: anInteger(0, 127)},
	}
	for _, key := range []string{
		"host", "user", "passfile", "service", "servicefile", "application_name", "options", "timezone",
		"sslmode", "sslkey", "sslcert", "sslcertmode", "sslrootcert", "sslnegotiation", "sslsni",
		"krbspn", "krbsrvname", "target_session_attrs", "channel_binding", "require_auth",
		"min_protocol_version", "max_protocol_version",
		"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit",
	} {
		rules[key] = rule{to: key}
	}
	for _, key := range []string{
		"search_path", "enable_seqscan", "default_transaction_isolation",
		"tcp_user_timeout", "gssencmode", "sslcompression", "fallback_application_name",
	} {
		rules[key] = rule{to: toNothing}
	}
	return rules
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
