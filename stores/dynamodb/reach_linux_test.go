package dynamodb

import (
	"net"
	"net/http"
	"syscall"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/reach"
)

// A machine that is gone without a word is found out by the connection: whoever asks has
// requests to repeat, and would meet one connection of before after the other.
func TestConnectionsBreakWhereNothingIsReceived(t *testing.T) {
	t.Parallel()
	config := Config{ServiceURL: "http://localhost:1", AccessKeyID: "k", SecretAccessKey: "s", Table: "hotel"}
	client, release, err := config.connect(t.Context())
	check.Must(t, err)
	defer release()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check.Must(t, err)
	defer listener.Close() //nolint:errcheck // nothing was written to it
	transport := client.Options().HTTPClient.(*http.Client).Transport.(*http.Transport)
	conn, err := transport.DialContext(t.Context(), "tcp", listener.Addr().String())
	check.Must(t, err)
	defer conn.Close() //nolint:errcheck // nothing was written to it
	raw, err := conn.(*net.TCPConn).SyscallConn()
	check.Must(t, err)
	const userTimeout = 0x12
	got := 0
	var failed error
	err = raw.Control(func(fd uintptr) { got, failed = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout) })
	if err != nil || failed != nil || got != int(reach.Receipt.Milliseconds()) {
		t.Errorf("got %d ms, and the errors %v and %v, want %s", got, err, failed, reach.Receipt)
	}
}
