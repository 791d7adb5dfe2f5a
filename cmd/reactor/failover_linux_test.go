package main

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/harness/provision"
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

// failOver is a server with a replica that is to take over from it.
type failOver struct {
	server          *provision.Server
	env, both, then map[string]string // lead to the server, to whichever takes writes, and to the replica
	leader, replica *pgx.Conn         // of a superuser
	hotel           *hotel
	consumers       string
}

func newFailOver(t *testing.T) *failOver {
	t.Helper()
	f := &failOver{server: ownServer(t)}
	var admin string
	f.env, admin = initialisedOn(t, f.server)
	f.hotel, f.consumers = openHotel(t, f.env), "test-"+uuid.NewString()
	onReplica, replicaAdmin := f.env["MDB_CONNECTION_STRING"], admin
	replicaOf(t, f.server, &onReplica, &replicaAdmin)
	f.both, f.then = maps.Clone(f.env), maps.Clone(f.env)
	f.both["MDB_CONNECTION_STRING"] = bothHosts(t, f.env["MDB_CONNECTION_STRING"], onReplica)
	f.then["MDB_CONNECTION_STRING"] = onReplica
	f.leader, f.replica = connect(t, admin), connect(t, replicaAdmin)
	return f
}

// follow starts a reactor that follows whichever of them takes writes.
func (f *failOver) follow(t *testing.T, flags ...string) (p *process) {
	t.Helper()
	p = start(t, f.both, append([]string{"run", "-g", f.consumers, "--log-format", "json", "--checkpoint-interval", "2s", "mdb", "-t", "10"}, flags...)...)
	p.awaitLog(t, "ready")
	return p
}

// saved waits until the checkpoint is at the end of the feed.
func (f *failOver) saved(t *testing.T, flags ...string) {
	t.Helper()
	end := f.hotel.end(t)
	eventually(t, "the checkpoint is saved", func() bool {
		_, out, _ := call(t, f.env, append([]string{"checkpoint", "-g", f.consumers, "mdb"}, flags...)...)
		return strings.Contains(out, fmt.Sprintf("GroupCheckout   %d ", end))
	})
}

// cutOff has the replica hear nothing more, once it has all that there is.
func (f *failOver) cutOff(t *testing.T) {
	t.Helper()
	var here string
	check.Must(t, f.leader.QueryRow(within(t), "SELECT pg_current_wal_lsn()::text").Scan(&here))
	eventually(t, "the replica has it all", func() bool {
		var reached bool
		err := f.replica.QueryRow(within(t), "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", here).Scan(&reached)
		return err == nil && reached
	})
	f.on(t, "ALTER SYSTEM SET primary_conninfo = ''")
	f.on(t, "SELECT pg_reload_conf()")
	eventually(t, "the replica hears nothing more", func() bool {
		var receivers int
		err := f.replica.QueryRow(within(t), "SELECT count(*) FROM pg_stat_wal_receiver").Scan(&receivers)
		return err == nil && receivers == 0
	})
}

func (f *failOver) on(t *testing.T, statement string) {
	t.Helper()
	check.Mustf(t, check.Error(f.replica.Exec(within(t), statement)), "%s", statement)
}

// promote has the replica take over from the server, which is gone, and returns the hotel there.
func (f *failOver) promote(t *testing.T) *hotel {
	t.Helper()
	check.Must(t, f.server.Close())
	f.on(t, "SELECT pg_promote()")
	return openHotel(t, f.then)
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
			f := newFailOver(t)
			elsewhere := []string{"-cp", initialised(t)["MDB_CONNECTION_STRING"]}
			p, h := f.follow(t, elsewhere...), f.hotel
			kept := h.receive(t, 2)
			h.awaitMerged(t, h.selectStays(t, kept), kept)
			f.saved(t, elsewhere...)
			f.cutOff(t)
			lost := h.receive(t, 2)
			h.awaitMerged(t, h.selectStays(t, lost), lost)
			f.saved(t, elsewhere...)
			if !running {
				p.signal(t, syscall.SIGTERM)
				p.awaitEnd(t)
			}
			after := f.promote(t)
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
				status, _, complaint := call(t, f.both, append([]string{"run", "-g", f.consumers, "mdb"}, elsewhere...)...)
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
			if status, out, complaint := call(t, f.both, append(strings.Fields(command), elsewhere...)...); status != statusDone {
				t.Fatalf("reactor %s: got status %d, %q and %q, want 0", command, status, out, complaint)
			}
			p = f.follow(t, elsewhere...)
			after.awaitMerged(t, checkout, stays)
			p.signal(t, syscall.SIGTERM)
			if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
				t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
			}
		})
	}
}

// TestAFailOverThatLostNoEventsIsNoMatter, although what a running reactor wrote last beside
// them is lost, such as that it lives.
func TestAFailOverThatLostNoEventsIsNoMatter(t *testing.T) {
	t.Parallel()
	f := newFailOver(t)
	p, h := f.follow(t), f.hotel
	stays := h.receive(t, 2)
	h.awaitMerged(t, h.selectStays(t, stays), stays)
	f.saved(t)
	signs := func(conn *pgx.Conn) (version int) {
		check.Must(t, conn.QueryRow(within(t), "SELECT (body ->> 'version')::int FROM "+f.env["MDB_SCHEMA"]+".reactor_note WHERE kind = 'roster'").Scan(&version))
		return version
	}
	f.cutOff(t)
	kept := signs(f.replica)
	eventually(t, "the replica lacks some signs of life", func() bool { return signs(f.leader) > kept+2 })
	after := f.promote(t)
	tried.Times(t, "Message DB", "fail-overs that lost no events", 1)
	eventually(t, "it gives signs of life again", func() bool { return signs(f.replica) > kept+2 })
	for range 3 {
		stays := after.receive(t, 2)
		after.awaitMerged(t, after.selectStays(t, stays), stays)
	}
	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
		t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
	}
	status, out, complaints := call(t, f.then, "audit", "--quiet", "mdb")
	if status != statusDone || !strings.Contains(out, "The books balance.") {
		t.Errorf("audit: got status %d, %q and %q, want the books balanced", status, out, complaints)
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
