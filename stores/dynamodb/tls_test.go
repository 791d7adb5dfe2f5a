package dynamodb

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAServerThatIsNotEncryptedIsWarnedOfOrRefused(t *testing.T) {
	t.Parallel()
	const warning = "requests to another machine are not encrypted"
	for url, plain := range map[string]bool{
		"http://db.example:8000": true, "http://10.0.0.1": true, "http://localhost:1": false, "http://127.0.0.1:1": false,
		"http://[::1]:1": false, "https://db.example": false, "http://localhost.example": true,
	} {
		for _, required := range []bool{false, true} {
			var logged bytes.Buffer
			config := Config{
				ServiceURL: url, AccessKeyID: "k", SecretAccessKey: "s", Table: "hotel", RequireTLS: required,
				Logger: slog.New(slog.NewTextHandler(&logged, nil)),
			}
			_, release, err := config.connect(t.Context())
			if err == nil {
				release()
			}
			setup, _ := errors.AsType[*SetupError](err)
			if refused := setup != nil && setup.Problem == NotEncrypted && strings.Contains(setup.Error(), "write https"); refused != (plain && required) {
				t.Errorf("%s, required %t: got %v", url, required, err)
			}
			if warned := strings.Contains(logged.String(), warning); warned != (plain && !required) {
				t.Errorf("%s, required %t: got the log %q", url, required, &logged)
			}
		}
	}
}

func TestACertificateOfDynamoDBThatIsNotAcceptedIsForAPerson(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	_, err := Open(t.Context(), Config{ServiceURL: server.URL, AccessKeyID: "k", SecretAccessKey: "s", Table: "hotel", Retries: -1})
	setup, ok := errors.AsType[*SetupError](err)
	if !ok || setup.Problem != BadCertificate || !setup.NeedsPerson() || !strings.Contains(setup.Error(), "issued by an authority that is not trusted here") {
		t.Errorf("got %v, want %q and what to do", err, BadCertificate)
	}
}
