package dsn

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/internal/reach"
)

// defaultConnectTimeout is Npgsql's. The driver's own would be two minutes.
const defaultConnectTimeout = 15 * time.Second

// Config turns the settings into the driver's configuration. An error may
// be shown: the driver was given no secret to repeat.
func (s Settings) Config() (*pgx.ConnConfig, error) {
	var text strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	for key, value := range s.places() {
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
	answer := config.ConnectTimeout
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout, answer = defaultConnectTimeout, reach.Answer
	}
	config.DialFunc = s.dialer(answer).DialContext
	if addresses := s.addresses(); len(addresses) > 0 {
		otherwise := config.LookupFunc
		config.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
			if known := addresses[host]; len(known) > 0 {
				return known, nil
			}
			return otherwise(ctx, host)
		}
	}
	s.limitTLS(config.TLSConfig)
	for _, other := range config.Fallbacks {
		s.limitTLS(other.TLSConfig)
	}
	return config, nil
}

// places are the parameters with the hosts that the driver is to try: under the
// address where there is only that, and in another order if the load is to be
// balanced. The order is drawn once for a configuration, so once for a pool.
func (s Settings) places() map[string]string {
	params := maps.Clone(s.params)
	hosts, addresses := strings.Split(params["host"], ","), strings.Split(s.own[toHostAddr], ",")
	if s.own[toHostAddr] != "" {
		if params["host"] == "" {
			hosts = make([]string, len(addresses))
		}
		for i := range hosts {
			// A socket has no address, so libpq takes the address.
			if hosts[i] == "" || strings.HasPrefix(hosts[i], "/") && addresses[i] != "" {
				hosts[i] = addresses[i]
			}
		}
	}
	ports := strings.Split(params["port"], ",")
	if s.own[toLoadBalance] == "random" {
		rand.Shuffle(len(hosts), func(i, j int) {
			hosts[i], hosts[j] = hosts[j], hosts[i]
			if len(ports) == len(hosts) {
				ports[i], ports[j] = ports[j], ports[i]
			}
		})
	}
	params["host"], params["port"] = strings.Join(hosts, ","), strings.Join(ports, ",")
	return params
}

// addresses are the addresses that hostaddr gives to the names of hosts.
func (s Settings) addresses() map[string][]string {
	found := map[string][]string{}
	if s.own[toHostAddr] == "" || s.params["host"] == "" {
		return found
	}
	addresses := strings.Split(s.own[toHostAddr], ",")
	for i, host := range strings.Split(s.params["host"], ",") {
		if addresses[i] != "" {
			found[host] = append(found[host], addresses[i])
		}
	}
	return found
}

// limitTLS sets the versions of TLS that were asked for, if there is TLS.
func (s Settings) limitTLS(config *tls.Config) {
	if config == nil {
		return
	}
	versions := map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}
	if version, said := versions[s.own[toTLSMin]]; said {
		config.MinVersion = version
	}
	if version, said := versions[s.own[toTLSMax]]; said {
		config.MaxVersion = version
	}
}

var (
	errTLS         = errors.New("its TLS settings, or those of PGSSL… variables, do not fit together: look at the files that sslrootcert, sslcert and sslkey name, and at sslpassword")
	errNotAccepted = errors.New("it, or a PG… variable of the environment, has a value that the driver does not accept")
)

// reasonOf says why the driver refused the settings, without repeating any. The
// values were looked at before, so most of what is left is of the environment.
func reasonOf(err error) error {
	var file *fs.PathError
	switch text := err.Error(); {
	case errors.As(err, &file):
		return fmt.Errorf("a file that its TLS settings name (sslrootcert, sslcert, sslkey) cannot be read: %w", file.Err)
	case strings.Contains(text, "TLS"), strings.Contains(text, "ssl"):
		return errTLS
	case strings.Contains(text, "service"):
		return errors.New("the service that it, or PGSERVICE, names is not in the service file")
	case strings.Contains(text, "port numbers"):
		return errors.New("it has neither one port for all hosts nor one for each; the environment adds PGHOST and PGPORT")
	case strings.Contains(text, "target_session_attrs"):
		return errors.New("target_session_attrs must be any, primary, standby, prefer-standby, read-write or read-only")
	}
	return errNotAccepted
}

// dialer keeps connections alive as the connection string says.
func (s Settings) dialer(answer time.Duration) *net.Dialer {
	seconds := func(key string) time.Duration { return time.Duration(s.numbers[key]) * time.Second }
	keep := net.KeepAliveConfig{
		Idle: seconds(toKeepAliveIdle), Interval: seconds(toKeepAliveInterval), Count: s.numbers[toKeepAliveCount],
	}
	receipt := reach.Receipt
	if ms, said := s.numbers[toUserTimeout]; said {
		receipt = time.Duration(ms) * time.Millisecond
	}
	dialer := reach.Dialer(answer, receipt)
	if on, said := s.numbers[toKeepAlives]; said && on == 0 {
		dialer.KeepAlive = -1
	} else if keep != (net.KeepAliveConfig{}) {
		keep.Enable = true
		dialer.KeepAliveConfig = keep
	}
	return dialer
}

// plainPart needs no escape anywhere in a URL.
var plainPart = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// URL writes the settings as a postgres:// URL, which every program built by
// libpq's rules reads, with the passwords in it. What the environment adds is
// left to the environment of the reader. An address of hostaddr stands in place of
// the host's name. The size of a pool, the keeping alive and the like are left out:
// other programs would send them to the server.
func (s Settings) URL() string {
	u := url.URL{Scheme: "postgres", Path: "/"}
	parameters := url.Values{}
	params := maps.Clone(s.params)
	if said := s.own[toHostAddr]; said != "" {
		params["host"] = said
		if names := strings.Split(s.params["host"], ","); s.params["host"] != "" {
			addresses := strings.Split(said, ",")
			for i := range addresses {
				addresses[i] = cmp.Or(addresses[i], names[i])
			}
			params["host"] = strings.Join(addresses, ",")
		}
	}
	for key, value := range params {
		if value != "" {
			parameters.Set(key, value)
		}
	}
	// What a URL has no plain way to write at its usual place, such as a list
	// of hosts or a socket, is written as a parameter.
	move := func(key string) (value string) {
		value = params[key]
		parameters.Del(key)
		return value
	}
	if host, port := params["host"], params["port"]; plainPart.MatchString(host) && (port == "" || plainPart.MatchString(port)) {
		if u.Host = move("host"); port != "" {
			u.Host += ":" + move("port")
		}
	}
	if plainPart.MatchString(params["dbname"]) {
		u.Path += move("dbname")
	}
	switch {
	case s.password != "" && (params["user"] == "" || params["host"] == ""):
		parameters.Set("password", s.password) // a user without a host would look like a slip
	case params["host"] == "":
	case s.password != "":
		u.User = url.UserPassword(move("user"), s.password)
	case params["user"] != "":
		u.User = url.User(move("user"))
	}
	if s.sslPassword != "" {
		parameters.Set("sslpassword", s.sslPassword)
	}
	// A plus sign stands for a space in some programs, and for itself in others.
	u.RawQuery = strings.ReplaceAll(parameters.Encode(), "+", "%20")
	return u.String()
}
