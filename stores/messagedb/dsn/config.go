package dsn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// defaultConnectTimeout is Npgsql's. The driver's own would be two minutes.
const defaultConnectTimeout = 15 * time.Second

// Config turns the settings into the driver's configuration. An error may
// be shown: the driver was given no secret to repeat.
func (s Settings) Config() (*pgx.ConnConfig, error) {
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
	if dialer := s.dialer(config.ConnectTimeout); dialer != nil {
		config.DialFunc = dialer.DialContext
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

// dialer keeps connections alive as the connection string says, or is nil if it
// says nothing.
func (s Settings) dialer(timeout time.Duration) *net.Dialer {
	seconds := func(key string) time.Duration { return time.Duration(s.numbers[key]) * time.Second }
	keep := net.KeepAliveConfig{
		Idle: seconds(toKeepAliveIdle), Interval: seconds(toKeepAliveInterval), Count: s.numbers[toKeepAliveCount],
	}
	if on, said := s.numbers[toKeepAlives]; said && on == 0 {
		return &net.Dialer{Timeout: timeout, KeepAlive: -1}
	}
	if keep == (net.KeepAliveConfig{}) {
		return nil
	}
	keep.Enable = true
	return &net.Dialer{Timeout: timeout, KeepAliveConfig: keep}
}

// plainPart needs no escape anywhere in a URL.
var plainPart = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// URL writes the settings as a postgres:// URL, which every program built by
// libpq's rules reads, with the passwords in it. What the environment adds is
// left to the environment of the reader, and the size of a pool and the keeping
// alive are left out: other programs would send them to the server.
func (s Settings) URL() string {
	u := url.URL{Scheme: "postgres", Path: "/"}
	parameters := url.Values{}
	for key, value := range s.params {
		parameters.Set(key, value)
	}
	// What a URL has no plain way to write at its usual place, such as a list
	// of hosts or a socket, is written as a parameter.
	move := func(key string) (value string) {
		value = s.params[key]
		parameters.Del(key)
		return value
	}
	if host, port := s.params["host"], s.params["port"]; plainPart.MatchString(host) && (port == "" || plainPart.MatchString(port)) {
		if u.Host = move("host"); port != "" {
			u.Host += ":" + move("port")
		}
	}
	if plainPart.MatchString(s.params["dbname"]) {
		u.Path += move("dbname")
	}
	switch {
	case s.params["user"] == "" && s.password != "":
		parameters.Set("password", s.password)
	case s.password != "":
		u.User = url.UserPassword(move("user"), s.password)
	case s.params["user"] != "":
		u.User = url.User(move("user"))
	}
	if s.sslPassword != "" {
		parameters.Set("sslpassword", s.sslPassword)
	}
	// A plus sign stands for a space in some programs, and for itself in others.
	u.RawQuery = strings.ReplaceAll(parameters.Encode(), "+", "%20")
	return u.String()
}
