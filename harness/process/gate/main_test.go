package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"groupcheckout/harness/provision"
)

// patience limits every wait of these tests. It is never reached when all is
// well.
const patience = time.Minute

// The servers of all tests. Each comes up for the first that asks.
//
//nolint:gochecknoglobals // a server takes seconds to come up
var (
	messageDBServer = shared[*provision.Server]{up: provision.MessageDB}
	dynamoDBServer  = shared[*provision.DynamoDBServer]{up: provision.DynamoDB}
)

type shared[S interface{ Close() error }] struct {
	up     func(context.Context, provision.Options) (S, error)
	once   sync.Once
	server S
	err    error
	isUp   bool
}

// get returns the server. Where none can be had the test is skipped, unless
// PROVISION_NO_SKIP forbids that.
func (s *shared[S]) get(t testing.TB) S {
	t.Helper()
	s.once.Do(func() {
		s.server, s.err = s.up(context.Background(), provision.Options{})
		s.isUp = s.err == nil
	})
	var unavailable *provision.UnavailableError
	switch {
	case s.err == nil:
	case errors.As(s.err, &unavailable) && os.Getenv("PROVISION_NO_SKIP") == "":
		t.Skip(s.err)
	default:
		t.Fatal(s.err)
	}
	return s.server
}

func (s *shared[S]) close() error {
	if !s.isUp {
		return nil
	}
	return s.server.Close()
}

func TestMain(m *testing.M) {
	status := m.Run()
	if err := errors.Join(messageDBServer.close(), dynamoDBServer.close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// within returns a context that ends when the test's patience does.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}
