package dynamodb

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
)

// checkEncryption looks at where requests go to. What would go to another machine
// without TLS is refused if that is required, and warned of otherwise.
func (c Config) checkEncryption(endpoint *string, log *slog.Logger) error {
	if endpoint == nil {
		return nil // AWS, by its own address
	}
	at, err := url.Parse(*endpoint)
	if err != nil || at.Scheme != "http" {
		return nil //nolint:nilerr // the client says what is wrong with it
	}
	if ip := net.ParseIP(at.Hostname()); at.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	if c.RequireTLS {
		return &SetupError{Problem: NotEncrypted, Err: fmt.Errorf("encryption is required, and requests would go to http://%s: write https", at.Host)}
	}
	if log != nil {
		log.Warn("requests to another machine are not encrypted: whoever is in between reads and changes what they like; "+
			"a service URL that begins with https encrypts them, and requiring TLS refuses any other", "host", at.Host)
	}
	return nil
}

// certificateAdvice says what to do about a certificate, if that is why a request failed.
func certificateAdvice(err error) (advice string, found bool) {
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		return "the certificate of the server was issued by an authority that is not trusted here: install its root certificate on this machine, or name its file in SSL_CERT_FILE", true
	}
	if other, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("the certificate is not for %s, but for %v: name the server in the service URL as its certificate does", other.Host, other.Certificate.DNSNames), true
	}
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	return "the certificate of the server cannot be verified: is it out of date, or the clock of this machine wrong?", unverified
}
