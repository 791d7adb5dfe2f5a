package provision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/wait"

	"example.com/groupcheckout/harness/internal/guarded"
)

const (
	// containerLimit bounds the whole way, of which pulling the image may be
	// the longest part.
	containerLimit = 5 * time.Minute
	// startLimit bounds the time from the start of a server until it answers.
	startLimit = time.Minute
)

// started is a container that runs.
type started struct {
	container  *testcontainers.DockerContainer
	host, port string // where its port is published
}

// startContainer runs a container of the image of the options and waits until
// it is ready. The port is the one that the image publishes, such as 5432/tcp.
func startContainer(
	ctx context.Context, options Options, port string, ready wait.Strategy, more ...testcontainers.ContainerCustomizer,
) (*started, error) {
	if err := dockerAnswers(ctx); err != nil {
		return nil, err
	}
	options.Log.InfoContext(ctx, "starting a container", "image", options.Image)
	return heeding(ctx, libraryGrace, func(ctx context.Context) (*started, error) {
		return runContainer(ctx, options.Image, port, ready, more...)
	}, func(late *started) { _ = late.stop() }) // nobody is left to hear of it
}

// runContainer is startContainer with an engine that answers.
func runContainer(
	ctx context.Context, image, port string, ready wait.Strategy, more ...testcontainers.ContainerCustomizer,
) (_ *started, err error) {
	container, err := testcontainers.Run(ctx, image, append([]testcontainers.ContainerCustomizer{
		testcontainers.WithLogger(tclog.NewNoopLogger()),
		testcontainers.WithExposedPorts(port),
		testcontainers.WithWaitStrategyAndDeadline(startLimit, ready),
	}, more...)...)
	s := &started{container: container}
	if err != nil {
		return nil, s.failed(fmt.Errorf("run a container of the image %s: %w%s", image, err, s.tail()))
	}
	if s.host, err = container.Host(ctx); err != nil {
		return nil, s.failed(fmt.Errorf("find the container's address: %w", err))
	}
	mapped, err := container.MappedPort(ctx, port)
	if err != nil {
		return nil, s.failed(fmt.Errorf("find the container's port: %w", err))
	}
	s.port = mapped.Port()
	return s, nil
}

// removeLimit bounds the stop of a container and its removal.
const removeLimit = 2 * guarded.StopLimit

// stop stops the container, if there is one, and removes it.
func (s *started) stop() error {
	if s == nil || s.container == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), removeLimit)
	defer cancel()
	_, err := heeding(ctx, 0, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, testcontainers.TerminateContainer(s.container, testcontainers.StopTimeout(guarded.StopLimit), testcontainers.StopContext(ctx))
	}, func(struct{}) {})
	return err
}

// failed stops the container and returns why it is of no use.
func (s *started) failed(err error) error { return errors.Join(err, s.stop()) }

// tail returns the last lines that the container wrote, on lines of their own,
// or "" if there is no container.
func (s *started) tail() string {
	if s.container == nil {
		return ""
	}
	// The caller's context may be over; this one is short.
	ctx, cancel := context.WithTimeout(context.Background(), guarded.StopLimit)
	defer cancel()
	log, err := s.container.Logs(ctx)
	if err != nil {
		return ""
	}
	defer log.Close() //nolint:errcheck // it was only read from
	text, err := io.ReadAll(log)
	if err != nil || len(text) == 0 {
		return ""
	}
	return "\n" + lastLines(string(text), guarded.TailLength)
}
