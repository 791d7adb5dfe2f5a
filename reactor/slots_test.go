package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// A team is reactors of one name that share a feed and its checkpoints.
type team struct {
	t           *testing.T
	source      *source
	checkpoints *memory.Checkpoints
	slots       int
	lease       time.Duration

	mu    sync.Mutex
	calls []string // "member handles stream@index", in order
	busy  map[es.StreamName]string
	twice []string // calls for a stream that overlapped
}

func newTeam(t *testing.T, slots int) *team {
	t.Helper()
	return &team{
		t: t, source: newSource("A", "B"), checkpoints: memory.NewCheckpoints(), slots: slots, lease: 10 * time.Second,
		busy: map[es.StreamName]string{},
	}
}

// member is one of them.
type member struct {
	team    *team
	name    string
	running *reactor.Running
	cut     *cutOff
	hold    chan struct{} // calls wait until it is closed, or their context ends; nil if they do not
	deaf    bool          // the end of their context does not end the wait
}

// cutOff is checkpoints that can be cut off, as those of a process that was killed or
// whose network is down.
type cutOff struct {
	feed.Checkpoints
	feed.Slots

	mu     sync.Mutex
	down   bool
	locked bool
}

var (
	errCutOff = errors.New("cut off")
	errLocked = errors.New("locked by another transaction")
)

func (c *cutOff) set(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
}

// failOver has other checkpoints answer from now on.
func (c *cutOff) failOver(to *memory.Checkpoints) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Checkpoints, c.Slots = to, to
}

// lock makes each Load fail, as when somebody has locked the checkpoints and not the
// roster.
func (c *cutOff) lock(locked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.locked = locked
}

func (c *cutOff) Load(ctx context.Context, key feed.Key) (feed.Position, bool, error) {
	c.mu.Lock()
	locked := c.locked
	c.mu.Unlock()
	if locked {
		return 0, false, errLocked
	}
	return c.Checkpoints.Load(ctx, key)
}

func (c *cutOff) err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return errCutOff
	}
	return nil
}

func (c *cutOff) Roster(ctx context.Context, group string) (feed.Roster, error) {
	if err := c.err(); err != nil {
		return feed.Roster{}, err
	}
	r, err := c.Slots.Roster(ctx, group)
	r.Unwritten = 0 // as where the store has no clock
	return r, err
}

func (c *cutOff) PutRoster(ctx context.Context, r feed.Roster) error {
	if err := c.err(); err != nil {
		return err
	}
	return c.Slots.PutRoster(ctx, r)
}

func (c *cutOff) SaveHeld(ctx context.Context, key feed.Key, hold feed.Hold, pos feed.Position) error {
	if err := c.err(); err != nil {
		return err
	}
	return c.Slots.SaveHeld(ctx, key, hold, pos)
}

// join starts another member.
func (m *team) join(name string, configs ...func(*reactor.Config)) *member {
	m.t.Helper()
	one := &member{team: m, name: name, cut: &cutOff{Checkpoints: m.checkpoints, Slots: m.checkpoints}}
	config := reactor.Config{Group: "team", Slots: m.slots, Lease: m.lease, Member: name, CheckpointInterval: time.Second}
	for _, change := range configs {
		change(&config)
	}
	running, err := reactor.Start(m.t.Context(), m.source, one.cut, one, config)
	if err != nil {
		m.t.Fatal(err)
	}
	one.running = running
	m.t.Cleanup(func() {
		running.Stop()
		<-running.Done()
	})
	return one
}

// Handle implements reactor.Handler.
func (m *member) Handle(ctx context.Context, stream es.StreamName, events []es.Event) (es.Version, error) {
	last := events[len(events)-1].Index
	m.team.mu.Lock()
	if other := m.team.busy[stream]; other != "" && ctx.Err() == nil {
		m.team.twice = append(m.team.twice, fmt.Sprintf("%s is called for %s, and so is %s", m.name, stream, other))
	}
	m.team.busy[stream] = m.name
	m.team.calls = append(m.team.calls, fmt.Sprintf("%s handles %s@%d", m.name, stream.ID(), last))
	wait, done := m.hold, ctx.Done()
	if m.deaf {
		done = nil
	}
	m.team.mu.Unlock()
	defer func() {
		m.team.mu.Lock()
		defer m.team.mu.Unlock()
		delete(m.team.busy, stream)
	}()
	if wait != nil {
		select {
		case <-wait:
		case <-done:
			return 0, context.Cause(ctx)
		}
	}
	return last + 1, nil
}

// holdUp has calls wait until release is called.
func (m *member) holdUp() (release func()) {
	held := make(chan struct{})
	m.team.mu.Lock()
	defer m.team.mu.Unlock()
	m.hold = held
	return func() {
		m.team.mu.Lock()
		defer m.team.mu.Unlock()
		m.hold = nil
		close(held)
	}
}

func (m *member) status() reactor.Status {
	m.team.t.Helper()
	status, err := m.running.Status(m.team.t.Context())
	if err != nil {
		m.team.t.Fatal(err)
	}
	return status
}

// works lists the slots that a member works on.
func (m *member) works() string {
	var slots []string
	for _, s := range m.status().Slots {
		if s.Working {
			slots = append(slots, fmt.Sprint(s.Slot))
		}
	}
	return strings.Join(slots, " ")
}

// shares is how many slots each works on.
func shares(members ...*member) string {
	var counts []string
	for _, m := range members {
		counts = append(counts, fmt.Sprint(len(strings.Fields(m.works()))))
	}
	return strings.Join(counts, " ")
}

// handled are the calls since the last time, without who made them, in the order of
// their names.
func (m *team) handled() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var calls []string
	for _, call := range m.calls {
		_, what, _ := strings.Cut(call, " handles ")
		calls = append(calls, what)
	}
	m.calls = nil
	slices.Sort(calls)
	return strings.Join(calls, " ")
}

func (m *team) check() {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, line := range m.twice {
		m.t.Error(line)
	}
}

// ids are streams, enough of them for each slot to have some.
func ids(index int) (text string) {
	for i := range 12 {
		text += fmt.Sprintf("s%02d@%d ", i, index)
	}
	return strings.TrimSpace(text)
}

func TestOneWorksAndTheOthersStandBy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 1)
		one := team.join("one")
		synctest.Wait()
		other := team.join("other")
		team.source.add("A", ids(0))
		pass(5 * time.Second)
		equal(t, "shares", shares(one, other), "1 0")
		equal(t, "handled once", team.handled(), ids(0))
		equal(t, "one stands by", one.status().StandsBy(), false)
		equal(t, "other stands by", other.status().StandsBy(), true)
		equal(t, "tranches of who stands by", len(other.status().Tranches), 0)
		equal(t, "who holds it, says the other", strings.HasPrefix(other.status().Slots[0].Holder, "one/"), true)

		one.running.Stop()
		<-one.running.Done()
		team.source.add("A", ids(1))
		pass(time.Second)
		equal(t, "the other's slots within a second", other.works(), "0")
		pass(time.Second)
		equal(t, "handled by the other, and nothing again", team.handled(), ids(1))
		position, ok, err := team.checkpoints.Load(t.Context(), feed.Key{Source: "scripted", Tranche: "A", Group: "team"})
		equal(t, "the checkpoint is where a reactor without slots keeps it", fmt.Sprint(position, ok, err), "24 true <nil>")
		team.check()
	})
}

// A call that takes its time holds up the stop, and not the slots that nothing is under
// way in.
func TestAStopHandsOverWhatIsIdleAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 4)
		one := team.join("one")
		pass(time.Second)
		release := one.holdUp()
		team.source.add("A", "s00@0")
		pass(time.Second)
		busy := reactor.SlotOf(stream("s00"), 4)
		two := team.join("two") // and before it has its share, the other stops
		one.running.Stop()
		pass(time.Second)
		var idle []string
		for slot := range 4 {
			if slot != busy {
				idle = append(idle, fmt.Sprint(slot))
			}
		}
		equal(t, "what the other works on a second after the stop", two.works(), strings.Join(idle, " "))
		team.source.add("A", ids(1))
		pass(time.Second)
		calls := team.handled()
		equal(t, "a stream of another slot is handled", strings.Contains(calls, "s01@1"), reactor.SlotOf(stream("s01"), 4) != busy)
		equal(t, "the stream that one handles", strings.Contains(calls, "s00@1"), false)

		pass(team.lease) // the call may take as long as a stop gives it
		equal(t, "what the other works on", two.works(), strings.Join(idle, " "))
		release()
		<-one.running.Done()
		pass(time.Second)
		equal(t, "what the other works on in the end", two.works(), "0 1 2 3")
		equal(t, "the stream is not handled again, but further", strings.Contains(team.handled(), "s00@1"), true)
		team.check()
	})
}

// copyOf is checkpoints as they are now, as on a replica that hears nothing more from here on.
func (m *team) copyOf() *memory.Checkpoints {
	m.t.Helper()
	to := memory.NewCheckpoints()
	roster, err := m.checkpoints.Roster(m.t.Context(), "team")
	check.Must(m.t, err)
	for last := roster.Version; roster.Version > 0; roster.Version-- {
		next := roster
		next.Version = last - roster.Version + 1
		check.Must(m.t, to.PutRoster(m.t.Context(), next))
	}
	for _, tranche := range []feed.Tranche{"A", "B"} {
		for slot := range m.slots {
			key := feed.Key{Source: "scripted", Tranche: tranche, Group: reactor.SlotGroup("team", slot, m.slots)}
			position, known, err := m.checkpoints.Load(m.t.Context(), key)
			check.Must(m.t, err)
			if known {
				check.Must(m.t, to.Save(m.t.Context(), key, position))
			}
		}
	}
	return to
}

// A replica may take over that lacked the last signs of life, and nothing else.
func TestAfterAFailOverThatLostSignsOfLifeAllGoOn(t *testing.T) {
	t.Parallel()
	for slots, want := range map[int]string{1: "1 0", 2: "1 1"} {
		synctest.Test(t, func(t *testing.T) {
			team := newTeam(t, slots)
			one := team.join("one")
			synctest.Wait()
			other := team.join("other")
			team.source.add("A", ids(0))
			pass(30 * time.Second)
			equal(t, "shares", shares(one, other), want)
			equal(t, "handled", team.handled(), ids(0))
			replica := team.copyOf()
			pass(10 * time.Second)
			for _, m := range []*member{one, other} {
				m.cut.failOver(replica)
			}
			pass(3 * team.lease)
			equal(t, "shares after the fail-over", shares(one, other), want)
			team.source.add("A", ids(1))
			pass(2 * time.Second)
			equal(t, "handled after the fail-over", team.handled(), ids(1))
			team.check()
		})
	}
}

func TestSlotsAreSharedFairly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 4)
		one := team.join("one")
		pass(3 * time.Second)
		equal(t, "shares of one", shares(one), "4")
		two := team.join("two")
		pass(10 * time.Second)
		equal(t, "shares of two", shares(one, two), "2 2")
		three := team.join("three")
		for index := range 10 {
			team.source.add("A", ids(index))
			pass(time.Second)
		}
		got := strings.Fields(shares(one, two, three))
		slices.Sort(got)
		equal(t, "shares of three", fmt.Sprint(got), "[1 1 2]")
		var want []string
		for index := range 10 {
			want = append(want, strings.Fields(ids(index))...)
		}
		slices.Sort(want)
		equal(t, "each handled once, whoever had its slot", team.handled(), strings.Join(want, " "))
		four, five := team.join("four"), team.join("five")
		pass(10 * time.Second)
		got = strings.Fields(shares(one, two, three, four, five))
		slices.Sort(got)
		equal(t, "shares of five", fmt.Sprint(got), "[0 1 1 1 1]")
		one.running.Stop()
		two.running.Stop()
		three.running.Stop()
		<-one.running.Done()
		<-two.running.Done()
		<-three.running.Done()
		pass(3 * time.Second)
		equal(t, "shares of those that are left", shares(four, five), "2 2")
		team.check()
	})
}

func TestWhoeverIsCutOffLosesItsSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 1)
		one := team.join("one")
		synctest.Wait()
		other := team.join("other")
		release := one.holdUp()
		defer release()
		team.source.add("A", "a@0")
		pass(5 * time.Second)
		equal(t, "the call of one goes on", team.handled(), "a@0")
		one.cut.set(true)
		pass(team.lease*7/10 - 2*time.Second) // of which up to two had passed since the last sign
		equal(t, "nobody has taken it before it could", shares(one, other), "1 0")
		pass(team.lease*3/10 + 2*time.Second)
		equal(t, "it was taken before the lease was over", shares(one, other), "0 1")
		equal(t, "the call is made again, after the one before was cut off", team.handled(), "a@0")
		equal(t, "nobody is without", other.status().Slots[0].FreeSince.IsZero(), true)
		equal(t, "what is wrong", strings.Contains(one.status().RosterError, "cut off"), true)

		one.cut.set(false)
		pass(3 * time.Second)
		equal(t, "it stands by when it is back", shares(one, other), "0 1")
		equal(t, "nothing is wrong any more", one.status().RosterError, "")
		team.check()
	})
}

// It is so at whatever time after its last sign of life a process is cut off.
func TestWithinTheLeaseSomebodyWorksAgain(t *testing.T) {
	t.Parallel()
	for after := 5 * time.Second; after < 7*time.Second; after += 100 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			team := newTeam(t, 1)
			one := team.join("one")
			synctest.Wait()
			other := team.join("other")
			pass(after)
			one.cut.set(true)
			pass(team.lease)
			equal(t, fmt.Sprintf("a lease after one was cut off, which was %s after its start", after), shares(one, other), "0 1")
			team.check()
		})
	}
}

// Without a word from the one that was killed, each life of the next is too short to wait
// for the end of its lease.
func TestShortLivesAddUpToALease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 1)
		killed := team.join("killed")
		synctest.Wait()
		killed.cut.set(true)
		took := 0
		for life := range 12 {
			short := team.join(fmt.Sprint("life ", life))
			pass(1500 * time.Millisecond)
			took += len(strings.Fields(short.works()))
			short.cut.set(true) // it is killed, too
		}
		if took == 0 {
			t.Error("no life took the slot, want one of them to take it after 10 s in all")
		}
	})
}

func TestANumberOfSlotsIsNotChangedSilently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 2)
		team.join("one")
		synctest.Wait()
		other := team.join("other", func(c *reactor.Config) { c.Slots = 3 })
		err := other.running.Wait(t.Context())
		if slots, ok := errors.AsType[*reactor.SlotsError](err); !ok || *slots != (reactor.SlotsError{Group: "team", Stored: 2, Asked: 3}) {
			t.Errorf("got error %v, want one that says 2 and 3", err)
		}
	})
}

func TestASlotBeginsWhereTheGroupWasWithoutSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 2)
		team.source.add("A", ids(0)+" "+ids(1))
		must(t, team.checkpoints.Save(t.Context(), feed.Key{Source: "scripted", Tranche: "A", Group: "team"}, 12))
		team.join("one")
		pass(2 * time.Second)
		equal(t, "handled", team.handled(), ids(1))
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	check.Must(t, err)
}

// What is stored rests on SlotOf. The vectors were made by another implementation of
// FNV-1a.
func TestSlotOfStaysAsItIs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"GroupCheckout-a":    "0 0 0 10 249",
		"GroupCheckout-b":    "0 1 2 7 68",
		"GuestStay-a,b":      "0 0 1 6 103",
		"GroupCheckout-émü€": "0 1 1 7 229",
	} {
		stream, err := es.ParseStreamName(name)
		must(t, err)
		got := fmt.Sprint(reactor.SlotOf(stream, 1), reactor.SlotOf(stream, 2), reactor.SlotOf(stream, 3), reactor.SlotOf(stream, 16), reactor.SlotOf(stream, 255))
		equal(t, name, got, want)
	}
}

func TestChangingTheNumberOfSlotsSkipsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 3)
		one := team.join("one")
		release := one.holdUp()
		defer release()
		change := func(slots int) (int, error) {
			return reactor.ChangeSlots(t.Context(), team.source, team.checkpoints, "team", slots)
		}
		team.source.add("A", ids(0))
		pass(3 * time.Second)
		_, err := change(2)
		if _, ok := errors.AsType[*reactor.MembersError](err); !ok || !strings.Contains(err.Error(), "stop one/") {
			t.Errorf("while one runs: got error %v, want one that names it", err)
		}
		one.cut.set(true) // it is killed
		began := time.Now()
		before, err := change(2)
		equal(t, "changed", fmt.Sprint(before, err), "3 <nil>")
		if took := time.Since(began); took > team.lease {
			t.Errorf("it took %s, want no longer than the lease", took)
		}
		team.handled()

		team.slots = 2
		two := team.join("two")
		pass(2 * time.Second)
		equal(t, "handled by two slots, from the lowest checkpoint", team.handled(), ids(0))
		two.running.Stop()
		<-two.running.Done()
		before, err = change(1)
		equal(t, "changed", fmt.Sprint(before, err), "2 <nil>")
		team.slots = 1
		team.join("three")
		team.source.add("A", ids(1))
		pass(2 * time.Second)
		equal(t, "handled by one slot", team.handled(), ids(1))
	})
}

// One that was paused in the middle of a save goes on with it when another has the slot.
func TestWhoeverHasLostASlotCannotSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 1)
		team.lease = 2 * time.Second // so that the save is not given up meanwhile
		one := &member{team: team, name: "one", cut: &cutOff{Checkpoints: team.checkpoints, Slots: team.checkpoints}}
		paused := make(chan struct{})
		late := intercept.Checkpoints(one.cut, intercept.CheckpointsHooks{
			BeforeSave: func(_ context.Context, key feed.Key, _ feed.Position) error {
				if key.Tranche == "A" {
					<-paused
				}
				return nil
			},
		})
		running, err := reactor.Start(t.Context(), team.source, late, one, reactor.Config{
			Group: "team", Slots: 1, Lease: team.lease, Member: "one", CheckpointInterval: time.Second,
		})
		must(t, err)
		one.running = running
		synctest.Wait()
		team.source.add("A", "a@0")
		pass(1500 * time.Millisecond) // it is about to save 1
		one.cut.set(true)
		other := team.join("other")
		pass(3 * time.Second)
		team.source.add("A", "a@1")
		pass(2 * time.Second)
		key := feed.Key{Source: "scripted", Tranche: "A", Group: "team"}
		position, _, err := team.checkpoints.Load(t.Context(), key)
		equal(t, "saved by the other", fmt.Sprintf("%d %v %s", position, err, other.works()), "2 <nil> 0")

		one.cut.set(false)
		close(paused)
		pass(time.Second / 2)
		position, _, err = team.checkpoints.Load(t.Context(), key)
		if err != nil || position != 2 {
			t.Errorf("saved by who had lost the slot: got %d and error %v, want 2 as before", position, err)
		}
		running.Stop()
		<-running.Done()
	})
}

// unhurried takes a while to hear that a slot was given, in which everybody else gets on.
type unhurried struct{ *recorder }

func (u unhurried) Observe(o reactor.Occurrence) {
	u.recorder.Observe(o)
	if _, given := o.(reactor.SlotGiven); given {
		time.Sleep(time.Millisecond) // of the bubble's own time
	}
}

// TestWhatIsHandedOverIsNotLost has many slots handed over at once: none counts as lost.
func TestWhatIsHandedOverIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const slots = 32
		team, seen := newTeam(t, slots), &recorder{}
		one := team.join("one", func(c *reactor.Config) { c.Observer = unhurried{seen} })
		pass(3 * time.Second)
		team.join("two")
		pass(30 * time.Second)
		equal(t, "given", len(occurrences[reactor.SlotGiven](seen)), slots/2)
		equal(t, "lost", len(occurrences[reactor.SlotLost](seen)), 0)
		equal(t, "held", len(strings.Fields(one.works())), slots/2)
		team.check()
	})
}

// A slot that is to be handed over is worked on again if whoever was to have it leaves
// before the calls in it have returned.
func TestASlotThatNobodyWantsAnyMoreIsWorkedOnAgain(t *testing.T) {
	t.Parallel()
	stops := func(m *member) { m.running.Stop(); <-m.running.Done() }
	for name, tt := range map[string]struct {
		after time.Duration // since it joined
		leave func(*member)
	}{
		"it stops":                             {2 * time.Second, stops},
		"it is killed":                         {2 * time.Second, func(m *member) { m.cut.set(true); pass(m.team.lease * 7 / 10) }},
		"it stops when the calls were cut off": {14 * time.Second, stops},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				team := newTeam(t, 2)
				one := team.join("one")
				one.deaf = true
				release := one.holdUp()
				team.source.add("A", ids(0))
				pass(time.Second)
				two := team.join("two")
				pass(tt.after) // one winds a slot down meanwhile
				equal(t, "shares while the calls go on", shares(one, two), "2 0")
				tt.leave(two)
				pass(time.Second)
				release()
				team.source.add("A", ids(1))
				pass(5 * time.Second)
				equal(t, "shares", shares(one), "2")
				equal(t, "events that are not handled", one.status().Unhandled, 0)
				team.check()
			})
		})
	}
}

// Who holds a slot and cannot begin with it does not stand by: nobody else takes it.
func TestASlotThatCannotBeBegunIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		team := newTeam(t, 1)
		one := team.join("one")
		synctest.Wait()
		other := team.join("other")
		pass(3 * time.Second)
		other.cut.lock(true)
		one.running.Stop()
		<-one.running.Done()
		pass(time.Minute)
		status := other.status()
		equal(t, "stands by", status.StandsBy(), false)
		slot := status.Slots[0]
		equal(t, "the holder is the other itself", slot.Holder, status.Member)
		equal(t, "works", other.works(), "")
		equal(t, "what is wrong", slot.Error, `begin with slot 0 of consumer group "team": load the checkpoint of tranche "A": locked by another transaction`)
		equal(t, "since it has held it", status.At.Sub(slot.ErrorSince) > 58*time.Second, true)

		other.cut.lock(false)
		pass(time.Second)
		equal(t, "works when it can", other.works(), "0")
		equal(t, "nothing is wrong any more", other.status().Slots[0].Error, "")
		equal(t, "stands by", other.status().StandsBy(), false)
	})
}
