package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// For how long something may be wrong before a reactor counts as unhealthy.
const (
	readsFail = time.Minute     // every read of a tranche fails
	savesFail = 5 * time.Minute // every save of a checkpoint fails
	outage    = time.Minute     // a server of the store cannot be reached
	unseen    = 2 * time.Minute // the leader has not said how far a tranche reaches
	silent    = time.Minute     // nothing comes into a tranche
	full      = 5 * time.Minute // a tranche is full, and nothing in it is completed
	noneWell  = 5 * time.Minute // every call fails
	starts    = 5 * time.Minute // it has not begun
)

// fewTroubled is as many troubled streams as may be ill by themselves, though no other
// stream had anything to do.
const fewTroubled = 2

// health tells whether a reactor is well, and lists what is wrong with it.
//
// Troubled streams are listed too, but do not make it unhealthy as long as others go
// on: to restart it would not cure them. So with ok there can be reasons for a look.
func health(status reactor.Status) (ok bool, reasons []string) {
	for _, o := range status.Outages {
		if lasts := status.At.Sub(o.Since); lasts >= outage {
			reasons = append(reasons, fmt.Sprintf("%s cannot be reached for %s: %s", o.Server, seconds(lasts), short(o.Error)))
		}
	}
	for _, s := range status.Slots {
		if lasts := status.At.Sub(s.FreeSince); !s.FreeSince.IsZero() && lasts >= status.Lease {
			reasons = append(reasons, fmt.Sprintf("slot %d has no holder for %s: its streams are not worked on", s.Slot, seconds(lasts)))
		}
		if lasts := status.At.Sub(s.ErrorSince); s.Error != "" && lasts >= readsFail {
			reasons = append(reasons, fmt.Sprintf("slot %d is held by this process, which cannot work on it for %s: %s", s.Slot, seconds(lasts), short(s.Error)))
		}
	}
	if lasts := status.At.Sub(status.RosterSince); status.RosterError != "" && lasts >= readsFail {
		reasons = append(reasons, fmt.Sprintf("it has not been known for %s who holds the slots: %s", seconds(lasts), short(status.RosterError)))
	}
	for _, t := range status.Tranches {
		if lasts := status.At.Sub(t.ErrorSince); t.Error != "" && lasts >= readsFail {
			reasons = append(reasons, fmt.Sprintf("tranche %q cannot be read for %s%s: %s", t.Tranche, seconds(lasts), over(t.ErrorAt), short(t.Error)))
		}
		if lasts := status.At.Sub(t.EndAt); t.Error == "" && !t.EndAt.IsZero() && lasts >= unseen {
			reasons = append(reasons, fmt.Sprintf("the leader has not said for %s%s how far tranche %q reaches: what is not read is not known", seconds(lasts), over(status.Servers.Leader), t.Tranche))
		}
		if lasts := status.At.Sub(t.SaveErrorSince); t.SaveError != "" && lasts >= savesFail {
			reasons = append(reasons, fmt.Sprintf("the checkpoint of tranche %q cannot be saved for %s%s: %s", t.Tranche, seconds(lasts), over(status.Servers.Checkpoints), short(t.SaveError)))
		}
		if !t.StillSince.IsZero() {
			reasons = append(reasons, standsStill(t.Tranche, status.At.Sub(t.StillSince), t.Read, t.End, status.Servers.Reads))
		}
		if lasts := status.At.Sub(t.SilentSince); t.Silent != "" && lasts >= silent {
			reasons = append(reasons, fmt.Sprintf("nothing new comes into tranche %q: %s", t.Tranche, t.Silent))
		}
		if lasts := status.At.Sub(t.FullSince); t.Full && lasts >= full {
			reasons = append(reasons, fmt.Sprintf("tranche %q is full for %s: nothing more is read before more of its %d incomplete batches is handled",
				t.Tranche, seconds(lasts), t.Incomplete))
		}
	}
	for _, t := range status.StandBy {
		const standsBy = "this process stands by and could not take over: "
		if lasts := status.At.Sub(t.ErrorSince); t.Error != "" && lasts >= readsFail {
			reasons = append(reasons, standsBy+fmt.Sprintf("tranche %q cannot be read for %s%s: %s", t.Tranche, seconds(lasts), over(t.Server), short(t.Error)))
		}
		if !t.StillSince.IsZero() {
			reasons = append(reasons, standsBy+standsStill(t.Tranche, status.At.Sub(t.StillSince), t.Position, t.End, status.Servers.Reads))
		}
		if lasts := status.At.Sub(t.SilentSince); t.Silent != "" && lasts >= silent {
			reasons = append(reasons, fmt.Sprintf("this process stands by, and nothing new comes into tranche %q: %s", t.Tranche, t.Silent))
		}
	}
	for _, c := range status.Calls {
		if c.Hung {
			reasons = append(reasons, fmt.Sprintf("the call for %s runs for %s and ignores that its time is over: nothing but a restart ends it", c.Stream, seconds(status.At.Sub(c.Since))))
		}
	}
	if n := len(status.Troubled); n > fewTroubled {
		since := status.Troubled[0].Since
		if status.WellAt.After(since) {
			since = status.WellAt
		}
		if lasts := status.At.Sub(since); lasts >= noneWell {
			reasons = append(reasons, fmt.Sprintf("no call has gone well for %s, and %d streams are troubled", seconds(lasts), n))
		}
	}
	ok = len(reasons) == 0
	troubled := slices.Clone(status.Troubled)
	slices.SortStableFunc(troubled, func(a, b reactor.TroubleStatus) int {
		return -cmp.Compare(asNumber(a.NeedsPerson), asNumber(b.NeedsPerson))
	})
	for i, t := range troubled {
		if i == maxNamed {
			reasons = append(reasons, fmt.Sprintf("%d more streams are troubled", len(status.Troubled)-i))
			break
		}
		word := ""
		if t.NeedsPerson {
			word = "for a person to settle: "
		}
		reasons = append(reasons, word+fmt.Sprintf("%s is troubled for %s, after %s: %s", t.Stream, seconds(status.At.Sub(t.Since)), plural.Of(t.Attempts, "attempt"), short(t.Cause)))
	}
	for i, a := range status.Aside {
		if i == maxNamed {
			reasons = append(reasons, fmt.Sprintf("%d more streams are set aside", len(status.Aside)-i))
			break
		}
		reasons = append(reasons, fmt.Sprintf("for a person to settle: %s is set aside for %s: %s", a.Stream, seconds(status.At.Sub(a.Since)), short(a.Cause)))
	}
	return ok, reasons
}

// over names the connection that something is about, if it has a name.
func over(server string) string {
	if server == "" {
		return ""
	}
	return " over the connection to " + server
}

// standsStill says that reads find nothing more.
func standsStill(tranche feed.Tranche, lasts time.Duration, at, end feed.Position, server string) string {
	return fmt.Sprintf("tranche %q stands still for %s: reads%s find nothing after position %d, although the leader's feed ends at %d. "+
		"What answers the reads of the feed does not get on: is it a replica whose replay is paused or broken?",
		tranche, seconds(lasts), over(server), at, end)
}

// seconds is a duration as a person wants to read it.
func seconds(d time.Duration) time.Duration { return d.Truncate(time.Second) }

// maxShort is how much of an error is shown where there are many.
const maxShort = 300

// short is the beginning of a text: the error of a panic holds a whole stack.
func short(text string) string {
	cut := 0
	for i, r := range text {
		if r == '\n' || cut == maxShort {
			return text[:i] + " …"
		}
		cut++
	}
	return text
}
