package provision

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/groupcheckout/internal/check"
)

// limit bounds whatever waits for a server. It is never reached when all is
// well.
const limit = 2 * time.Minute

// killedHelper is set, to a kind of server, in a process that a test starts from
// this same test binary in order to kill it.
const killedHelper = "PROVISION_TEST_KILLED_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(killedHelper) {
	case "messagedb":
		server, err := MessageDB(context.Background(), Options{Way: Local})
		hold(err, func() string { return server.ConnectionString })
	case "dynamodb":
		server, err := DynamoDB(context.Background(), Options{Way: Local})
		hold(err, func() string { return server.ServiceURL })
	}
	status := m.Run()
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// hold prints the address of a server that was brought up, and waits to be killed.
func hold(err error, address func() string) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(address())
	select {}
}

// held brings up a local server of a kind in another process, and returns its
// address, which begins with scheme, and what kills that process.
func held(ctx context.Context, t *testing.T, kind, scheme string) (address string, kill func()) {
	t.Helper()
	self, err := os.Executable()
	check.Must(t, err)
	helper := exec.CommandContext(ctx, self)
	helper.Env = append(os.Environ(), killedHelper+"="+kind)
	output, err := helper.StdoutPipe()
	check.Must(t, err)
	check.Must(t, helper.Start())
	address, err = bufio.NewReader(output).ReadString('\n')
	if err != nil || !strings.HasPrefix(address, scheme) {
		t.Fatalf("the helper said %q, error %v", address, err)
	}
	return strings.TrimSpace(address), func() {
		t.Helper()
		check.Must(t, helper.Process.Kill())
		_ = helper.Wait() // it was killed
	}
}

// server is one of any kind.
type server interface {
	fmt.Stringer
	Close() error
	Environment() []string
}

// bringUp brings up a server for the length of a test.
func bringUp[S server](t *testing.T, kind func(context.Context, Options) (S, error), options Options) S {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	up, err := kind(ctx, options)
	check.Must(t, err)
	t.Cleanup(func() { check.OKf(t, up.Close(), "close") })
	return up
}

// inEnvironment is the address that an environment names.
func inEnvironment(environment map[string]string) Options {
	return Options{Way: Address, getenv: func(name string) string { return environment[name] }}
}

// asAddress is the address of a server that is up.
func asAddress(up server) Options {
	environment := map[string]string{}
	for _, variable := range up.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		environment[name] = value
	}
	return inEnvironment(environment)
}

// address is a case of a server that is used where it is, rightly or wrongly. What
// is secret in it is Sesame.
type address struct {
	name        string
	environment map[string]string
	how         string // a part of it
	err         string // a part of it; empty if there is to be none
}

// testAddresses checks what is found at addresses.
func testAddresses[S server](t *testing.T, kind func(context.Context, Options) (S, error), addresses []address, check func(t *testing.T, a address, got S)) {
	t.Helper()
	for _, a := range addresses {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			if a.err == "" {
				got := bringUp(t, kind, inEnvironment(a.environment))
				if !strings.Contains(got.String(), a.how) {
					t.Errorf("got how %q, want %q in it", got, a.how)
				}
				check(t, a, got)
				return
			}
			_, err := kind(t.Context(), inEnvironment(a.environment))
			if err == nil || !strings.Contains(err.Error(), a.err) {
				t.Fatalf("got error %v, want one with %q", err, a.err)
			}
			if strings.Contains(err.Error(), "Sesame") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}
