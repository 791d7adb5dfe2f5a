package harness_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/messagedb"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps/hotel"
)

// TestAnAddressWithoutAnAdministratorWillDo gives the harness what a hotel's
// program has: the connection string of the role message_store.
//
//nolint:paralleltest // it changes the environment
func TestAnAddressWithoutAnAdministratorWillDo(t *testing.T) {
	server, err := provision.MessageDB(t.Context(), provision.Options{})
	check.Must(t, err)
	t.Cleanup(func() { check.OK(t, server.Close()) })
	t.Setenv(provision.EnvConnectionString, server.ConnectionString)
	t.Setenv(provision.EnvAdminConnectionString, "")
	t.Setenv("MDB_SCHEMA", "")

	h, err := harness.Open(t.Context(), harness.Options{System: hotel.System(), Store: messagedb.Store(), Way: "address"})
	h = opened(t, h, err)
	if !strings.Contains(h.How(), "checkpoints in memory") {
		t.Errorf("got %q, want it to say where the checkpoints are", h.How())
	}
	w, group := world(t, h, true), domain.GroupID(uuid.New())
	check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 3), at()))
	check.Must(t, w.Eventually(t.Context(), merged(w, group, 3)))
}
