//go:build unix

package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func runSQL(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	check.Mustf(t, check.Error(conn.Exec(within(t), sql)), "%.80s", sql)
}

// write appends an event that no clerk and no reactor would write.
func (h *hotel) write(t testing.TB, stream es.StreamName, kind, body string) {
	t.Helper()
	at := es.Version(len(h.read(t, stream)))
	check.Must(t, check.Error(h.backend.Events.Append(within(t), stream, at, []es.EventData{{ID: uuid.New(), Type: kind, Data: []byte(body)}})))
}

func TestAMessageDBIsAudited(t *testing.T) {
	t.Parallel()
	env, admin := initialisedFor(t)
	h := openHotel(t, env)
	audit := func(args ...string) (status int, out, errors string) {
		t.Helper()
		return call(t, env, append(append([]string{"audit", "--quiet"}, args...), "mdb", "-b", "3")...)
	}

	// A night's work, some of it done, some still to do.
	settled := h.selectStays(t, h.receive(t, 5))
	merge(t, h.backend, "night")
	balance := domain.MoneyOf(50)
	check.Must(t, h.groups.Pay(within(t), settled, domain.PaymentID(uuid.New()), balance, moment()))
	check.Must(t, h.groups.Confirm(within(t), settled, moment()))
	waiting, guests := domain.GroupID(uuid.New()), h.receive(t, 3)
	check.Must(t, h.groups.Select(within(t), waiting, guests, moment()))
	check.Must(t, check.Error(h.stays.TransferToGroup(within(t), guests[0], waiting, moment())))
	status, out, errors := audit("-g", "night")
	if status != statusDone || errors != "" {
		t.Fatalf("got status %d, %q and %q, want 0", status, out, errors)
	}
	check.Contains(t, out, " 8  stays\n", " 2  group checkouts\n", " 1      in flight", "50  money moved", "10  money in flight", "50  money paid", "The books balance.\n")

	// Every kind of damage.
	stay := func(n int) es.StreamName { return h.stays.Stream(guests[n]) }
	group := h.groups.Stream(waiting)
	stray := h.groups.Stream(domain.GroupID(uuid.New()))
	strayID := strings.TrimPrefix(stray.String(), groupcheckout.Category+"-")
	h.write(t, stay(0), "CheckedOut", `{"at":"2024-05-01T12:00:00+00:00"}`)
	h.write(t, stay(1), "TransferredToGroup", fmt.Sprintf(`{"at":"2024-05-01T12:00:00+00:00","groupId":"%s","residualBalance":9.00}`, uuid.MustParse(strayID)))
	h.write(t, group, "StaysMerged", fmt.Sprintf(`{"residuals":[{"stay":"%s","residual":11.00},{"stay":"%s","residual":10}]}`, guests[0], guests[2]))
	broken := h.stays.Stream(domain.StayID(uuid.New()))
	h.write(t, broken, "CheckedIn", `{"at":"soon"}`)
	holed := h.stays.Stream(h.receive(t, 1)[0])
	runSQL(t, connect(t, admin), fmt.Sprintf("DELETE FROM message_store.messages WHERE stream_name = '%s' AND position = 0", holed))
	h.selectStays(t, h.receive(t, 1))
	if status, _, errors := call(t, env, "checkpoint", "mdb", "-g", "night", "-p", fmt.Sprint(h.end(t))); status != statusDone {
		t.Fatalf("reactor checkpoint: got status %d and %q, want 0", status, errors)
	}
	status, out, errors = audit("-g", "day", "-g", "night")
	if status != statusAudit || !strings.Contains(errors, "the books do not balance: 9 violations named above") {
		t.Errorf("got status %d and %q, want 3 and how many", status, errors)
	}
	check.Contains(t, out,
		fmt.Sprintf("closed: event 3 (CheckedOut) of %s follows event 2 (TransferredToGroup)", stay(0)),
		fmt.Sprintf("residual: event 2 of %s moves a residual of 9.00 to %s, but charges minus payments before it are 10", stay(1), stray),
		fmt.Sprintf("transfer: event 2 of %s moves 9.00 to %s, but that group never selected the stay", stay(1), stray),
		fmt.Sprintf("amount: event 1 of %s records a residual of 11.00 for %s, but event 2 of that stay moved 10", group, stay(0)),
		fmt.Sprintf("merge: event 1 of %s records a residual of 10 for %s, but that stay was not transferred", group, stay(2)),
		fmt.Sprintf("body: event 0 (CheckedIn) of %s cannot be read", broken),
		fmt.Sprintf("positions: %s lacks event 0, and goes on with event 1", holed),
		`checkpoint: the checkpoint of the consumer group "night" lies past event 0 of `,
		`The consumer group "day" has no checkpoint here`,
	)
}

// The binary audits beside its work, and its pages show what it finds.
func TestARunningReactorAuditsItsMessageDB(t *testing.T) {
	t.Parallel()
	env, _ := initialisedFor(t)
	h := openHotel(t, env)
	p := start(t, env, "run", "-g", "night", "--audit-every", "5s", "--log-format", "json", "--listen", "127.0.0.1:0", "mdb")
	page := fmt.Sprintf("http://%v", p.awaitLog(t, "serving the status page")["address"])
	guests := h.receive(t, 2)
	h.selectStays(t, guests)
	broken := h.stays.Stream(domain.StayID(uuid.New()))
	h.write(t, broken, "CheckedIn", `{"at":"soon"}`)
	line := p.awaitLog(t, "an audit found what a person has to settle")
	if violation := fmt.Sprint(line["violation"]); !strings.Contains(violation, broken.String()) {
		t.Errorf("got the violation %q, want one of %s", violation, broken)
	}
	for _, path := range []string{"/", "/status.json", "/healthz"} {
		eventually(t, path+" names it", func() bool {
			_, body := get(t, page+path)
			return strings.Contains(body, broken.String())
		})
	}
	if status, _ := get(t, page+"/healthz"); status != 200 {
		t.Errorf("/healthz: got status %d, want 200: a restart would not cure it", status)
	}
	if _, body := get(t, page+"/metrics"); !strings.Contains(body, "\nreactor_audit_violations 1\n") {
		t.Error("/metrics: want reactor_audit_violations 1")
	}
	p.signal(t, syscall.SIGTERM)
	if status := p.awaitEnd(t); status.ExitStatus() != statusDone {
		t.Errorf("got status %d, want 0", status.ExitStatus())
	}
}
