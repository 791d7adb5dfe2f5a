package dsn

import (
	"net"
	"syscall"
	"testing"

	"example.com/groupcheckout/internal/check"
)

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	defer listener.Close() //nolint:errcheck // nothing was written to it
	type kept struct{ on, idle, interval, count int }
	for text, want := range map[string]kept{
		"Host=db;Keepalive=7": {1, 7, 15, 9},
		"Host=db;Timeout=3;Tcp Keepalive=true;TCP Keepalive Time=8;TCP Keepalive Interval=9": {1, 8, 9, 9},
		"host=db keepalives=1 keepalives_idle=70 keepalives_interval=6 keepalives_count=5":   {1, 70, 6, 5},
		"postgres://db/?keepalives_idle=71":                                                  {1, 71, 15, 9},
		"host=db":                                                                            {1, 15, 15, 9}, // Go's defaults
	} {
		got := kept{
			on:       option(t, text, listener, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE),
			idle:     option(t, text, listener, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE),
			interval: option(t, text, listener, syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL),
			count:    option(t, text, listener, syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT),
		}
		check.Equal(t, text, want, got)
	}
	check.Equal(t, "keepalives=0: SO_KEEPALIVE", 0, option(t, "host=db keepalives=0 keepalives_idle=7", listener, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE))
}

// option dials as the connection string says and returns an option of the
// socket.
func option(t *testing.T, text string, to net.Listener, level, name int) (value int) {
	t.Helper()
	parsed, err := Parse(text)
	check.Must(t, err)
	config, err := parsed.Config()
	check.Must(t, err)
	conn, err := config.DialFunc(t.Context(), "tcp", to.Addr().String())
	check.Must(t, err)
	defer conn.Close() //nolint:errcheck // nothing was written to it
	raw, err := conn.(*net.TCPConn).SyscallConn()
	check.Must(t, err)
	var failed error
	err = raw.Control(func(fd uintptr) { value, failed = syscall.GetsockoptInt(int(fd), level, name) })
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return value
}
