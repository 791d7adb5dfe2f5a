package provision

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
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
func testAddresses[S server](t *testing.T, kind func(context.Context, Options) (S, error), addresses []address, each func(t *testing.T, a address, got S)) {
	t.Helper()
	for _, a := range addresses {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			if a.err == "" {
				got := bringUp(t, kind, inEnvironment(a.environment))
				check.Contains(t, got.String(), a.how)
				each(t, a, got)
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

// ways returns attempts at all three ways that fail with the given errors, or
// bring up a "server" that is the name of its way. It also returns where the
// calls are noted.
func ways(failures map[Way]error) ([]attempt[Way], *[]Way) {
	var called []Way
	attempts := make([]attempt[Way], 0, 3)
	for _, way := range []Way{Address, Container, Local} {
		attempts = append(attempts, attempt[Way]{way: way, bringUp: func(context.Context, Options) (Way, error) {
			called = append(called, way)
			return way, failures[way]
		}})
	}
	return attempts, &called
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	tests := []struct {
		name     string
		asked    Way
		failures map[Way]error
		calls    []Way
		got      Way // empty: an error is expected
	}{
		{"the first way that works is used", "", nil, []Way{Address}, Address},
		{"an address that nobody gave is passed over", "", map[Way]error{Address: errNotConfigured}, []Way{Address, Container}, Container},
		{"an address that does not work ends it", "", map[Way]error{Address: broken}, []Way{Address}, ""},
		{"without a container it is local", "", map[Way]error{Address: errNotConfigured, Container: broken}, []Way{Address, Container, Local}, Local},
		{"only the way that was asked for is tried", Local, nil, []Way{Local}, Local},
		{"a way that was asked for is not replaced", Container, map[Way]error{Container: broken}, []Way{Container}, ""},
		{"an address that was asked for must be there", Address, map[Way]error{Address: errNotConfigured}, []Way{Address}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			attempts, calls := ways(test.failures)
			got, err := inOrder(t.Context(), Options{Way: test.asked}, attempts)
			check.Same(t, "ways tried", test.calls, *calls)
			if test.got == "" {
				if want := test.failures[test.calls[0]]; !errors.Is(err, want) {
					t.Errorf("got error %v, want one that wraps %v", err, want)
				}
				if errors.As(err, new(*UnavailableError)) {
					t.Errorf("got error %v, want the way's own and nothing of other ways", err)
				}
				return
			}
			if err != nil || got != test.got {
				t.Errorf("got %q and error %v, want %q", got, err, test.got)
			}
		})
	}
}

func TestWhereNoWayWorksTheErrorNamesAllThree(t *testing.T) {
	t.Parallel()
	attempts, _ := ways(map[Way]error{
		Address:   errNotConfigured,
		Container: errors.New("no engine"),
		Local:     errors.New("no binaries\nat all"),
	})
	_, err := inOrder(t.Context(), Options{}, attempts)
	want := `no way to a server works; mend one of these:
  address: not configured
  container: no engine
  local: no binaries
    at all`
	if unavailable, ok := errors.AsType[*UnavailableError](err); !ok || unavailable.Error() != want {
		t.Errorf("got error %q, want an *UnavailableError %q", err, want)
	}
	if !errors.Is(err, errNotConfigured) {
		t.Error("the error does not wrap the errors of the ways")
	}
}

func TestInOrderStopsWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	attempts, calls := ways(map[Way]error{Address: errNotConfigured, Container: errors.New("broken")})
	container := attempts[1].bringUp
	attempts[1].bringUp = func(ctx context.Context, options Options) (Way, error) {
		cancel()
		return container(ctx, options)
	}
	if got, err := inOrder(ctx, Options{}, attempts); err == nil {
		t.Errorf("got %q, want an error", got)
	}
	if slices.Contains(*calls, Local) {
		t.Errorf("ways tried: got %v, want none after the context ended", *calls)
	}
}

func TestAnUnknownWayIsRefused(t *testing.T) {
	t.Parallel()
	_, messageDB := MessageDB(t.Context(), Options{Way: "podman"})
	_, dynamoDB := DynamoDB(t.Context(), Options{Way: "podman"})
	for _, err := range []error{messageDB, dynamoDB} {
		check.Fails(t, err, `"podman"`)
	}
}

func TestTheImageComesFromTheOptionsElseTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ option, variable, want string }{
		{"", "", DefaultImage},
		{"", "ours", "ours"},
		{"mine", "ours", "mine"},
	} {
		options := inEnvironment(map[string]string{EnvImage: test.variable})
		options.Image = test.option
		options, err := options.withDefaults(EnvImage, DefaultImage)
		if err != nil || options.Image != test.want {
			t.Errorf("option %q, variable %q: got %q and error %v, want %q", test.option, test.variable, options.Image, err, test.want)
		}
	}
}
