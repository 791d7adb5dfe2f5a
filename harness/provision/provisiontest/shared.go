package provisiontest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/internal/check"
)

// NoSkip is the variable of the environment that is set where a missing server is
// a fault, and not the machine's nature: in CI.
const NoSkip = "PROVISION_NO_SKIP"

// Server is what can be shared.
type Server interface{ Close() error }

// Shared is a server that tests share. Calls may overlap, but for Close.
type Shared[S Server] struct {
	up     func() (S, error) // brings it up, once
	asked  bool
	asking sync.Mutex
}

// MessageDB shares a Message DB, brought up in whatever way works.
func MessageDB() *Shared[*provision.Server] {
	return share(func() (*provision.Server, error) {
		return provision.MessageDB(context.Background(), provision.Options{})
	})
}

// DynamoDB shares a DynamoDB, brought up in whatever way works.
func DynamoDB() *Shared[*provision.DynamoDBServer] {
	return share(func() (*provision.DynamoDBServer, error) {
		return provision.DynamoDB(context.Background(), provision.Options{})
	})
}

func share[S Server](up func() (S, error)) *Shared[S] {
	return &Shared[S]{up: sync.OnceValues(up)}
}

// Get returns the server. Where none can be had it skips the test, unless the
// environment forbids that, see [NoSkip]. A server that could be had and does not
// come up fails it.
func (s *Shared[S]) Get(t testing.TB) S {
	t.Helper()
	server, err := s.get()
	var unavailable *provision.UnavailableError
	switch {
	case err == nil:
	case errors.As(err, &unavailable) && os.Getenv(NoSkip) == "":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
	return server
}

// Require returns the server, and fails the test where none can be had.
func (s *Shared[S]) Require(t testing.TB) S {
	t.Helper()
	server, err := s.get()
	check.Must(t, err)
	return server
}

func (s *Shared[S]) get() (S, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	s.asked = true
	return s.up()
}

// Close takes the server down, if a test has asked for it and it came up. It is
// for when all tests are over.
func (s *Shared[S]) Close() error {
	s.asking.Lock()
	defer s.asking.Unlock()
	if !s.asked {
		return nil
	}
	server, err := s.up()
	if err != nil {
		return nil // those who asked were told
	}
	return server.Close()
}
