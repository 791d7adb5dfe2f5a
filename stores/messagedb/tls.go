package messagedb

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// onThisMachine tells whether what is sent to a host stays on this machine: it is a
// socket, or an address of the machine itself.
func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" || ip != nil && ip.IsLoopback()
}

// onlyEncrypted leaves out what would be sent to another machine without TLS. It
// is an error if nothing is left.
func onlyEncrypted(config *pgx.ConnConfig) error {
	places := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	safe := slices.DeleteFunc(slices.Clone(places), func(p *pgconn.FallbackConfig) bool { return p.TLSConfig == nil && !onThisMachine(p.Host) })
	if len(safe) == 0 {
		return errors.New("encryption is required, and its sslmode goes without: write sslmode=verify-full, or SSL Mode=VerifyFull in Npgsql's form")
	}
	config.Host, config.Port, config.TLSConfig, config.Fallbacks = safe[0].Host, safe[0].Port, safe[0].TLSConfig, safe[1:]
	return nil
}

// plainness says once for each use that its connections are not encrypted.
type plainness struct {
	log  *slog.Logger
	mu   sync.Mutex
	said map[Use]bool
}

// look looks at a new connection.
func (p *plainness) look(conn *pgx.Conn, use Use) {
	if p == nil {
		return
	}
	net := conn.PgConn().Conn()
	_, encrypted := net.(*tls.Conn)
	if encrypted || onThisMachine(conn.Config().Host) || onThisMachine(hostOf(net.RemoteAddr())) {
		return
	}
	p.mu.Lock()
	again := p.said[use]
	p.said[use] = true
	p.mu.Unlock()
	if !again {
		p.log.Warn("the connection to another machine is not encrypted: whoever is in between reads and changes what they like; "+
			"sslmode=verify-full in the connection string encrypts it, and requiring TLS refuses any other",
			"connection", use, "host", conn.Config().Host)
	}
}

func hostOf(address net.Addr) string {
	if address.Network() == "unix" {
		return ""
	}
	host, _, _ := net.SplitHostPort(address.String())
	return cmp.Or(host, "unknown")
}

// certificateError says what is wrong with a certificate, and what to do, if that is
// why a connection could not be made.
func certificateError(err error) (advice string, found bool) {
	host := "the server"
	if connecting, ok := errors.AsType[*pgconn.ConnectError](err); ok && connecting.Config.Host != "" {
		host = connecting.Config.Host
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		by := "an authority"
		if unknown.Cert != nil && unknown.Cert.Issuer.String() != "" {
			by = fmt.Sprintf("%q", unknown.Cert.Issuer)
		}
		return fmt.Sprintf("the certificate of %s was issued by %s, which is not trusted here: "+
			"name a file with its root certificate in sslrootcert (Root Certificate in Npgsql's form), or in PGSSLROOTCERT", host, by), true
	}
	if other, ok := errors.AsType[x509.HostnameError](err); ok {
		names := other.Certificate.DNSNames
		for _, ip := range other.Certificate.IPAddresses {
			names = append(names, ip.String())
		}
		return fmt.Sprintf("the certificate is not for %s, but for %s: "+
			"connect to the server by a name that is in its certificate, or ask for no more than sslmode=verify-ca, which does not look at the name",
			other.Host, cmp.Or(strings.Join(names, ", "), "no name at all")), true
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		why := "is not one that a server may use"
		if invalid.Reason == x509.Expired && invalid.Cert != nil {
			why = fmt.Sprintf("is valid from %s to %s, and it is %s now: replace it, or set the clock of this machine right",
				invalid.Cert.NotBefore.UTC().Format(time.RFC3339), invalid.Cert.NotAfter.UTC().Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339))
		}
		return fmt.Sprintf("the certificate of %s %s", host, why), true
	}
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	return fmt.Sprintf("the certificate of %s cannot be verified: look at sslmode and sslrootcert in the connection string", host), unverified
}

// refusedTLS tells whether the server speaks no TLS. The driver has no type for that.
func refusedTLS(err error) bool {
	return strings.Contains(err.Error(), "server refused TLS connection")
}
