package harness

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/memory"
)

// Store is a kind of store that scenarios can run on. The zero Store is the memory
// store, which is always there; those of other processes have packages of their
// own, messagedb and dynamodb, so that a project links what it names.
type Store struct {
	// Name is what flags and reports call it.
	Name string
	// BringUp brings a server of it up, and says what was tried if it cannot.
	BringUp func(ctx context.Context, need Need) (*Server, error)
}

// Memory is the name of the memory store.
const Memory = "memory"

// InProcess tells whether it is the memory store, which only this process can see.
func (s Store) InProcess() bool { return s.BringUp == nil }

// Ways are the ways to bring a real store up, in the order in which they are tried:
// a server that is up already, a container, processes of this machine.
func Ways() []string { return []string{"address", "container", "local"} }

// Need is what a harness needs of a store.
type Need struct {
	Categories []string     // whose changes the reactor follows
	Processes  bool         // whether programs are to follow it as well
	Way        string       // the only one of [Ways]; empty: the first that works
	Log        *slog.Logger // what bringing up does; nobody if nil
}

// Server is a store's server that is up.
type Server struct {
	How string // it was brought up, in words and without secrets
	// Site makes room for scenarios on it: apart from all others, as on a server of
	// its own, if apart says so. Where programs follow the store, it is apart wherever
	// it can be: they take every stream for theirs. There may be a site to close beside
	// an error.
	Site  func(ctx context.Context, apart bool) (*Site, error)
	Close func() error
}

// Site is room for scenarios on a store: what they share, or what one has for
// itself.
type Site struct {
	Backend   *stores.Backend
	TailPause time.Duration // of reactors, at the end of a feed that does not notify

	// Address is where the store is, as a URL with its secrets. The functions take
	// it, or that of something that stands in between. For the memory store there
	// is none of these.
	Address string
	Target  func(address string) Target // as programs are told of it
	Open    func(ctx context.Context, address string) (*stores.Backend, error)
	Gate    func(ctx context.Context) (Gate, error) // that stands between programs and the store

	closers []func() error
}

// OnClose has something done when the site is closed, before what was said earlier.
func (s *Site) OnClose(f func() error) { s.closers = append(s.closers, f) }

// close takes down what was brought up. A nil site has nothing.
func (s *Site) close() error {
	if s == nil {
		return nil
	}
	err := closeAll(s.closers)
	s.closers = nil
	return err
}

// closeAll closes in the reverse order of opening.
func closeAll(closers []func() error) error {
	var errs []error
	for i := len(closers) - 1; i >= 0; i-- {
		errs = append(errs, closers[i]())
	}
	return errors.Join(errs...)
}

// Gate stands between programs and their store, and can break what passes.
type Gate interface {
	// URL is the store's address through the gate.
	URL() string
	// BreakAfter makes the gate break once n more appends have passed: no further one
	// does, until Mend. Broken is closed then, and is another channel after Mend.
	BreakAfter(n int) error
	Broken() <-chan struct{}
	Mend()
	// Judge has a function decide about each append besides: [faults.LostReply],
	// [faults.Cut], or nothing. Nil has all pass.
	Judge(judge func() faults.Kind)
	Close() error
}

// Target says where a program finds the store that it is to follow.
type Target struct {
	Store string // "messagedb" or "dynamodb"

	Connection       string // of a Message DB: a URL, with its password
	ConnectionNpgsql string // the same in the form of Npgsql: Host=…;Username=…
	CheckpointSchema string // of a Message DB: it exists, and the role may write to it

	ServiceURL, AccessKeyID, SecretAccessKey string // of a DynamoDB
	Region                                   string // of a DynamoDB, for signatures: the server is at ServiceURL
	Table, IndexTable                        string // of a DynamoDB: they exist, and the harness runs the indexer
}

// ShortPause is that of reactors at the end of a feed that does not notify and costs
// little to ask.
const ShortPause = 5 * time.Millisecond

// inMemory is the memory store as a server, which it is not.
func inMemory(need Need) *Server {
	return &Server{
		How: "in this process",
		Site: func(context.Context, bool) (*Site, error) {
			backend, err := memory.New().Backend(need.Categories...)
			return &Site{Backend: backend, TailPause: ShortPause}, err
		},
		Close: func() error { return nil },
	}
}
