package provision

import (
	"context"
	"errors"
	"slices"
	"testing"

	"example.com/groupcheckout/internal/check"
)

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
