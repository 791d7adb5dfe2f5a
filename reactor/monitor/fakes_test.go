package monitor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixed is a reactor that is always at the same.
type fixed struct {
	status reactor.Status
	err    error
}

func (f fixed) Status(context.Context) (reactor.Status, error) { return f.status, f.err }

// noon is the time of the fixed statuses.
func noon() time.Time { return time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC) }

func ago(d time.Duration) time.Time { return noon().Add(-d) }

var errBoom = errors.New("boom")

// stream is the stream with the given id.
func stream(id string) es.StreamName {
	name, err := es.NewStreamName("Stream", id)
	if err != nil {
		panic(err)
	}
	return name
}

// equal fails the test unless both are the same.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	check.Equal(t, what, want, got)
}
