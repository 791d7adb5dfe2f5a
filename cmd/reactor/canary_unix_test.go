//go:build unix

package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A reactor at work, whose password is right, tells it nowhere: not on its pages, not in
// its profiles, not in its log, and not in what it writes when it is made to crash.
func TestAReactorAtWorkTellsNoSecret(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	config, err := pgx.ParseConfig(env["MDB_CONNECTION_STRING"])
	if err != nil {
		t.Fatal("the connection string of the test is malformed")
	}
	secret := config.Password
	if secret == "" {
		t.Skip("the server takes no password")
	}
	// No key of the environment would be found either, wherever it may be needed.
	env["AWS_SECRET_ACCESS_KEY"], env["PGPASSWORD"] = secret, secret
	delete(env, "MDB_CONNECTION_STRING")
	npgsql := fmt.Sprintf("Host=%s;Port=%d;Username=%s;Password=%s;Database=%s", config.Host, config.Port, config.User, secret, config.Database)
	for name, args := range map[string][]string{
		"npgsql": {"-c", npgsql},
		"url":    {"-c", fmt.Sprintf("postgres://%s:%s@%s:%d/%s", config.User, url.QueryEscape(secret), config.Host, config.Port, config.Database)},
		"libpq":  {"-c", fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=%s", config.Host, config.Port, config.User, secret, config.Database)},
		"file":   {"--config", settingsText(t, fmt.Sprintf("mdb:\n  connection: %q\n", npgsql))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, env, append([]string{"run", "-g", "canary " + name, "-V", "--log-format", "json", "--listen", "127.0.0.1:0", "--pprof", "127.0.0.1:0", "mdb"}, args...)...)
			profiles := p.awaitLog(t, "serving profiles")["address"]
			pages := p.awaitLog(t, "serving the status page")["address"]
			p.awaitLog(t, "ready")
			for _, address := range []string{
				fmt.Sprintf("http://%s/", pages), fmt.Sprintf("http://%s/status.json", pages), fmt.Sprintf("http://%s/metrics", pages),
				fmt.Sprintf("http://%s/healthz", pages), fmt.Sprintf("http://%s/debug/pprof/cmdline", profiles),
				fmt.Sprintf("http://%s/debug/pprof/goroutine?debug=2", profiles), fmt.Sprintf("http://%s/debug/pprof/heap?debug=1", profiles),
			} {
				if status, body := get(t, address); status != 200 || body == "" || strings.Contains(body, secret) || strings.Contains(body, url.QueryEscape(secret)) {
					t.Errorf("%s: got status %d and a body of %d bytes, want 200 and no secret", filepath.Base(address), status, len(body))
				}
			}
			p.signal(t, syscall.SIGQUIT) // Go writes all its stacks
			<-p.ended
			if output := p.output(); !strings.Contains(output, "goroutine ") || strings.Contains(output, secret) {
				t.Errorf("it crashed, and told the secret, or nothing: %d bytes", len(output))
			}
		})
	}
}
