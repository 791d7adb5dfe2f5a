package messagedb

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate, in PEM
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "root.pem")}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root of the test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	signed := a.sign(t, template, template, nil)
	a.cert, a.key = signed.Leaf, signed.PrivateKey.(*ecdsa.PrivateKey)
	check.Must(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600))
	return a
}

// sign makes a key, and signs a certificate for it, with its own key if none is given.
func (a *authority) sign(t testing.TB, template, parent *x509.Certificate, by *ecdsa.PrivateKey) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check.Must(t, err)
	if by == nil {
		by = key
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	check.Must(t, err)
	cert, err := x509.ParseCertificate(raw)
	check.Must(t, err)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: cert}
}

func (a *authority) server(t testing.TB, names []string, until time.Time) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "db"}, DNSNames: names, NotBefore: until.Add(-2 * time.Hour), NotAfter: until}
	return a.sign(t, template, a.cert, a.key)
}

// inFront listens at an address and leads to a server, with TLS if there is a
// certificate. Without one it says that it speaks none.
func inFront(t testing.TB, address, server string, certificate *tls.Certificate) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	check.Must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		running.Wait()
	})
	carry := func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		ask := make([]byte, 8) // whether TLS is spoken, or the beginning of something plain
		if _, err := io.ReadFull(conn, ask); err != nil {
			return
		}
		asked := string(ask[4:]) == "\x04\xd2\x16\x2f"
		switch {
		case asked && certificate == nil:
			_, _ = conn.Write([]byte("N"))
		case asked:
			_, _ = conn.Write([]byte("S"))
			secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12})
			if secured.HandshakeContext(ctx) != nil {
				return
			}
			conn = secured
		}
		to, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
		if err != nil {
			return
		}
		defer func() { _ = to.Close() }()
		if !asked {
			_, _ = to.Write(ask)
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		running.Go(func() {
			_, _ = io.Copy(conn, to)
			_ = conn.Close()
		})
		_, _ = io.Copy(to, conn)
	}
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { carry(conn) })
		}
	})
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port
}

func serverOf(t testing.TB) string {
	t.Helper()
	config, err := pgx.ParseConfig(appDSN(t))
	if err != nil {
		t.Fatal("a connection string of the test is malformed")
	}
	return net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
}

// opened opens a Message DB and closes it again. It returns what was logged.
func opened(t testing.TB, config Config) (logged string, err error) {
	t.Helper()
	var lines syncedText
	config.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	db, err := Open(within(t), config)
	if err == nil {
		db.Close()
	}
	return lines.String(), err
}

// syncedText is a text that several goroutines write to.
type syncedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *syncedText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *syncedText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestACertificateThatIsNotAcceptedIsForAPerson(t *testing.T) {
	t.Parallel()
	server, ours, soon := serverOf(t), newAuthority(t), time.Now().Add(time.Hour)
	right := ours.server(t, []string{"db.example"}, soon)
	other := ours.server(t, []string{"other.example"}, soon)
	old := ours.server(t, []string{"db.example"}, time.Now().Add(-time.Minute))
	for name, test := range map[string]struct {
		certificate *tls.Certificate
		mode, root  string
		problem     Problem // "" if there is none
		want        string
	}{
		"nobody knows who signed it": {&right, "verify-full", newAuthority(t).file, BadCertificate, `the certificate of db.example was issued by "CN=Root of the test", which is not trusted here: name a file with its root certificate in sslrootcert`},
		"nor who signed it at all":   {&right, "verify-ca", newAuthority(t).file, BadCertificate, "which is not trusted here"},
		"it is for another host":     {&other, "verify-full", ours.file, BadCertificate, "the certificate is not for db.example, but for other.example: connect to the server by a name"},
		"its time is over":           {&old, "verify-full", ours.file, BadCertificate, "the certificate of db.example is valid from "},
		"it speaks no TLS":           {nil, "require", ours.file, NotEncrypted, "the server speaks no TLS"},
		"the name does not count":    {&other, "verify-ca", ours.file, "", ""},
		"it is right":                {&right, "verify-full", ours.file, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := inFront(t, "127.0.0.1:0", server, test.certificate)
			logged, err := opened(t, Config{RequireTLS: true, Connection: changed(appDSN(t), map[string]string{
				"host": "db.example", "hostaddr": "127.0.0.1", "port": port, "sslmode": test.mode, "sslrootcert": test.root,
			})})
			if test.problem == "" {
				if err != nil || strings.Contains(logged, "not encrypted") {
					t.Errorf("got error %v and the log %q, want none", err, logged)
				}
				return
			}
			setup, ok := errors.AsType[*SetupError](err)
			if !ok || setup.Problem != test.problem || !setup.NeedsPerson() || !strings.Contains(setup.Error(), test.want) {
				t.Errorf("got %v, want %q and %q", err, test.problem, test.want)
			}
		})
	}
}

// ownAddress is an address of this machine that others may reach it at.
func ownAddress(t testing.TB) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	check.Must(t, err)
	for _, address := range addresses {
		if ip, ok := address.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() {
			return ip.IP.String()
		}
	}
	t.Skip("this machine has no address but that of itself")
	return ""
}

func TestAConnectionThatIsNotEncryptedIsWarnedOfOrRefused(t *testing.T) {
	t.Parallel()
	own := ownAddress(t)
	ours := newAuthority(t)
	certificate := ours.server(t, []string{"db.example"}, time.Now().Add(time.Hour))
	server := serverOf(t)
	plain, secured := inFront(t, net.JoinHostPort(own, "0"), server, nil), inFront(t, net.JoinHostPort(own, "0"), server, &certificate)
	at := func(port, mode string) string {
		return changed(appDSN(t), map[string]string{"host": "db.example", "hostaddr": own, "port": port, "sslmode": mode})
	}
	const warning = "the connection to another machine is not encrypted"
	for _, mode := range []string{"disable", "prefer"} {
		logged, err := opened(t, Config{Connection: at(plain, mode), Ready: true})
		if err != nil || strings.Count(logged, warning) != 2 || !strings.Contains(logged, "connection=writing host=db.example") || !strings.Contains(logged, "connection=reading") {
			t.Errorf("sslmode=%s: got error %v and the log %q, want a warning for each use", mode, err, logged)
		}
		_, err = opened(t, Config{RequireTLS: true, Connection: at(plain, mode)})
		if setup, ok := errors.AsType[*SetupError](err); !ok || setup.Problem != NotEncrypted {
			t.Errorf("sslmode=%s, TLS required: got %v, want %q", mode, err, NotEncrypted)
		}
		for _, required := range []bool{false, true} {
			if logged, err := opened(t, Config{RequireTLS: required, Connection: appDSN(t)}); err != nil || strings.Contains(logged, warning) {
				t.Errorf("on this machine: got error %v and the log %q, want none", err, logged)
			}
		}
	}
	if logged, err := opened(t, Config{RequireTLS: true, Connection: at(secured, "prefer")}); err != nil || strings.Contains(logged, warning) {
		t.Errorf("encrypted: got error %v and the log %q, want none", err, logged)
	}
}

func TestWhatIsLeftWhereEncryptionIsRequired(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"host=db sslmode=disable":                               "none",
		"host=db sslmode=allow":                                 "db encrypted",
		"host=db sslmode=prefer":                                "db encrypted",
		"host=db sslmode=require":                               "db encrypted",
		"host=localhost sslmode=disable":                        "localhost plain",
		"host=127.0.0.1 sslmode=disable":                        "127.0.0.1 plain",
		"host=::1 sslmode=disable":                              "::1 plain",
		"host=/var/run sslmode=disable":                         "/var/run plain",
		"host=10.0.0.1 sslmode=disable":                         "none",
		"host=localhost.example sslmode=disable":                "none",
		"host=db,localhost sslmode=disable":                     "localhost plain",
		"host=db,other sslmode=prefer port=1":                   "db encrypted, other encrypted",
		"postgres://db/x?sslmode=disable":                       "none",
		"Host=db;SSL Mode=Disable":                              "none",
		"Host=db;SSL Mode=Prefer;Trust Server Certificate=true": "db encrypted",
	} {
		said, err := dsn.Parse(text)
		check.Mustf(t, err, "%s", text)
		config, err := said.Config()
		check.Mustf(t, err, "%s", text)
		got := "none"
		if err := onlyEncrypted(config); err == nil {
			kind := map[bool]string{true: " plain", false: " encrypted"}
			places := []string{config.Host + kind[config.TLSConfig == nil]}
			for _, other := range config.Fallbacks {
				places = append(places, other.Host+kind[other.TLSConfig == nil])
			}
			got = strings.Join(places, ", ")
		}
		check.Equal(t, text, want, got)
	}
}
