package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthIsWhatTheReactorAnswers(t *testing.T) {
	t.Parallel()
	answers := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			_, _ = w.Write([]byte("healthy\n"))
		case "/readyz":
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("not ready\nthe store cannot be reached\n"))
		default:
			<-r.Context().Done() // for ever
		}
	})
	plain, secure := httptest.NewServer(answers), httptest.NewTLSServer(answers)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	gone := httptest.NewServer(answers)
	gone.Close()
	for _, test := range []struct {
		name   string
		args   []string
		status int
		out    string
		errors string
	}{
		{"healthy", []string{"--url", plain.URL + "/healthz"}, statusDone, "healthy\n", ""},
		{"healthy over TLS", []string{"--url", secure.URL + "/healthz"}, statusDone, "healthy\n", ""},
		{"not ready", []string{"--url", plain.URL + "/readyz"}, statusFailure, "not ready\nthe store cannot be reached\n", "the reactor answers with status 503"},
		{"no answer", []string{"--url", plain.URL + "/slow", "--limit", "10ms"}, statusFailure, "", "does not answer"},
		{"nobody there", []string{"--url", gone.URL + "/healthz"}, statusFailure, "", "does not answer"},
		{"no limit", []string{"--limit", "0s"}, statusConfiguration, "", "--limit cannot be 0s"},
		{"no URL", []string{"--url", "localhost:8080"}, statusConfiguration, "", "--url has to be one like"},
		{"a password", []string{"--url", "http://u:" + secret + "@h/"}, statusConfiguration, "", "has another place"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			status, out, errors := call(t, nil, append([]string{"health"}, test.args...)...)
			if status != test.status || out != test.out || !strings.Contains(errors, test.errors) || test.errors == "" && errors != "" {
				t.Errorf("got status %d, %q and the error %q, want %d, %q and %q in it", status, out, errors, test.status, test.out, test.errors)
			}
			if strings.Contains(errors, secret) {
				t.Errorf("the error holds the password: %q", errors)
			}
		})
	}
}
