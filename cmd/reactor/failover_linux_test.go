package main

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/tried"
)

// bothHosts leads to whichever of two servers takes writes.
func bothHosts(t testing.TB, one, other string) string {
	t.Helper()
	first, err := url.Parse(one)
	check.Must(t, err)
	second, err := url.Parse(other)
	check.Must(t, err)
	query := first.Query()
	query.Set("target_session_attrs", "read-write")
	first.Host, first.RawQuery = first.Host+","+second.Host, query.Encode()
	return first.String()
}

// TestAFailOverThatLostCommitsIsRefused promotes a real replica that lacked the last
// groups, while the reactor runs and while it does not. The new leader outgrows the old
// one before anybody looks. The checkpoints are on a server of their own: on the one that
// fails they would be lost together with the groups.
func TestAFailOverThatLostCommitsIsRefused(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{true, false} {
		t.Run(fmt.Sprintf("running %t", running), func(t *testing.T) {
			t.Parallel()
			server := ownServer(t)
			env, admin := initialisedOn(t, server)
			h := openHotel(t, env)
			group := "test-" + uuid.NewString()
			elsewhere := []string{"-cp", initialised(t)["MDB_CONNECTION_STRING"]}
			onReplica, replicaAdmin := env["MDB_CONNECTION_STRING"], admin
			replicaOf(t, server, &onReplica, &replicaAdmin)
			both := maps.Clone(env)
			both["MDB_CONNECTION_STRING"] = bothHosts(t, env["MDB_CONNECTION_STRING"], onReplica)
			replica := connect(t, replicaAdmin)
			on := func(statement string) {
				check.Mustf(t, check.Error(replica.Exec(within(t), statement)), "%s", statement)
			}

			follow := func() (p *process) {
				p = start(t, both, append([]string{"run", "-g", group, "--log-format", "json", "--checkpoint-interval", "2s", "mdb", "-t", "10"}, elsewhere...)...)
				p.awaitLog(t, "ready")
				return p
			}
			saved := func() {
				end := h.end(t)
				eventually(t, "the checkpoint is saved", func() bool {
					_, out, _ := call(t, env, append([]string{"checkpoint", "-g", group, "mdb"}, elsewhere...)...)
					return strings.Contains(out, fmt.Sprintf("GroupCheckout   %d ", end))
				})
			}
			p := follow()
			kept := h.receive(t, 2)
			h.awaitMerged(t, h.selectStays(t, kept), kept)
			saved()
			var here string
			check.Must(t, connect(t, admin).QueryRow(within(t), "SELECT pg_current_wal_lsn()::text").Scan(&here))
			eventually(t, "the replica has it all", func() bool {
				var reached bool
				err := replica.QueryRow(within(t), "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", here).Scan(&reached)
				return err == nil && reached
			})
			on("ALTER SYSTEM SET primary_conninfo = ''")
			on("SELECT pg_reload_conf()")
			eventually(t, "the replica hears nothing more", func() bool {
				var receivers int
				err := replica.QueryRow(within(t), "SELECT count(*) FROM pg_stat_wal_receiver").Scan(&receivers)
				return err == nil && receivers == 0
			})
			lost := h.receive(t, 2)
			h.awaitMerged(t, h.selectStays(t, lost), lost)
			saved()
			if !running {
				p.signal(t, syscall.SIGTERM)
				p.awaitEnd(t)
			}

			check.Must(t, server.Close())
			on("SELECT pg_promote()")
			ofReplica := maps.Clone(env)
			ofReplica["MDB_CONNECTION_STRING"] = onReplica
			after := openHotel(t, ofReplica)
			stays := after.receive(t, 2)
			checkout := after.selectStays(t, stays)

			tried.Times(t, "Message DB", "fail-overs that lost commits", 1)
			var said string
			if running {
				if ended := p.awaitEnd(t); ended.ExitStatus() != statusConfiguration {
					t.Errorf("got status %d, want %d", ended.ExitStatus(), statusConfiguration)
				}
				said = p.output()
			} else {
				status, _, complaint := call(t, both, append([]string{"run", "-g", group, "mdb"}, elsewhere...)...)
				if status != statusConfiguration {
					t.Errorf("got status %d and %q, want %d", status, complaint, statusConfiguration)
				}
				said = complaint
			}
			_, advice, found := strings.Cut(said, "The command is: reactor ")
			if !found || !strings.Contains(said, "timeline 00000001 to 00000002") {
				t.Fatalf("got %q, want the timelines and the way out", said)
			}
			command, _, _ := strings.Cut(advice, ",")
			if status, out, complaint := call(t, both, append(strings.Fields(command), elsewhere...)...); status != statusDone {
				t.Fatalf("reactor %s: got status %d, %q and %q, want 0", command, status, out, complaint)
			}
			p = follow()
			after.awaitMerged(t, checkout, stays)
			p.signal(t, syscall.SIGTERM)
			if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
				t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
			}
		})
	}
}

// TestAnErasedEventIsNoMatter erases the newest event of the category while the reactor
// runs, and starts it again after that.
func TestAnErasedEventIsNoMatter(t *testing.T) {
	t.Parallel()
	env, admin := initialisedFor(t)
	h := openHotel(t, env)
	group := newGroup(t, h, env)
	const rounds = 2
	tried.Times(t, "Message DB", "newest events erased", 2*rounds)
	for range rounds {
		p, _ := startRun(t, env, group, "--checkpoint-interval", "200ms")
		stays := h.receive(t, 2)
		h.awaitMerged(t, h.selectStays(t, stays), stays)
		end := h.end(t)
		eventually(t, "the checkpoint is saved", func() bool {
			position, _ := h.checkpoint(t, group)
			return position >= end
		})
		check.Must(t, check.Error(connect(t, admin).Exec(within(t), "DELETE FROM message_store.messages WHERE global_position = $1", int64(end)-1)))
		p.awaitLog(t, "the last events that were read have been erased from the store; the reactor goes on")
		stays = h.receive(t, 1)
		h.awaitMerged(t, h.selectStays(t, stays), stays)
		end = h.end(t)
		eventually(t, "the checkpoint is saved", func() bool {
			position, _ := h.checkpoint(t, group)
			return position >= end
		})
		check.Must(t, check.Error(connect(t, admin).Exec(within(t), "DELETE FROM message_store.messages WHERE global_position = $1", int64(end)-1)))
		p.signal(t, syscall.SIGTERM)
		if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
			t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
		}
	}
}
