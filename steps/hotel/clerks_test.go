package hotel_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/dynamodb"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/harness/messagedb"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/internal/tried"
	"example.com/groupcheckout/steps/hotel"
)

// How many clerks there are, and how much each of them does.
const (
	clerks   = 6
	commands = 12
)

// More seeds than a usual run has time for, and others each night.
var (
	moreSeeds = flag.Uint64("clerk-seeds", 0, "in TestClerksAndTheReactorAtOnceInVirtualTime, try this `number` of seeds, sound and with all faults") //nolint:gochecknoglobals // a flag of go test
	firstSeed = flag.Uint64("clerk-seed", 1, "the first seed of TestClerksAndTheReactorAtOnceInVirtualTime")                                          //nolint:gochecknoglobals // a flag of go test
)

// scene is what clerks meet in: few stays and groups, so that they are in each other's
// way.
type scene struct {
	world  *harness.World
	stays  [2]domain.StayID
	groups [2]domain.GroupID
	random *rand.Rand    // not for goroutines
	made   chan struct{} // gets something for each command that was made
}

// clerk works at a machine of their own, with a cache of its own.
type clerk struct {
	*scene

	random  *rand.Rand
	stay    *gueststay.Service
	group   *groupcheckout.Service
	entered func(context.Context) error // the last charge or payment, to be entered once more
}

// newScene names what clerks are going to meet in.
func newScene(world *harness.World, seed uint64) *scene {
	s := &scene{world: world, random: rand.New(rand.NewPCG(seed, 0)), made: make(chan struct{}, clerks*commands)}
	stays, groups := gueststay.NewService(world.Store(), world.Options()), groupcheckout.NewService(world.Store(), world.Options())
	for i := range s.stays {
		s.stays[i] = domain.StayID(uuid.New())
		world.Name(stays.Stream(s.stays[i]), fmt.Sprintf("stay %d", i+1))
	}
	for i := range s.groups {
		s.groups[i] = domain.GroupID(uuid.New())
		world.Name(groups.Stream(s.groups[i]), fmt.Sprintf("group %d", i+1))
	}
	return s
}

// work has all clerks do what chance decides, side by side. What they are answered is for
// the histories to judge.
func (s *scene) work(ctx context.Context) {
	var all sync.WaitGroup
	for i := range clerks {
		store, options := s.world.Store(), es.Options{Cache: es.NewCache(0, 0)}
		c := &clerk{
			scene: s, random: rand.New(rand.NewPCG(s.random.Uint64(), uint64(i))), //nolint:gosec // not negative
			stay: gueststay.NewService(store, options), group: groupcheckout.NewService(store, options),
		}
		all.Go(func() {
			ctx := s.world.As(ctx, fmt.Sprintf("clerk %d", i+1))
			for range commands {
				_ = c.command(ctx) // whatever the answer is, it was recorded
				s.made <- struct{}{}
			}
		})
	}
	all.Wait()
}

// command is one of a clerk's.
func (c *clerk) command(ctx context.Context) error {
	stay, group := c.stays[c.random.IntN(len(c.stays))], c.groups[c.random.IntN(len(c.groups))]
	at := domain.MomentOf(time.Date(2026, 11, 23, 9+c.random.IntN(2), 0, 0, 0, time.UTC))
	amount := domain.MoneyOf(int64(10 * (1 + c.random.IntN(2))))
	enter := func(command func(context.Context) error) error {
		c.entered = command
		return command(ctx)
	}
	switch c.random.IntN(13) {
	case 0:
		return c.stay.CheckIn(ctx, stay, at)
	case 1, 2:
		id := domain.ChargeID(uuid.New())
		return enter(func(ctx context.Context) error { return c.stay.Charge(ctx, stay, id, amount, at) })
	case 3:
		id := domain.PaymentID(uuid.New())
		return enter(func(ctx context.Context) error { return c.stay.Pay(ctx, stay, id, amount, at) })
	case 4, 5:
		return c.stay.CheckOut(ctx, stay, at)
	case 6:
		return c.group.Select(ctx, group, c.stays[:1+c.random.IntN(len(c.stays))], at)
	case 7, 8:
		id := domain.PaymentID(uuid.New())
		return enter(func(ctx context.Context) error { return c.group.Pay(ctx, group, id, amount, at) })
	case 9, 10:
		return c.group.Confirm(ctx, group, at)
	case 11:
		if c.entered != nil {
			return c.entered(ctx) // what was meant once is entered twice
		}
		fallthrough
	default:
		_, one := c.stay.Read(ctx, stay)
		_, other := c.group.Read(ctx, group)
		return errors.Join(one, other)
	}
}

// play has clerks and the reactor work at once on a harness, and judges what comes of it.
// Meanwhile something else may happen.
func play(t *testing.T, h *harness.Harness, seed uint64, meanwhile func(*scene)) {
	t.Helper()
	world, err := h.World(t.Context(), harness.Scenario{Key: fmt.Sprintf("%s, seed %d", t.Name(), seed)})
	check.Must(t, err)
	s := newScene(world, seed)
	var beside sync.WaitGroup
	if meanwhile != nil {
		beside.Go(func() { meanwhile(s) })
	}
	s.work(t.Context())
	beside.Wait()
	check.OKf(t, world.Eventually(t.Context(), func(context.Context) error { return nil }), "seed %d", seed)
	check.OKf(t, world.Close(t.Context()), "seed %d", seed)
}

// audited closes a harness once its books were proved.
func audited(t *testing.T, h *harness.Harness) {
	t.Helper()
	check.OK(t, h.Audit(t.Context()))
	check.OK(t, h.Close(t.Context()))
}

// TestClerksAndTheReactorAtOnceInVirtualTime lets a seed decide what clerks do, what goes
// wrong, and in which order they get on.
func TestClerksAndTheReactorAtOnceInVirtualTime(t *testing.T) {
	t.Parallel()
	all, err := faults.Parse("all")
	check.Must(t, err)
	for _, c := range []struct {
		name  string
		spec  faults.Spec
		seeds uint64
	}{{"sound", faults.Spec{}, 150}, {"all faults", all, 50}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if check.Raced {
				c.seeds /= 3
			}
			seeds := cmp.Or(*moreSeeds, c.seeds)
			tried.Times(t, c.name, "seeds of clerks side by side", int(seeds)) //nolint:gosec // not that many
			for i := range seeds {
				seed := *firstSeed + i
				t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						h, err := harness.Open(t.Context(), harness.Options{
							System: hotel.System(), Virtual: true, Schedule: true, Faults: c.spec, Seed: seed, CheckpointInterval: 2 * time.Millisecond,
						})
						check.Must(t, err)
						play(t, h, seed, nil)
						audited(t, h)
					})
				})
			}
		})
	}
}

// TestClerksAndReactorsAtOnce does the same on each store, with the reactor in this
// process or in others.
func TestClerksAndReactorsAtOnce(t *testing.T) {
	t.Parallel()
	cut, err := faults.Parse("all,stale=0")
	check.Must(t, err)
	for _, c := range []struct {
		name      string
		store     harness.Store
		processes int
		spec      faults.Spec
	}{
		{"memory", harness.Store{}, 0, faults.Spec{}},
		{"messagedb", messagedb.Store(), 0, faults.Spec{}},
		{"messagedb, with faults", messagedb.Store(), 0, cut},
		{"messagedb, two processes with faults", messagedb.Store(), 2, cut},
		{"dynamodb", dynamodb.Store(), 0, faults.Spec{}},
		{"dynamodb, with faults", dynamodb.Store(), 0, cut},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, err := harness.Open(t.Context(), harness.Options{System: hotel.System(), Store: c.store, Processes: c.processes, Faults: c.spec, Seed: 1})
			skipWithout(t, err)
			for seed := range uint64(5) {
				play(t, h, seed+1, nil)
			}
			audited(t, h)
		})
	}
}

// TestClerksAndTheReactorWhileTheStoreCrashes has a store crash and come back, twice,
// while they work. What it has acknowledged it keeps.
func TestClerksAndTheReactorWhileTheStoreCrashes(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes servers of its own")
	}
	durable := provision.Options{Way: provision.Local, Durable: true}
	t.Run("messagedb", func(t *testing.T) {
		server, err := provision.MessageDB(t.Context(), durable)
		skipWithout(t, err)
		playWhile(t, messagedb.Store(), server, func() error { return crash(t.Context(), server.AdminConnectionString) })
	})
	t.Run("dynamodb", func(t *testing.T) {
		server, err := provision.DynamoDB(t.Context(), durable)
		skipWithout(t, err)
		playWhile(t, dynamodb.Store(), server, func() error { return server.Crash(t.Context()) })
	})
}

// playWhile has clerks and the reactor work on a store whose server crashes meanwhile.
func playWhile(t *testing.T, store harness.Store, server interface {
	Environment() []string
	Close() error
}, crash func() error,
) {
	t.Helper()
	t.Cleanup(func() { check.OK(t, server.Close()) })
	for _, variable := range server.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	h, err := harness.Open(t.Context(), harness.Options{System: hotel.System(), Store: store, Way: string(provision.Address)})
	check.Must(t, err)
	play(t, h, 1, func(s *scene) {
		for range 2 {
			for range clerks * commands / 3 {
				<-s.made
			}
			check.OK(t, crash())
		}
	})
	audited(t, h)
}

// crash kills a process of PostgreSQL that serves a client, after which the server ends
// all sessions and recovers. It returns once the server is back.
func crash(ctx context.Context, admin string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	victim, err := connect(ctx, admin)
	if err != nil {
		return err
	}
	defer victim.Close(ctx) //nolint:errcheck // the server has cut it off
	witness, err := connect(ctx, admin)
	if err != nil {
		return err
	}
	defer witness.Close(ctx)                                                 //nolint:errcheck // the server has cut it off
	_, _ = victim.Exec(ctx, "COPY (SELECT 1) TO PROGRAM 'kill -KILL $PPID'") // it gets no answer any more
	_, _ = witness.Exec(ctx, "SELECT pg_sleep(3600)")                        // it is cut off with all the others
	again, err := connect(ctx, admin)
	if err != nil {
		return err
	}
	return again.Close(ctx)
}

// connect connects to a server that may not be back yet.
func connect(ctx context.Context, to string) (*pgx.Conn, error) {
	for {
		conn, err := pgx.Connect(ctx, to)
		if err == nil || pause.For(ctx, 50*time.Millisecond) != nil {
			return conn, err
		}
	}
}

// skipWithout skips a test that a store cannot be had for, unless that is forbidden.
func skipWithout(t *testing.T, err error) {
	t.Helper()
	unavailable := errors.As(err, new(*provision.UnavailableError)) || errors.Is(err, provision.ErrNoPostgreSQL) || errors.Is(err, errors.ErrUnsupported)
	if unavailable && os.Getenv(provisiontest.NoSkip) == "" {
		t.Skip(err)
	}
	check.Must(t, err)
}
