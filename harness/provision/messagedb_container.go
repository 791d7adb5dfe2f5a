package provision

import (
	"context"
	"fmt"
	"net"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that the wait strategy names
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

const (
	// postgresPort is the port that the image publishes.
	postgresPort = "5432/tcp"
	// containerAdmin is the superuser of the image, and its password if the
	// image sets up its data only now.
	containerAdmin = "postgres"
)

// messageDBContainer runs a container of an image that holds PostgreSQL and
// the schema.
func messageDBContainer(ctx context.Context, options Options) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, containerLimit)
	defer cancel()
	urlOf := func(user, password, host, port string) string {
		return postgresURL(user, password, net.JoinHostPort(host, port), database)
	}
	started, err := startContainer(ctx, options, postgresPort,
		wait.ForSQL(postgresPort, "pgx", func(host string, port network.Port) string {
			return urlOf(messageStore, "", host, port.Port())
		}).WithQuery("SELECT message_store.message_store_version()"),
		// An image that sets up its data when it is built ignores these, and
		// has let everybody in without a password since then.
		testcontainers.WithEnv(map[string]string{
			"POSTGRES_PASSWORD":         containerAdmin,
			"POSTGRES_HOST_AUTH_METHOD": "trust",
		}))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = started.failed(err)
		}
	}()
	server := &Server{
		ConnectionString: urlOf(messageStore, "", started.host, started.port),
		closing:          closing{stop: started.stop},
	}
	found, err := inspect(ctx, server.ConnectionString)
	if err != nil {
		return nil, err
	}
	server.How = fmt.Sprintf("a container of the image %s: %s, port %s", options.Image, found.versions(), started.port)

	admin := urlOf(containerAdmin, containerAdmin, started.host, started.port)
	if _, err := inspect(ctx, admin); err != nil {
		options.Log.WarnContext(ctx, "the image has another superuser than expected; going on without one",
			"expected", containerAdmin, "reason", err)
		return server, nil
	}
	server.AdminConnectionString = admin
	if options.Durable {
		return server, nil
	}
	// The server is to leave flushing to the operating system. The image's entry
	// point takes no settings for it, so they are changed afterwards.
	return server, server.administer(ctx,
		"ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET synchronous_commit = off", "ALTER SYSTEM SET full_page_writes = off",
		"SELECT pg_reload_conf()")
}
