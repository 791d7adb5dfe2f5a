package process

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

// What all tests share comes up for the first that asks.
//
//nolint:gochecknoglobals // a server takes seconds to come up, and a program to be built
var (
	messageDBServer = shared[*provision.Server]{up: func(ctx context.Context) (*provision.Server, error) {
		return provision.MessageDB(ctx, provision.Options{})
	}}
	dynamoDBServer = shared[*provision.DynamoDBServer]{up: func(ctx context.Context) (*provision.DynamoDBServer, error) {
		return provision.DynamoDB(ctx, provision.Options{})
	}}
	reactorProgram = shared[string]{up: func(ctx context.Context) (string, error) { return Build(ctx, "groupcheckout/cmd/reactor") }}
)

type shared[S any] struct {
	up    func(context.Context) (S, error)
	once  sync.Once
	thing S
	err   error
	isUp  bool
}

// get returns what is shared. Where a server cannot be had the test is skipped,
// unless PROVISION_NO_SKIP forbids that.
func (s *shared[S]) get(t testing.TB) S {
	t.Helper()
	s.once.Do(func() {
		s.thing, s.err = s.up(context.Background())
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
	return s.thing
}

func TestMain(m *testing.M) {
	status := m.Run()
	var errs []error
	if messageDBServer.isUp {
		errs = append(errs, messageDBServer.thing.Close())
	}
	if dynamoDBServer.isUp {
		errs = append(errs, dynamoDBServer.thing.Close())
	}
	if err := errors.Join(errs...); err != nil {
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
