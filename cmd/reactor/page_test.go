package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/monitor"
)

// served serves the page of a reactor that starts, as the flags say.
func served(t *testing.T, flags listenFlags) *page {
	t.Helper()
	p, err := flags.listen(t.Context())
	check.Must(t, err)
	t.Cleanup(p.close)
	check.Must(t, p.serve(monitor.NewLate(), slog.New(slog.DiscardHandler), monitor.NewMetrics()))
	return p
}

// ask asks for a page, with a token unless it is empty.
func ask(t *testing.T, client *http.Client, url, token string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	check.Must(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	check.Must(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	check.Must(t, err)
	return response.StatusCode, string(content)
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	check.Must(t, os.WriteFile(path, content, 0o600))
	return path
}

// TestPageIsForThisMachineUnlessToldOtherwise, and so are profiles whatever one says.
func TestPageIsForThisMachineUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	p := served(t, listenFlags{Listen: ":0", Pprof: ":0"})
	for _, listener := range []net.Listener{p.listener, p.profiles} {
		if at := listener.Addr().(*net.TCPAddr); !at.IP.IsLoopback() {
			t.Errorf("got %v, want an address of this machine", at)
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if status, body := ask(t, client, "http://"+p.profiles.Addr().String()+"/debug/pprof/", ""); status != 200 || !strings.Contains(body, "goroutine") {
		t.Errorf("profiles: got %d and %.100q, want a list", status, body)
	}
	if status, _ := ask(t, client, "http://"+p.listener.Addr().String()+"/debug/pprof/", ""); status != 404 {
		t.Errorf("profiles on the status page: got %d, want 404", status)
	}
	if everybody := served(t, listenFlags{Listen: "0.0.0.0:0"}); everybody.listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		t.Errorf("got %v, want every address", everybody.listener.Addr())
	}
}

func TestPageWithATokenAndTLS(t *testing.T) {
	t.Parallel()
	of := httptest.NewTLSServer(http.NotFoundHandler())
	defer of.Close()
	key, err := x509.MarshalPKCS8PrivateKey(of.TLS.Certificates[0].PrivateKey)
	check.Must(t, err)
	p := served(t, listenFlags{
		Listen:          ":0",
		ListenCert:      file(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: of.Certificate().Raw})),
		ListenKey:       file(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		ListenTokenFile: file(t, "token", []byte("open sesame\n")),
	})
	roots := x509.NewCertPool()
	roots.AddCert(of.Certificate())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}}}
	at := "https://" + p.listener.Addr().String()
	for _, tt := range []struct {
		path, token string
		status      int
		body        string
	}{
		{"/healthz", "", 200, "healthy\n"},
		{"/readyz", "wrong", 503, "not ready\n"},
		{"/healthz", "open sesame", 200, "healthy\nthe reactor is starting for 0s\n"},
		{"/status.json", "", 401, "bring the token\n"},
		{"/metrics", "wrong", 401, "bring the token\n"},
		{"/metrics", "open sesame", 200, ""},
	} {
		if status, body := ask(t, client, at+tt.path, tt.token); status != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("%s with %q: got %d and %q, want %d and %q", tt.path, tt.token, status, body, tt.status, tt.body)
		}
	}
}

// TestPageAnswersBesideManyWhoAreSlow: they connect and say nothing, or read nothing of what
// they have asked for.
func TestPageAnswersBesideManyWhoAreSlow(t *testing.T) {
	t.Parallel()
	address := served(t, listenFlags{Listen: ":0"}).listener.Addr().String()
	for i := range 3 * maxConnections {
		conn, err := net.Dial("tcp", address)
		check.Must(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		if i%2 == 0 {
			_, _ = conn.Write([]byte("GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"))
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if status, body := ask(t, client, "http://"+address+"/healthz", ""); status != 200 {
		t.Errorf("a probe: got %d and %q, want 200", status, body)
	}
}

// TestPageTakesFewConnections, and the oldest make room.
func TestPageTakesFewConnections(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	few := &fewConnections{Listener: listener}
	t.Cleanup(func() { _ = few.Close() })
	var clients, servers []net.Conn
	const more = 3
	for range maxConnections + more {
		client, err := net.Dial("tcp", listener.Addr().String())
		check.Must(t, err)
		server, err := few.Accept()
		check.Must(t, err)
		t.Cleanup(func() { _, _ = client.Close(), server.Close() })
		clients, servers = append(clients, client), append(servers, server)
	}
	for i, client := range clients {
		_, wrong := servers[i].Write([]byte("x"))
		check.Must(t, client.SetReadDeadline(time.Now().Add(30*time.Second)))
		n, _ := client.Read(make([]byte, 1))
		if closed := i < more; closed != (n == 0) || closed != (wrong != nil) {
			t.Errorf("connection %d: got %d bytes and error %v, want it closed: %t", i, n, wrong, closed)
		}
	}
	check.Must(t, servers[more].Close())
	check.Must(t, check.Error(net.Dial("tcp", listener.Addr().String())))
	last, err := few.Accept()
	check.Must(t, err)
	defer last.Close() //nolint:errcheck // nothing was written to it
	if _, err := servers[more+1].Write([]byte("x")); err != nil {
		t.Errorf("after one was closed: got error %v, want that another takes its place", err)
	}
}

func TestPageFlagsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flags listenFlags
		want  string
	}{
		{listenFlags{Listen: ":0", ListenCert: "a"}, "go together"},
		{listenFlags{Listen: ":0", ListenCert: "/nowhere", ListenKey: "/nowhere"}, "cannot be used"},
		{listenFlags{ListenTokenFile: "a"}, "without --listen"},
		{listenFlags{Listen: ":0", ListenTokenFile: file(t, "empty", []byte("\n"))}, "the file is empty"},
		{listenFlags{Pprof: "0.0.0.0:0"}, "for this machine alone"},
		{listenFlags{Pprof: "example.com:0"}, "for this machine alone"},
	} {
		if p, err := tt.flags.listen(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) || exitStatus(err) != statusConfiguration {
			t.Errorf("%+v: got error %v, want %q, for a person", tt.flags, err, tt.want)
			if p != nil {
				p.close()
			}
		}
	}
}

// TestTheLastLineOfAJSONLogIsJSON has a start that fails.
func TestTheLastLineOfAJSONLogIsJSON(t *testing.T) {
	t.Parallel()
	status, _, errors := call(t, nil, "run", "-g", "x", "--log-format", "json", "--log-level", "error", "mdb", "-c", "Host=127.0.0.1;Port=1", "-cs", "public")
	lines := bytes.Split(bytes.TrimSpace([]byte(errors)), []byte("\n"))
	var last struct {
		Msg        string
		ExitStatus int
	}
	if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil || len(lines) != 1 || last.Msg != "ended" || last.ExitStatus != status || status != statusFailure {
		t.Errorf("got status %d and %q, want 2, and one line of JSON that says so", status, errors)
	}
}
