package provision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver that the wait strategy names
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/wait"
)

const (
	// containerLimit bounds the whole way, of which pulling the image may be
	// the longest part.
	containerLimit = 5 * time.Minute
	// startLimit bounds the time from the start of the container until the
	// schema is there.
	startLimit = time.Minute
	// containerPort is the port that the image publishes.
	containerPort = "5432/tcp"
	// containerAdmin is the superuser of the image, and its password if the
	// image sets up its data only now.
	containerAdmin = "postgres"
)

// messageDBContainer runs a container of an image that holds PostgreSQL and
// the schema.
func messageDBContainer(ctx context.Context, options Options) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, containerLimit)
	defer cancel()
	if err := dockerAnswers(ctx); err != nil {
		return nil, err
	}
	options.Log.InfoContext(ctx, "starting a container", "image", options.Image)

	urlOf := func(user, password, host string, port network.Port) string {
		return postgresURL(user, password, net.JoinHostPort(host, port.Port()), database)
	}
	ready := wait.ForSQL(containerPort, "pgx", func(host string, port network.Port) string {
		return urlOf(messageStore, "", host, port)
	}).WithQuery("SELECT message_store.message_store_version()")
	container, err := testcontainers.Run(ctx, options.Image,
		testcontainers.WithLogger(tclog.NewNoopLogger()),
		testcontainers.WithExposedPorts(containerPort),
		// An image that sets up its data when it is built ignores these, and
		// has let everybody in without a password since then.
		testcontainers.WithEnv(map[string]string{
			"POSTGRES_PASSWORD":         containerAdmin,
			"POSTGRES_HOST_AUTH_METHOD": "trust",
		}),
		testcontainers.WithWaitStrategyAndDeadline(startLimit, ready),
	)
	stop := func() error {
		return testcontainers.TerminateContainer(container, testcontainers.StopTimeout(stopLimit))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, stop())
		}
	}()
	if err != nil {
		return nil, fmt.Errorf("run a container of the image %s: %w%s", options.Image, err, containerTail(container))
	}

	host, err := container.Host(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the container's address: %w", err)
	}
	port, err := container.MappedPort(ctx, containerPort)
	if err != nil {
		return nil, fmt.Errorf("find the container's port: %w", err)
	}
	server := &Server{ConnectionString: urlOf(messageStore, "", host, port), stop: stop}
	found, err := inspect(ctx, server.ConnectionString)
	if err != nil {
		return nil, err
	}
	server.How = fmt.Sprintf("a container of the image %s: %s, port %s", options.Image, found.versions(), port.Port())

	admin := urlOf(containerAdmin, containerAdmin, host, port)
	if _, err := inspect(ctx, admin); err != nil {
		options.Log.WarnContext(ctx, "the image has another superuser than expected; going on without one",
			"expected", containerAdmin, "reason", err)
		return server, nil
	}
	server.AdminConnectionString = admin
	if !options.Durable {
		if err := relaxDurability(ctx, admin); err != nil {
			return nil, err
		}
	}
	return server, nil
}

// dockerAnswers returns an error if there is no Docker engine to talk to.
func dockerAnswers(ctx context.Context) error {
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(tclog.NewNoopLogger()))
	if err == nil {
		err = errors.Join(provider.Health(ctx), provider.Close())
	}
	if err != nil {
		return fmt.Errorf("no Docker engine answers: %w", err)
	}
	return nil
}

// relaxDurability tells a running server to leave flushing to the operating
// system. The image's entry point takes no settings for the server, so they
// are changed afterwards.
func relaxDurability(ctx context.Context, adminURL string) error {
	return run(ctx, adminURL, func(conn *pgx.Conn) error {
		for _, statement := range []string{
			"ALTER SYSTEM SET fsync = off",
			"ALTER SYSTEM SET synchronous_commit = off",
			"ALTER SYSTEM SET full_page_writes = off",
			"SELECT pg_reload_conf()",
		} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

// containerTail returns the last lines that a container wrote, on lines of
// their own, or "" if there is no container.
func containerTail(container *testcontainers.DockerContainer) string {
	if container == nil {
		return ""
	}
	// The caller's context may be over; this one is short.
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	log, err := container.Logs(ctx)
	if err != nil {
		return ""
	}
	defer log.Close() //nolint:errcheck // it was only read from
	text, err := io.ReadAll(log)
	if err != nil || len(text) == 0 {
		return ""
	}
	return "\n" + lastLines(string(text), tailLength)
}
