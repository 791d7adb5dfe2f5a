package provision

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"example.com/groupcheckout/internal/check"
)

func TestADatabaseOfOnesOwn(t *testing.T) {
	t.Parallel()
	server := bringUp(t, MessageDB, Options{Way: Local})
	query[int64](t, server.ConnectionString, write) // the server's own has something in it, and somebody on it
	own := make([]*Server, 3)
	var all sync.WaitGroup
	for i := range own {
		all.Go(func() {
			var err error
			if own[i], err = server.NewDatabase(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, database := range own {
		testServer(t, database)
		// What the role is given in one database counts there alone.
		check.Equal(t, "messages", 1, query[int](t, database.ConnectionString, "SELECT count(*) FROM message_store.messages"))
		if !strings.HasPrefix(database.How, server.How+", database ") {
			t.Errorf("how: got %q, want it to begin with %q", database.How, server.How)
		}
	}
	const left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'groupcheckout_own_%'"
	for i, database := range own { // whose connections of above are still open
		for range 2 {
			check.OKf(t, database.Close(), "close")
		}
		if got, want := query[int](t, server.AdminConnectionString, left), len(own)-1-i; got != want {
			t.Errorf("got %d databases after %d were closed, want %d", got, i+1, want)
		}
	}
	query[int64](t, server.ConnectionString, write)
}

func TestADatabaseOnAServerThatStaysUpLeavesNothing(t *testing.T) {
	t.Parallel()
	up := bringUp(t, MessageDB, Options{Way: Local})
	server := bringUp(t, MessageDB, asAddress(up))
	database, err := server.NewDatabase(t.Context())
	check.Must(t, err)
	another, err := database.NewDatabase(t.Context()) // one of the same server
	check.Must(t, err)
	check.OKf(t, errors.Join(another.Close(), database.Close(), server.Close()), "close")
	check.Equal(t, "databases left behind", 0, query[int](t, up.AdminConnectionString, "SELECT count(*) FROM pg_database WHERE datname LIKE 'groupcheckout_%'"))
}

func TestADatabaseNeedsASuperuser(t *testing.T) {
	t.Parallel()
	server := &Server{ConnectionString: "postgres://message_store:geheim123@localhost/message_store"}
	_, made := server.NewDatabase(t.Context())
	for what, err := range map[string]error{"a database": made, "shared checkpoints": server.ShareCheckpoints(t.Context(), "checkpoints")} {
		if !errors.Is(err, ErrNoAdmin) || !strings.Contains(err.Error(), EnvAdminConnectionString) || strings.Contains(err.Error(), "geheim123") {
			t.Errorf("%s: got error %v, want one that names %s and no password", what, err, EnvAdminConnectionString)
		}
	}
}

func TestCheckpointsAreShared(t *testing.T) {
	t.Parallel()
	server := bringUp(t, MessageDB, Options{Way: Local})
	check.Fails(t, server.ShareCheckpoints(t.Context(), "nowhere"), "nowhere")
	check.Must(t, server.administer(t.Context(), `CREATE SCHEMA "Checkpoints"`, `CREATE TABLE "Checkpoints".propulsion_checkpoint (position bigint)`))
	check.Must(t, server.ShareCheckpoints(t.Context(), "Checkpoints"))
	if got := query[int](t, server.ConnectionString, `INSERT INTO "Checkpoints".propulsion_checkpoint VALUES (7) RETURNING position`); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
}
