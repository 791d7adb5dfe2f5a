package run

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/dynamodb"
	"example.com/groupcheckout/harness/messagedb"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// The domain of these tests is a library: whoever borrows a book is reminded of
// it, once, by the reactor.

type (
	lent     struct{}
	reminded struct{}
)

const lending = `Feature: Lending
  Rule: A book has one reader
    Scenario: The last copy
      When the last copy is lent
      Then its reader is reminded once
`

// library is a project with a scenario that passes.
func library() Project {
	return Project{
		Folder:   "library",
		Features: fstest.MapFS{"lending.feature": {Data: []byte(lending)}},
		Stores:   []harness.Store{messagedb.Store(), dynamodb.Store()},
		System:   harness.System{Categories: []string{"Book"}, Start: Starter(startWith(careful))},
		Define:   define,
	}
}

// carelessLibrary is one whose reactor does its work again if it is called again.
func carelessLibrary() Project {
	p := library()
	p.System.Start = Starter(startWith(careless))
	return p
}

func define(r *gherkin.Registrar, world *harness.World) {
	id := uuid.NewString()
	r.When("the last copy is lent", func(ctx context.Context) error {
		book, err := books(world.Store()).Decider(id)
		if err != nil {
			return err
		}
		return book.Transact(ctx, func([]any) ([]any, error) { return []any{lent{}}, nil })
	})
	r.Then("its reader is reminded once", func(ctx context.Context) error {
		book, err := books(world.Store()).Decider(id)
		if err != nil {
			return err
		}
		return world.Eventually(ctx, func(ctx context.Context) error {
			events, err := book.Query(ctx)
			if got := len(events) - 1; err == nil && got != 1 {
				err = fmt.Errorf("got %d reminders, want 1", got)
			}
			return err
		})
	})
}

func books(store es.Store) *es.Category[[]any, any] {
	codec := es.NewCodec(
		es.On("Lent", func(e lent) any { return e }),
		es.On("Reminded", func(e reminded) any { return e }))
	fold := func(before, events []any) []any { return append(slices.Clip(before), events...) }
	return es.NewCategory("Book", codec, nil, fold, store, es.Options{})
}

// librarian is the reactor's handler.
type librarian struct {
	books *es.Category[[]any, any]
	done  func(state []any) bool // whether there is nothing left to do
}

func careful(state []any) bool { return slices.Contains(state, any(reminded{})) }
func careless([]any) bool      { return false }

func startWith(done func([]any) bool) func(context.Context, *stores.Backend, reactor.Config) (*reactor.Running, error) {
	return func(ctx context.Context, backend *stores.Backend, config reactor.Config) (*reactor.Running, error) {
		return reactor.Start(ctx, backend.Source, backend.Checkpoints, librarian{books(backend.Events), done}, config)
	}
}

func (l librarian) Handle(ctx context.Context, stream es.StreamName, events []es.Event) (es.Version, error) {
	book, err := l.books.Decider(stream.ID())
	if err != nil {
		return 0, err
	}
	asked := slices.ContainsFunc(events, func(e es.Event) bool { return e.Type == "Lent" })
	return book.TransactVersion(ctx, func(state []any) ([]any, error) {
		if !asked || l.done(state) {
			return nil, nil
		}
		return []any{reminded{}}, nil
	})
}

// features are those of a project with the given flags.
func features(t *testing.T, project Project, args ...string) *Features {
	t.Helper()
	f := New(project)
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	f.options.register(flags, project.Stores)
	check.Must(t, flags.Parse(args))
	return f
}

// run does what go test would.
func run(t *testing.T, f *Features) (status int, out, complaints string) {
	t.Helper()
	var to, err strings.Builder
	status = f.main(func() int {
		if !t.Run("features", f.Run) {
			return 1
		}
		return 0
	}, &to, &err)
	return status, to.String(), err.String()
}
