package monitor_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
)

// judged asks a page for the health of a reactor, at noon.
func judged(t *testing.T, status reactor.Status) (ok bool, reasons []string) {
	t.Helper()
	status.At = noon()
	response := get(t, fixed{status: status}, "/healthz")
	word, rest, _ := strings.Cut(response.Body.String(), "\n")
	equal(t, "word and status", word == "healthy", response.Code == http.StatusOK)
	for line := range strings.Lines(rest) {
		reasons = append(reasons, strings.TrimSuffix(line, "\n"))
	}
	return response.Code == http.StatusOK, reasons
}

// poisoned are streams that have been in trouble for ten minutes.
func poisoned(ids ...string) (all []reactor.TroubleStatus) {
	for _, id := range ids {
		all = append(all, reactor.TroubleStatus{Stream: stream(id), Since: ago(10 * time.Minute), Attempts: 7, Cause: "boom"})
	}
	return all
}

// troubledLines are the reasons that name them.
func troubledLines(ids ...string) (lines []string) {
	for _, id := range ids {
		lines = append(lines, fmt.Sprintf("Stream-%s is troubled for 10m0s, after 7 attempts: boom", id))
	}
	return lines
}

func TestHealth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		status  reactor.Status
		ok      bool
		reasons []string
	}{
		{name: "nothing is wrong", status: reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A"}}}, ok: true},
		{
			name:   "reads fail, but not for long",
			status: reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A", Error: "boom", ErrorSince: ago(59 * time.Second)}}},
			ok:     true,
		},
		{
			name:    "reads fail for long",
			status:  reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A", Error: "boom", ErrorSince: ago(time.Minute)}}},
			reasons: []string{`tranche "A" cannot be read for 1m0s: boom`},
		},
		{
			name:   "the leader was not asked for the end, but not for long",
			status: reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A", EndAt: ago(time.Minute)}}},
			ok:     true,
		},
		{
			name:    "the leader was not asked for the end for long",
			status:  reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A", EndAt: ago(2 * time.Minute)}}},
			reasons: []string{`the leader has not said for 2m0s how far tranche "A" reaches: what is not read is not known`},
		},
		{
			name:   "saves fail, but not for long",
			status: reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A", SaveError: "boom", SaveErrorSince: ago(4 * time.Minute)}}},
			ok:     true,
		},
		{
			name:    "saves fail for long",
			status:  reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A", SaveError: "boom", SaveErrorSince: ago(5 * time.Minute)}}},
			reasons: []string{`the checkpoint of tranche "A" cannot be saved for 5m0s: boom`},
		},
		{
			name:   "full, but not for long",
			status: reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A", Full: true, FullSince: ago(4 * time.Minute)}}},
			ok:     true,
		},
		{
			name:    "full for long",
			status:  reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A"}, {Tranche: "B", Full: true, FullSince: ago(5 * time.Minute), Incomplete: 16}}},
			reasons: []string{`tranche "B" is full for 5m0s: nothing more is read before more of its 16 incomplete batches is handled`},
		},
		{
			name:   "the store cannot be reached, but not for long",
			status: reactor.Status{Outages: []reactor.OutageStatus{{Server: "the store", Since: ago(59 * time.Second), Error: "refused"}}},
			ok:     true,
		},
		{
			name:    "the store cannot be reached",
			status:  reactor.Status{Outages: []reactor.OutageStatus{{Server: "the store", Since: ago(time.Minute), Error: "refused"}}},
			reasons: []string{"the store cannot be reached for 1m0s: refused"},
		},
		{
			name:    "nothing comes into the feed",
			status:  reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "A", Silent: "no indexer is at work", SilentSince: ago(time.Minute)}, {Tranche: "B", Silent: "no indexer", SilentSince: ago(time.Second)}}},
			reasons: []string{`nothing new comes into tranche "A": no indexer is at work`},
		},
		{
			name:   "a call runs for long, within its limit",
			status: reactor.Status{Calls: []reactor.CallStatus{{Stream: stream("a"), Since: ago(4 * time.Minute)}}},
			ok:     true,
		},
		{
			name:    "a call hangs",
			status:  reactor.Status{Calls: []reactor.CallStatus{{Stream: stream("a"), Since: ago(6 * time.Minute), Hung: true}, {Stream: stream("b"), Since: noon()}}},
			reasons: []string{"the call for Stream-a runs for 6m0s and ignores that its time is over: nothing but a restart ends it"},
		},
		{
			name: "everything at once",
			status: reactor.Status{
				Tranches: []reactor.TrancheStatus{{
					Tranche: "A", Error: "boom", ErrorSince: ago(time.Minute), SaveError: "bang", SaveErrorSince: ago(5 * time.Minute),
					Full: true, FullSince: ago(6 * time.Minute), Incomplete: 3,
				}},
				Calls: []reactor.CallStatus{{Stream: stream("a"), Since: ago(7 * time.Minute), Hung: true}},
			},
			reasons: []string{
				`tranche "A" cannot be read for 1m0s: boom`,
				`the checkpoint of tranche "A" cannot be saved for 5m0s: bang`,
				`tranche "A" is full for 6m0s: nothing more is read before more of its 3 incomplete batches is handled`,
				"the call for Stream-a runs for 7m0s and ignores that its time is over: nothing but a restart ends it",
			},
		},
		{
			name:   "it stands by, and a slot has just lost its holder",
			status: reactor.Status{Lease: 10 * time.Second, Slots: []reactor.SlotStatus{{Slot: 0, Holder: "other"}, {Slot: 1, FreeSince: ago(9 * time.Second)}}},
			ok:     true,
		},
		{
			name:    "a slot has no holder for longer than a lease",
			status:  reactor.Status{Lease: 10 * time.Second, Slots: []reactor.SlotStatus{{Slot: 0, Holder: "other"}, {Slot: 1, FreeSince: ago(10 * time.Second)}}},
			reasons: []string{"slot 1 has no holder for 10s: its streams are not worked on"},
		},
		{
			name: "it cannot begin with a slot that it holds",
			status: reactor.Status{Lease: 10 * time.Second, Member: "me", Slots: []reactor.SlotStatus{
				{Slot: 0, Holder: "me", Error: "boom", ErrorSince: ago(time.Minute)},
				{Slot: 1, Holder: "me", Error: "boom", ErrorSince: ago(59 * time.Second)},
			}},
			reasons: []string{"slot 0 is held by this process, which cannot work on it for 1m0s: boom"},
		},
		{
			name:    "nobody knows who holds the slots",
			status:  reactor.Status{Lease: 10 * time.Second, RosterError: "boom", RosterSince: ago(time.Minute)},
			reasons: []string{"it has not been known for 1m0s who holds the slots: boom"},
		},
		{
			name: "it says over which connection",
			status: reactor.Status{Servers: reactor.Servers{Leader: "the store at db:5432", Reads: "the server for reading at copy:5432", Checkpoints: "the store at db:5432"}, Tranches: []reactor.TrancheStatus{{
				Tranche: "A", Error: "boom", ErrorSince: ago(time.Minute), ErrorAt: "the store at db:5432", SaveError: "bang", SaveErrorSince: ago(5 * time.Minute),
				StillSince: ago(40 * time.Second), Read: 3, End: 5, EndAt: noon(),
			}}},
			reasons: []string{
				`tranche "A" cannot be read for 1m0s over the connection to the store at db:5432: boom`,
				`the checkpoint of tranche "A" cannot be saved for 5m0s over the connection to the store at db:5432: bang`,
				`tranche "A" stands still for 40s: reads over the connection to the server for reading at copy:5432 find nothing after position 3, although the leader's feed ends at 5. ` +
					"What answers the reads of the feed does not get on: is it a replica whose replay is paused or broken?",
			},
		},
		{
			name:   "it stands by, and its connection fails, but not for long",
			status: reactor.Status{StandBy: []reactor.StandByStatus{{Tranche: "A", Error: "boom", ErrorSince: ago(59 * time.Second)}}},
			ok:     true,
		},
		{
			name: "it stands by, and nobody could rely on it",
			status: reactor.Status{Servers: reactor.Servers{Reads: "the copy"}, StandBy: []reactor.StandByStatus{
				{Tranche: "A", Error: "boom", ErrorSince: ago(time.Minute), Server: "the copy"}, {Tranche: "B", StillSince: ago(40 * time.Second), Position: 3, End: 5},
			}},
			reasons: []string{
				`this process stands by and could not take over: tranche "A" cannot be read for 1m0s over the connection to the copy: boom`,
				`this process stands by and could not take over: tranche "B" stands still for 40s: reads over the connection to the copy find nothing after position 3, although the leader's feed ends at 5. ` +
					"What answers the reads of the feed does not get on: is it a replica whose replay is paused or broken?",
			},
		},
		{
			name: "it stands by, and nothing comes into the feed",
			status: reactor.Status{StandBy: []reactor.StandByStatus{
				{Tranche: "A", Silent: "no indexer is at work", SilentSince: ago(time.Minute)}, {Tranche: "B", Silent: "no indexer", SilentSince: ago(time.Second)},
			}},
			reasons: []string{`this process stands by, and nothing new comes into tranche "A": no indexer is at work`},
		},
		{
			name:    "a poisoned stream",
			status:  reactor.Status{Troubled: []reactor.TroubleStatus{{Stream: stream("a"), Since: ago(time.Hour), Attempts: 7, Cause: "boom\nat some place"}}},
			ok:      true,
			reasons: []string{"Stream-a is troubled for 1h0m0s, after 7 attempts: boom …"},
		},
		{
			name:    "three poisoned streams, and others go on",
			status:  reactor.Status{Troubled: poisoned("a", "b", "c"), WellAt: ago(4 * time.Minute)},
			ok:      true,
			reasons: troubledLines("a", "b", "c"),
		},
		{
			name:    "two poisoned streams, and no other has anything to do",
			status:  reactor.Status{Troubled: poisoned("a", "b"), WellAt: ago(time.Hour)},
			ok:      true,
			reasons: troubledLines("a", "b"),
		},
		{
			name:    "every call fails",
			status:  reactor.Status{Troubled: poisoned("a", "b", "c"), WellAt: ago(5 * time.Minute)},
			reasons: append([]string{"no call has gone well for 5m0s, and 3 streams are troubled"}, troubledLines("a", "b", "c")...),
		},
		{
			name:    "no call has ever gone well",
			status:  reactor.Status{Troubled: poisoned("a", "b", "c")},
			reasons: append([]string{"no call has gone well for 10m0s, and 3 streams are troubled"}, troubledLines("a", "b", "c")...),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ok, reasons := judged(t, c.status)
			equal(t, "ok", ok, c.ok)
			check.Same(t, "reasons", c.reasons, reasons)
		})
	}
}

func TestHealthNamesTenTroubledStreams(t *testing.T) {
	t.Parallel()
	status := reactor.Status{WellAt: noon()}
	for n := range 12 {
		status.Troubled = append(status.Troubled, reactor.TroubleStatus{Stream: stream(fmt.Sprint(n)), Cause: strings.Repeat("ö", 1000)})
	}
	ok, reasons := judged(t, status)
	equal(t, "ok", ok, true)
	equal(t, "reasons", len(reasons), 11)
	equal(t, "last reason", reasons[10], "2 more streams are troubled")
	if !strings.HasSuffix(reasons[0], ": "+strings.Repeat("ö", 300)+" …") {
		t.Errorf("reason: got %s, want 300 characters of the cause", reasons[0])
	}
}
