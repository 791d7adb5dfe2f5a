package dsn

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
)

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	defer listener.Close() //nolint:errcheck // nothing was written to it
	type kept struct{ on, idle, interval, count, breaks int }
	for text, want := range map[string]kept{
		"Host=db;Keepalive=7": {1, 7, 15, 9, 5000},
		"Host=db;Timeout=3;Tcp Keepalive=true;TCP Keepalive Time=8;TCP Keepalive Interval=9": {1, 8, 9, 9, 5000},
		"host=db keepalives=1 keepalives_idle=70 keepalives_interval=6 keepalives_count=5":   {1, 70, 6, 5, 5000},
		"postgres://db/?keepalives_idle=71":                                                  {1, 71, 15, 9, 5000},
		"host=db":                                                                            {1, 15, 15, 9, 5000}, // Go's defaults
		"host=db tcp_user_timeout=7000":                                                      {1, 15, 15, 9, 7000},
		"host=db tcp_user_timeout=0":                                                         {1, 15, 15, 9, 0},
	} {
		got := kept{
			on:       option(t, text, listener, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE),
			idle:     option(t, text, listener, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE),
			interval: option(t, text, listener, syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL),
			count:    option(t, text, listener, syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT),
			breaks:   option(t, text, listener, syscall.IPPROTO_TCP, 0x12), // TCP_USER_TIMEOUT
		}
		check.Equal(t, text, want, got)
	}
	check.Equal(t, "keepalives=0: SO_KEEPALIVE", 0, option(t, "host=db keepalives=0 keepalives_idle=7", listener, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE))
}

// A machine that is gone without a word is not waited for until whoever asks gives up: there
// may be another host, or it is back meanwhile.
func TestAMachineThatDoesNotAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	full := deaf(t)
	for _, text := range []string{"host=db", "host=db connect_timeout=2"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			parsed, err := Parse(text)
			check.Must(t, err)
			config, err := parsed.Config()
			check.Must(t, err)
			const patience = time.Minute
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			began := time.Now()
			conn, err := config.DialFunc(ctx, "tcp", full)
			if err == nil {
				_ = conn.Close()
				t.Fatal("it has answered")
			}
			if time.Since(began) >= patience/2 {
				t.Errorf("got error %v, and only because whoever asked gave up", err)
			}
		})
	}
}

// deaf is the address of a listener that answers nobody: its queue is full, so the system
// drops what comes.
func deaf(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	check.Must(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	check.Must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check.Must(t, syscall.Listen(fd, 0))
	at, err := syscall.Getsockname(fd)
	check.Must(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port)
	for range 10 {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Skip("the system lets everybody in")
	return ""
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
