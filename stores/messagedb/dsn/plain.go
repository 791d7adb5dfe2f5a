package dsn

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Plain is the one server that the settings lead to, as host:port, and a URL for
// whoever is to reach it another way: its host is still to be replaced. It is for
// what stands in between and reads along, so a server that has to be spoken to with
// TLS is an error. The error does not repeat the settings.
func (s Settings) Plain() (server string, through *url.URL, err error) {
	config, err := s.Config()
	if err != nil {
		return "", nil, err
	}
	plain := config.TLSConfig == nil
	for _, other := range config.Fallbacks {
		plain = plain || other.TLSConfig == nil
	}
	if !plain {
		return "", nil, errors.New("the server is to be spoken to with TLS, which nobody in between speaks: add sslmode=disable")
	}
	through, err = url.Parse(s.URL())
	if err != nil || through.Host == "" {
		return "", nil, errors.New("the connection string does not name one host and port")
	}
	parameters := through.Query()
	parameters.Set("sslmode", "disable")
	through.RawQuery = strings.ReplaceAll(parameters.Encode(), "+", "%20")
	return net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), through, nil
}
