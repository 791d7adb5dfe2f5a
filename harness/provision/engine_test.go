package provision

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/check"
)

// fakeEngine listens where an engine would and does something with each connection.
// It sends to accepted when there is one.
func fakeEngine(t *testing.T, network string, serve func(net.Conn)) (host string, accepted <-chan struct{}) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "engine") //nolint:usetesting // the path of a socket has to be short
		check.Must(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		address = filepath.Join(dir, "s")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), network, address)
	check.Must(t, err)
	signal, over := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(over)
		var open []net.Conn
		defer func() {
			for _, conn := range open {
				_ = conn.Close()
			}
		}()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open = append(open, conn)
			serve(conn)
			signal <- struct{}{}
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-over
	})
	return network + "://" + listener.Addr().String(), signal
}

func silent(net.Conn) {}

func garbage(conn net.Conn) {
	// What comes before the request is no answer to it.
	_, _ = conn.Read(make([]byte, 4096))
	_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n\r\n"))
	_ = conn.Close()
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func answering(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4096))
	_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nApi-Version: 1.44\r\nConnection: close\r\n\r\n{}"))
	_ = conn.Close()
}

// An engine that is there and does not work lets the next way have its turn.
func TestAnEngineThatDoesNotWorkIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "unix"} {
		for name, test := range map[string]struct {
			serve func(net.Conn)
			limit time.Duration
			want  string
		}{
			"silent":  {silent, time.Millisecond, "said nothing for 1ms: restart it"},
			"garbage": {garbage, time.Hour, "malformed HTTP"},
			"reset":   {reset, time.Hour, "the one at " + network},
		} {
			t.Run(network+" "+name, func(t *testing.T) {
				t.Parallel()
				host, _ := fakeEngine(t, network, test.serve)
				err := anyAnswers(t.Context(), []engine{{"DOCKER_HOST", host}}, test.limit)
				check.Fails(t, err, test.want, host+", which DOCKER_HOST names")
				if errors.Is(err, context.Canceled) {
					t.Errorf("got error %v, which looks like somebody's wish to end", err)
				}
			})
		}
	}
}

// The library would come to a silent engine before the one that works and wait for
// ever; one that fails it passes over.
func TestEnginesAreAskedInOrder(t *testing.T) {
	t.Parallel()
	failing, _ := fakeEngine(t, "tcp", reset)
	working, _ := fakeEngine(t, "unix", answering)
	mute, _ := fakeEngine(t, "unix", silent)
	if err := anyAnswers(t.Context(), []engine{{host: failing}, {host: working}}, time.Hour); err != nil {
		t.Errorf("one that fails before one that works: got error %v, want none", err)
	}
	check.Failsf(t, anyAnswers(t.Context(), []engine{{host: mute}, {host: working}}, time.Millisecond), "one that is silent before one that works")
	if err := anyAnswers(t.Context(), nil, time.Hour); err == nil || !strings.Contains(err.Error(), "DOCKER_HOST is not set") {
		t.Errorf("none: got error %v", err)
	}
}

// The limit is an hour here: only the end of the context can end the wait.
func TestAWaitForASilentEngineEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "unix"} {
		host, accepted := fakeEngine(t, network, silent)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-accepted
			cancel()
		}()
		err := anyAnswers(ctx, []engine{{host: host}}, time.Hour)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "given up") {
			t.Errorf("%s: got error %v, want one that wraps %v", network, err, context.Canceled)
		}
	}
}

func TestPlacesOfEngines(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	file := filepath.Join(home, ".testcontainers.properties")
	check.Must(t, os.WriteFile(file, []byte("# docker\ntc.host=tcp://first:1\ndocker.host = tcp://third:3\n"), 0o600))
	for _, socket := range []string{filepath.Join(home, "docker.sock"), filepath.Join(home, ".docker", "run", "docker.sock")} {
		check.Must(t, os.MkdirAll(filepath.Dir(socket), 0o700))
		check.Must(t, os.WriteFile(socket, nil, 0o600))
	}
	var got []engine
	for _, e := range dockerEngines(func(name string) string {
		return map[string]string{"DOCKER_HOST": "tcp://second:2", "XDG_RUNTIME_DIR": home}[name]
	}, home) {
		if e.host != "unix:///var/run/docker.sock" { // a machine may have one
			got = append(got, e)
		}
	}
	want := []engine{{file, "tcp://first:1"}, {"DOCKER_HOST", "tcp://second:2"}, {file, "tcp://third:3"}, {"", "unix://" + filepath.Join(home, "docker.sock")}}
	check.Same(t, "the result", want, got, cmp.AllowUnexported(engine{}))
}

// A silent engine costs the way its turn and not the whole.
func TestTheNextWayHasItsTurnAfterASilentEngine(t *testing.T) {
	t.Parallel()
	host, _ := fakeEngine(t, "tcp", silent)
	server, err := inOrder(t.Context(), Options{}, []attempt[string]{
		{way: Container, bringUp: func(ctx context.Context, _ Options) (string, error) {
			return "", anyAnswers(ctx, []engine{{host: host}}, time.Millisecond)
		}},
		{way: Local, bringUp: func(context.Context, Options) (string, error) { return "local", nil }},
	})
	if server != "local" || err != nil {
		t.Errorf("got %q and error %v, want the local way", server, err)
	}
}

// A call of the library that hangs is left to itself, and what it brings at last is
// not left behind.
func TestACallThatDoesNotHeedItsContextIsLeftToItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		hung, late := make(chan struct{}), ""
		time.AfterFunc(time.Second, cancel)
		got, err := heeding(ctx, time.Second, func(context.Context) (string, error) {
			<-hung
			return "a container", nil
		}, func(what string) { late = what })
		if got != "" || !errors.Is(err, context.Canceled) {
			t.Errorf("got %q and error %v, want nothing and %v", got, err, context.Canceled)
		}
		close(hung)
		synctest.Wait()
		if late != "a container" {
			t.Errorf("what came late was %q, want it taken down", late)
		}

		got, err = heeding(ctx, time.Second, func(ctx context.Context) (string, error) {
			return "its own", ctx.Err()
		}, func(string) { t.Error("what came in time was taken for late") })
		if got != "its own" || !errors.Is(err, context.Canceled) {
			t.Errorf("got %q and error %v, want what the call returned", got, err)
		}
	})
}
