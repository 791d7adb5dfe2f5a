package dsn

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
)

// splitNpgsql reads ADO.NET's "Key=Value;Other Key='a;b'" form. A value may be
// in single or double quotes, and a quote is doubled to stand for itself. An
// equals sign is doubled in a key. Space around keys and values does not
// count.
func splitNpgsql(text string) ([]setting, error) {
	var pairs []setting
	for {
		text = strings.TrimLeft(text, space+";")
		if text == "" {
			return pairs, nil
		}
		part := len(pairs) + 1
		key, rest, ok := takeNpgsqlKey(text)
		if !ok {
			return nil, fmt.Errorf("part %d is not of the form Key=Value; a value with a ; in it has to be quoted", part)
		}
		rest = strings.TrimLeft(rest, space)
		if rest == "" || rest[0] != '"' && rest[0] != '\'' {
			value, after, _ := strings.Cut(rest, ";")
			pairs, text = append(pairs, setting{key: key, value: strings.TrimRight(value, space), bare: true}), after
			continue
		}
		value, after, ok := takeNpgsqlQuoted(rest)
		if !ok {
			return nil, fmt.Errorf("part %d has a quote that is not closed", part)
		}
		after = strings.TrimLeft(after, space)
		if after != "" && after[0] != ';' {
			return nil, fmt.Errorf("part %d goes on after its closing quote; a quote within quotes has to be doubled", part)
		}
		pairs, text = append(pairs, setting{key: key, value: value}), after
	}
}

func takeNpgsqlKey(text string) (key, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text) && text[i] != ';'; i++ {
		if text[i] == '=' {
			if i+1 == len(text) || text[i+1] != '=' {
				key = strings.Trim(b.String(), space)
				return key, text[i+1:], key != ""
			}
			i++
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}

// takeNpgsqlQuoted reads a value whose opening quote is the first character.
func takeNpgsqlQuoted(text string) (value, rest string, ok bool) {
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] == quote {
			if i+1 == len(text) || text[i+1] != quote {
				return b.String(), text[i+1:], true
			}
			i++
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}

// npgsqlKey makes "SSL Mode", "SslMode" and "ssl mode" one.
func npgsqlKey(key string) string {
	return strings.ToLower(strings.ReplaceAll(key, " ", ""))
}

// splitHosts reads Npgsql's list, in which a host may bring its own port.
func splitHosts(value, commonPort string) (hosts, ports string) {
	var names, numbers []string
	anyPort := false
	for one := range strings.SplitSeq(value, ",") {
		one = strings.TrimSpace(one)
		name, number := one, commonPort
		if host, port, err := net.SplitHostPort(one); err == nil && !strings.HasPrefix(one, "/") {
			name, number, anyPort = host, port, true
		}
		names, numbers = append(names, name), append(numbers, number)
	}
	if !anyPort {
		return strings.Join(names, ","), commonPort
	}
	return strings.Join(names, ","), strings.Join(numbers, ",")
}

func npgsqlHosts(value string) (string, error) {
	for one := range strings.SplitSeq(value, ",") {
		one = strings.TrimSpace(one)
		if _, port, err := net.SplitHostPort(one); err == nil && !strings.HasPrefix(one, "/") {
			if _, err := aPort(port); err != nil {
				return "", errors.New("names a host with a port that is not from 1 to 65535")
			}
		}
	}
	return value, nil
}

// npgsqlRules knows the keys of Npgsql's connection strings, with their
// synonyms. Those that tune Npgsql itself have no meaning here. One that would
// change what the program does, and cannot be honoured, is refused.
func npgsqlRules() map[string]rule {
	rules := map[string]rule{
		"port":                       {to: "port", value: aPort},
		"passfile":                   {to: "passfile"},
		"applicationname":            {to: "application_name"},
		"timezone":                   {to: "timezone"},
		"options":                    {to: "options"},
		"timeout":                    {to: "connect_timeout", value: anInteger(0, longestTimeout)},
		"maximumpoolsize":            {to: toMaxConns, value: anInteger(1, LargestPool)},
		"maxpoolsize":                {to: toMaxConns, value: anInteger(1, LargestPool)},
		"keepalive":                  {to: toKeepAliveIdle, value: anInteger(0, longestTimeout)},
		"tcpkeepalivetime":           {to: toKeepAliveIdle, value: anInteger(0, longestTimeout)},
		"tcpkeepaliveinterval":       {to: toKeepAliveInterval, value: anInteger(0, longestTimeout)},
		"encoding":                   {to: "client_encoding", value: utf8Only},
		"clientencoding":             {to: "client_encoding", value: utf8Only},
		"rootcertificate":            {to: "sslrootcert"},
		"sslcertificate":             {to: "sslcert"},
		"sslkey":                     {to: "sslkey"},
		"sslpassword":                {to: toSSLPassword},
		"kerberosservicename":        {to: "krbsrvname"},
		"krbsrvname":                 {to: "krbsrvname"},
		"clientcertificate":          {to: "sslcert"},
		"clientcertificatekey":       {to: "sslkey"},
		"requireauth":                {to: "require_auth", value: authMethods},
		"gssencryptionmode":          {to: toNothing, value: gssEncryption},
		"integratedsecurity":         {to: toNothing, value: offOr("nobody signs in with GSS or SSPI here; leave it out, and give a password")},
		"loadbalancehosts":           {to: toLoadBalance, value: balancing},
		"ssl":                        {to: "sslmode", value: tlsSwitch},
		"checkcertificaterevocation": {to: toNothing, value: mustBeOff},
		"replicationmode":            {to: toNothing, value: mustBeOff},
		"sslmode": {to: "sslmode", value: oneOf(map[string]string{
			"disable": "disable", "allow": "allow", "prefer": "prefer", "require": "require",
			"verifyca": "verify-ca", "verifyfull": "verify-full",
		})},
		"sslnegotiation": {to: "sslnegotiation", value: oneOf(map[string]string{"postgres": "postgres", "direct": "direct"})},
		"channelbinding": {to: "channel_binding", value: oneOf(map[string]string{
			"disable": "disable", "prefer": "prefer", "require": "require",
		})},
		"targetsessionattributes": {to: "target_session_attrs", value: oneOf(map[string]string{
			"any": "any", "primary": "primary", "standby": "standby", "preferstandby": "prefer-standby",
			"readwrite": "read-write", "readonly": "read-only",
		})},
	}
	for to, keys := range map[string][]string{
		"user":     {"username", "userid", "uid", "user"},
		"dbname":   {"database", "db"},
		toPassword: {"password", "psw", "pwd"},
	} {
		for _, key := range keys {
			rules[key] = rule{to: to}
		}
	}
	for _, key := range []string{"host", "server"} {
		rules[key] = rule{to: toHosts, value: npgsqlHosts}
	}
	for _, key := range []string{
		"searchpath", "pooling", "minimumpoolsize", "minpoolsize", "connectionidlelifetime", "connectionpruninginterval",
		"connectionlifetime", "loadbalancetimeout", "commandtimeout", "internalcommandtimeout", "cancellationtimeout",
		"tcpkeepalive", // it is on anyway
		"readbuffersize", "writebuffersize",
		"socketreceivebuffersize", "socketsendbuffersize", "maxautoprepare", "autoprepareminusages", "noresetonclose",
		"loadtablecomposites", "enlist", "persistsecurityinfo", "includeerrordetail", "includefailedbatchedcommand",
		"logparameters", "multiplexing", "writecoalescingbufferthresholdbytes", "writecoalescingdelayus", "hostrecheckseconds",
		"servercompatibilitymode", "arraynullabilitymode", "includerealm", "trustservercertificate",
		"usesslstream", "useperfcounters", "backendtimeouts", "continuousprocessing", "convertinfinitydatetime", "alwaysprepare",
		"entitytemplatedatabase", "entityadmindatabase", "eftemplatedatabase", "efadmindatabase", "preloadreader", "syncnotification",
		"useextendedtypes", "compatible", "protocol", "buffersize",
	} {
		rules[key] = rule{to: toNothing}
	}
	return rules
}

// balancing is Npgsql's switch, in libpq's words.
func balancing(value string) (string, error) {
	if _, err := anySwitch(value); err != nil {
		return "", err
	}
	if isOff(value) {
		return "disable", nil
	}
	return "random", nil
}

func mustBeOff(value string) (string, error) {
	if isOff(value) {
		return value, nil
	}
	return "", errors.New("is not supported here: leave it out or turn it off")
}

func isOff(value string) bool {
	return slices.Contains([]string{"false", "off", "no", "0"}, strings.ToLower(value))
}
