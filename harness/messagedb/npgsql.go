package messagedb

import (
	"net/url"
	"strings"
)

// npgsql is a URL of PostgreSQL as Npgsql spells it. Of the URL's parameters it has the
// one that Npgsql knows and a program cannot do without.
func npgsql(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "" // several hosts, which a gate does not stand in front of either
	}
	password, _ := u.User.Password()
	modes := map[string]string{
		"disable": "Disable", "allow": "Allow", "prefer": "Prefer", "require": "Require", "verify-ca": "VerifyCA", "verify-full": "VerifyFull",
	}
	var pairs []string
	for _, pair := range [][2]string{
		{"Host", u.Hostname()},
		{"Port", u.Port()},
		{"Username", u.User.Username()},
		{"Password", password},
		{"Database", strings.TrimPrefix(u.Path, "/")},
		{"SSL Mode", modes[u.Query().Get("sslmode")]},
	} {
		if pair[1] != "" {
			pairs = append(pairs, pair[0]+"="+quoted(pair[1]))
		}
	}
	return strings.Join(pairs, ";")
}

// quoted puts a value into quotation marks unless it is a plain word.
func quoted(value string) string {
	if strings.ContainsAny(value, " \t;='\"") {
		return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	return value
}
