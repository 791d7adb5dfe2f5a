package faults

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// How many faults there may be, so that each run ends: see the package's
// documentation.
const (
	MaxInARow    = 2
	MaxPerStream = 8
)

// Config is what an [Injector] needs. A zero field means the default.
type Config struct {
	Spec Spec
	Seed uint64
	// Name gives a stream a name that is the same in each run; ok is false for
	// one that is to be left alone. It is asked once for each stream that a
	// caller uses, until ok is true, and must not call the injector. Without it,
	// streams go by their own names.
	// A scenario that is tried again should say so in its streams' names, to
	// meet other faults.
	Name func(es.StreamName) (name string, ok bool)
	// Kill kills the reactor and starts it again, and Cut cuts its connections.
	// Both are called during an operation of the reactor, so they must not wait
	// for it. Without them there are no such faults.
	Kill, Cut func()
	// Only, if given, has the last word on each fault: it is injected only if
	// Only says so. It must be a pure function, and be safe for concurrent calls;
	// those who look for the few faults that matter leave out the others with it.
	Only func(Injected) bool
}

// Role says who calls a store.
type Role string

// The roles.
const (
	Reactor Role = "reactor" // it tries everything again, and survives everything
	Client  Role = "client"  // anyone else who writes
	feeding Role = "feed"
)

// Error is what an operation that was made to fail returns, wraps, or panics with.
type Error struct {
	Kind   Kind
	Stream es.StreamName // zero for a checkpoint
}

func (e *Error) Error() string {
	if e.Stream.IsZero() {
		return fmt.Sprintf("%s, on purpose", e.Kind)
	}
	return fmt.Sprintf("%s on %s, on purpose", e.Kind, e.Stream)
}

// Injected is a fault that was injected.
type Injected struct {
	Kind      Kind
	Key       string // the name of the stream, as Config.Name gave it, or of the tranche
	Caller    string // the name of the stream that the reactor handled, if it did, or who else acted, as As says
	By        Role   // who called, or "feed"
	Operation string // what was called
	Count     int    // how many such calls came before, by this caller on this stream
	Detail    string // how much of it, where that matters
}

func (f Injected) String() string {
	text := fmt.Sprintf("%s at %s %d of %s by the %s", f.Kind, f.Operation, f.Count, f.Key, f.By)
	if f.Caller != "" && f.Caller != f.Key {
		text += " for " + f.Caller
	}
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	return text
}

// Injector injects the faults of a run. One reactor, with its clients, has one.
// Calls may overlap. A nil Injector has injected nothing.
type Injector struct {
	config Config

	mu        sync.Mutex
	resting   bool
	accounts  map[scope]*account
	log       []Injected
	occasions map[Kind]int
	disturbed map[es.StreamName]int // faults in handler calls, by the stream that was handled
	repeated  map[es.StreamName]int // deliveries
	strikes   map[es.StreamName]int // kills and cuts, by the stream that was handled
	kills     int                   // of the reactor and of connections, which disturb every call under way
}

// scope is one caller on one stream. What it does comes one after the other, so
// counting it does not depend on the order of goroutines.
type scope struct {
	role           Role
	caller, target es.StreamName
	actor          string // who called, where several do side by side
	tranche        string // of a checkpoint, which has no stream
	gate           string // the name of one, where nobody sees the stream
}

// handled is the stream that a scope's work is for.
func (s scope) handled() es.StreamName {
	if s.caller.IsZero() {
		return s.target
	}
	return s.caller
}

// maxStrikes is how often the work for one stream may have the reactor killed or
// its connections cut. Each ends the work for all streams, so a call that writes
// to a thousand would otherwise never come to its end.
const maxStrikes = 2

// strikes tells which kinds hit everybody.
func strikes(kind Kind) bool { return kind == Kill || kind == Cut }

// account is what is known of a scope.
type account struct {
	key, caller string
	tallies     map[string]*tally // by operation
	spent       int               // faults
	slowed      int               // delays, which are no failures
	endless     bool              // spent, slowed and strikes do not count, as for checkpoints and gates
	spared      int               // operations below this count go through
}

// tally counts one kind of operation of a scope.
type tally struct{ count, row int }

// turn is one operation that may be made to fail.
type turn struct {
	scope     scope
	account   *account
	tally     *tally
	operation string
	count     int
}

// New makes an injector.
func New(config Config) *Injector {
	if config.Name == nil {
		config.Name = func(s es.StreamName) (string, bool) { return s.String(), true }
	}
	return &Injector{config: config, accounts: map[scope]*account{}, occasions: map[Kind]int{}, disturbed: map[es.StreamName]int{}, repeated: map[es.StreamName]int{}, strikes: map[es.StreamName]int{}}
}

type actorKey struct{}

// As says who acts with a context, for an [Injector] and a [Schedule]. Several who
// work on one stream side by side need names, the same in each run; otherwise it
// is a matter of chance which of them meets what.
func As(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actorKey{}, name)
}

func actor(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}

// Rest ends the faults, so that a run can be ended in good order and looked at.
func (i *Injector) Rest() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.resting = true
}

// Log returns all faults so far, in an order that does not depend on that of
// goroutines.
func (i *Injector) Log() []Injected { return i.Of("") }

// Of returns the faults on the streams of which the name begins with a prefix, and
// those in handler calls for them, in the order of Log.
func (i *Injector) Of(prefix string) []Injected {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	var found []Injected
	for _, f := range i.log {
		if strings.HasPrefix(f.Key, prefix) || f.Caller != "" && strings.HasPrefix(f.Caller, prefix) {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b Injected) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.By, b.By), cmp.Compare(a.Caller, b.Caller),
			cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Count, b.Count), cmp.Compare(a.Kind, b.Kind))
	})
	return found
}

// Occasions are how often each kind could have come, by its rate, so far.
func (i *Injector) Occasions() map[Kind]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.occasions)
}

// happens tells whether a kind comes at a turn, by its rate, and counts the occasion.
func (i *Injector) happens(t turn, kind Kind) bool {
	i.mu.Lock()
	i.occasions[kind]++
	i.mu.Unlock()
	return happens(i.chance(t, string(kind)), i.config.Spec.of(kind).rate)
}

// Disturbed is how many faults, but no delays, the handler calls for a stream have met
// so far, with those that every call meets: kills and cuts. A call during which it
// grows may fail, or see too little, because of that.
func (i *Injector) Disturbed(stream es.StreamName) int {
	if i == nil {
		return 0
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.disturbed[stream] + i.kills
}

// Repeated is how many deliveries of a stream were made once more so far.
func (i *Injector) Repeated(stream es.StreamName) int {
	if i == nil {
		return 0
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.repeated[stream]
}

// turn begins an operation; ok is false if it is to be left alone.
func (i *Injector) turn(ctx context.Context, role Role, stream es.StreamName, operation string) (t turn, ok bool) {
	s := scope{role: role, target: stream, actor: actor(ctx)}
	if call, handling := reactor.Handled(ctx); handling {
		s.caller = call.Stream
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.accounts[s]
	if a == nil {
		key, named := i.config.Name(stream)
		if !named {
			return turn{}, false
		}
		a = &account{key: key, caller: s.actor}
		if !s.caller.IsZero() {
			a.caller, _ = i.config.Name(s.caller)
		}
	}
	return i.begin(s, a, operation)
}

// endlessTurn begins an operation that is for no stream known here, so that what
// bounds the faults of one does not count. Its name is that of its scope.
func (i *Injector) endlessTurn(s scope, name, operation string) (turn, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	a := i.accounts[s]
	if a == nil {
		a = &account{key: name, endless: true}
	}
	return i.begin(s, a, operation)
}

// begin counts an operation. The caller holds the lock.
func (i *Injector) begin(s scope, a *account, operation string) (t turn, ok bool) {
	if i.resting {
		return turn{}, false
	}
	if a.tallies == nil {
		a.tallies = map[string]*tally{}
		i.accounts[s] = a
	}
	counted := a.tallies[operation]
	if counted == nil {
		counted = &tally{}
		a.tallies[operation] = counted
	}
	counted.count++
	return turn{s, a, counted, operation, counted.count - 1}, true
}

// chance is the number that decides something about a turn.
func (i *Injector) chance(t turn, about string) uint64 {
	return chance(i.config.Seed, t.count, about, string(t.scope.role), t.account.caller, t.account.key, t.operation)
}

// may tells whether a turn may meet a kind of failure, as injects will decide unless
// something comes in between.
func (i *Injector) may(t turn, kind Kind) bool {
	if !happens(i.chance(t, string(kind)), i.config.Spec.of(kind).rate) {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	a := t.account
	return !i.resting && t.tally.row < MaxInARow && (a.spent < MaxPerStream || a.endless) && i.wanted(t, kind, "")
}

// injects decides whether a turn meets a kind of failure, and notes it if so.
func (i *Injector) injects(t turn, kind Kind, detail string) bool {
	if !i.happens(t, kind) {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	row := MaxInARow
	if kind == Conflict && t.scope.role == Client {
		row = 1
	}
	a := t.account
	if behind := a.tallies[reading+" from "+es.FromReplica.String()]; kind == Conflict && t.scope.role == Client && behind != nil && behind.row > 0 {
		return false // the client may be in for a true conflict, since it was shown a stale replica
	}
	switch {
	case i.resting, t.tally.row >= row, a.spent >= MaxPerStream && !a.endless:
		return false
	case strikes(kind) && !a.endless && i.strikes[t.scope.handled()] >= maxStrikes:
		return false
	case !i.wanted(t, kind, detail):
		return false
	}
	t.tally.row++
	a.spent++
	i.note(t, kind, detail)
	switch {
	case strikes(kind):
		i.strikes[t.scope.handled()]++
		i.kills++
	case t.scope.role == Reactor && !t.scope.caller.IsZero():
		i.disturbed[t.scope.caller]++
	case kind == Duplicate:
		i.repeated[t.scope.target]++
	}
	return true
}

// slows decides whether a turn meets a delay, which is no failure, and notes it
// if so.
func (i *Injector) slows(t turn, kind Kind) bool {
	if !i.happens(t, kind) {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.resting || t.account.slowed >= MaxPerStream && !t.account.endless || !i.wanted(t, kind, "") {
		return false
	}
	t.account.slowed++
	i.note(t, kind, "")
	return true
}

// fault describes a fault of a turn.
func (t turn) fault(kind Kind, detail string) Injected {
	return Injected{kind, t.account.key, t.account.caller, t.scope.role, t.operation, t.count, detail}
}

// wanted asks Config.Only.
func (i *Injector) wanted(t turn, kind Kind, detail string) bool {
	return i.config.Only == nil || i.config.Only(t.fault(kind, detail))
}

// note logs a fault. The caller holds the lock.
func (i *Injector) note(t turn, kind Kind, detail string) {
	i.log = append(i.log, t.fault(kind, detail))
}

// key is the name of a stream that the feed delivered, empty for one that is left
// alone.
func (i *Injector) key(stream es.StreamName) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if a := i.accounts[scope{role: feeding, target: stream}]; a != nil {
		return a.key
	}
	return ""
}

// succeeded ends a row of failures.
func (i *Injector) succeeded(t turn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	t.tally.row = 0
}

// strike does what goes beyond one operation: it kills the reactor, or cuts its
// connections.
func (i *Injector) strike(t turn) {
	if i.config.Kill != nil && i.injects(t, Kill, "") {
		i.config.Kill()
	}
	if i.config.Cut != nil && i.injects(t, Cut, "") {
		i.config.Cut()
	}
}
