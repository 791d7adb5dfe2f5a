package proxy_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is how long a test waits for what should come at once.
const limit = time.Minute

// echo starts a server that sends back what it gets.
func echo(t *testing.T) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close() //nolint:errcheck // it may be cut
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	return listener.Addr().String()
}

func listen(t *testing.T, config proxy.Config) *proxy.Proxy {
	t.Helper()
	p, err := proxy.Listen(t.Context(), echo(t), config)
	check.Must(t, err)
	t.Cleanup(p.Close)
	return p
}

func dial(t *testing.T, p *proxy.Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	check.Must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	check.Must(t, conn.SetDeadline(time.Now().Add(limit)))
	return conn
}

// ask sends a text and returns as much of an answer as comes.
func ask(conn net.Conn, text string) (string, error) {
	if _, err := fmt.Fprint(conn, text); err != nil {
		return "", err
	}
	answer := make([]byte, len(text))
	n, err := io.ReadFull(conn, answer)
	return string(answer[:n]), err
}

func mustAsk(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if got, err := ask(conn, text); err != nil || got != text {
		t.Fatalf("got %q and error %v, want %q", got, err, text)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	p := listen(t, proxy.Config{})
	first, second := dial(t, p), dial(t, p)
	mustAsk(t, first, "hello")
	mustAsk(t, second, "hello")
	check.Equal(t, "connections cut", 2, p.Cut())
	for _, conn := range []net.Conn{first, second} {
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got error %v, want a reset", err)
		}
	}
	mustAsk(t, dial(t, p), "and again")
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	p := listen(t, proxy.Config{})
	open := dial(t, p)
	mustAsk(t, open, "hello")
	p.Refuse(time.Hour)
	mustAsk(t, open, "still here")
	// The reset may come as early as the end of the dial.
	if refused, err := net.Dial("tcp", p.Addr()); err == nil {
		if got, err := ask(refused, "hello"); err == nil {
			t.Errorf("got %q, want an error", got)
		}
		_ = refused.Close()
	}
	p.Refuse(0)
	mustAsk(t, dial(t, p), "hello")
}

func TestRequestsThatDoNotPass(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	p := listen(t, proxy.Config{Request: func(c *proxy.Conn, data []byte) bool {
		seen.Add(1)
		switch string(data) {
		case "cut":
			c.Cut()
			return false
		case "mute":
			c.Mute()
		}
		return true
	}})
	conn := dial(t, p)
	mustAsk(t, conn, "hello")
	if got, err := ask(conn, "cut"); err == nil {
		t.Errorf("got %q, want the connection cut", got)
	}
	conn = dial(t, p)
	check.Must(t, check.Error(fmt.Fprint(conn, "mute")))
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil { // so that the server ends it, once it has answered
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || len(got) > 0 {
		t.Errorf("got %q and error %v, want no answer", got, err)
	}
	check.Equal(t, "requests shown", 3, seen.Load())
}

// A client that has nothing more to say still gets all answers.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	p := listen(t, proxy.Config{})
	conn := dial(t, p)
	check.Must(t, check.Error(fmt.Fprint(conn, "last words")))
	check.Must(t, conn.(*net.TCPConn).CloseWrite())
	if got, err := io.ReadAll(conn); err != nil || string(got) != "last words" {
		t.Errorf("got %q and error %v, want all of it", got, err)
	}
}

// Close does not wait for those at the other ends.
func TestClose(t *testing.T) {
	t.Parallel()
	p := listen(t, proxy.Config{})
	conn := dial(t, p)
	mustAsk(t, conn, "hello")
	mustAsk(t, conn, "hello")
	p.Close()
	p.Close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("got an answer, want an error")
	}
	if conn, err := net.Dial("tcp", p.Addr()); err == nil {
		_ = conn.Close()
		t.Error("got a connection to a closed proxy")
	}
}

func TestListenRefusesATargetWithoutAPort(t *testing.T) {
	t.Parallel()
	if _, err := proxy.Listen(t.Context(), "localhost", proxy.Config{}); err == nil {
		t.Error("got no error, want one")
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][2]string{
		"http://127.0.0.1:8000":                  {"http://127.0.0.1:9", "127.0.0.1:8000"},
		"https://db.example/path?x=1":            {"https://127.0.0.1:9/path?x=1", "db.example:443"},
		"postgres://app:secret@db/eventstore?x=": {"postgres://app:secret@127.0.0.1:9/eventstore?x=", "db:5432"},
		"http://[::1]:8000/":                     {"http://127.0.0.1:9/", "[::1]:8000"},
	} {
		redirected, target, err := proxy.Redirect(raw, "127.0.0.1:9")
		if got := [2]string{redirected, target}; err != nil || got != want {
			t.Errorf("%s: got %q and error %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{"", "no url", "host=db user=app", "memory://db", "http://%"} {
		if got, _, err := proxy.Redirect(raw, "127.0.0.1:9"); err == nil {
			t.Errorf("%q: got %q, want an error", raw, got)
		}
	}
}
