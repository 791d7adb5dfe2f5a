package provision

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"example.com/groupcheckout/harness/internal/guarded"
)

// localPostgres is what a server that runs as processes of this machine is made with.
type localPostgres struct {
	bin     string
	as      *guarded.Account
	options Options
}

// NewReplica brings up a server that follows this one, which was brought up here as
// processes of this machine; otherwise, or where PostgreSQL comes without pg_basebackup,
// the error is [errors.ErrUnsupported]. Whoever asked for it closes it. It takes over
// with SELECT pg_promote(). Its connection strings lead to the same database as those
// of the server, or of the database, that it is asked of.
func (s *Server) NewReplica(ctx context.Context) (_ *Server, err error) {
	origin := s
	if s.parent != nil {
		origin = s.parent
	}
	made := origin.local
	if made == nil {
		return nil, fmt.Errorf("a replica of a server that was not brought up here as local processes: %w", errors.ErrUnsupported)
	}
	tool := filepath.Join(made.bin, "pg_basebackup")
	if !exists(tool) {
		return nil, fmt.Errorf("a replica without %s: %w", tool, errors.ErrUnsupported)
	}
	dir, err := os.MkdirTemp("", "groupcheckout-pg-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the replica: %w", err)
	}
	remove := func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			err = errors.Join(err, remove())
		}
	}()
	if err := giveAway(dir, made.as); err != nil {
		return nil, err
	}
	copying, err := guarded.Program{
		CommandLine: []string{
			tool, "--dbname=" + origin.AdminConnectionString, "--pgdata=" + filepath.Join(dir, "data"),
			"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync",
		},
		Dir: dir, As: made.as, StopSignal: "TERM",
	}.Start()
	if err != nil {
		return nil, err
	}
	err = copying.AwaitEnd(ctx)
	if err = errors.Join(err, copying.Stop()); err != nil {
		return nil, fmt.Errorf("copy the server with %s: %w", tool, err)
	}
	server, port, err := startPostgresThat(ctx, "database system is ready to accept read-only connections", made.as, made.bin, dir, made.options)
	if err != nil {
		return nil, err
	}
	return &Server{
		ConnectionString:      atPort(s.ConnectionString, port),
		AdminConnectionString: atPort(s.AdminConnectionString, port),
		How:                   fmt.Sprintf("a replica, port %d", port),
		closing:               closing{stop: func() error { return errors.Join(server.Stop(), remove()) }},
	}, nil
}

// atPort is a connection string that leads to another port of this machine.
func atPort(connection string, port int) string {
	u, err := url.Parse(connection)
	if err != nil {
		return "" // ours are URLs
	}
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return u.String()
}
