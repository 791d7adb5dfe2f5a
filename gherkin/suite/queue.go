package suite

import (
	"flag"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// branch is an inner node of the tree as a subtest, which is open from the first
// scenario beneath it to the last.
type branch struct {
	parent *branch // nil for the root
	name   string
	left   int // nodes directly beneath it that are not over; guarded by queue.mu

	opened bool
	t      *testing.T    // nil if -run leaves it out
	empty  chan struct{} // closed when nothing is left beneath it
	over   chan struct{} // closed when its subtest has ended
}

// seat is a scenario in the queue.
type seat struct {
	name     string
	scenario *Scenario
	parent   *branch
}

// queue starts the scenarios in the order of the tree, each as soon as one of the
// workers is free. The subtests are not parallel ones: go test resumes those in any
// order, so no run could be repeated, not even with one at a time.
type queue struct {
	run func(*testing.T, *Scenario)

	starting sync.Mutex // held until a scenario has started
	seats    []seat     // those that have not

	mu sync.Mutex
}

// runInOrder runs the scenarios of a tree beneath t, so many at once.
func runInOrder(t *testing.T, tree []*node, workers int, run func(*testing.T, *Scenario)) {
	t.Helper()
	q := &queue{run: run}
	q.add(&branch{opened: true, t: t}, tree)
	var all sync.WaitGroup
	for range min(workers, len(q.seats)) {
		all.Go(func() {
			for q.next() {
			}
		})
	}
	all.Wait()
}

func (q *queue) add(parent *branch, nodes []*node) {
	parent.left = len(nodes)
	for _, n := range nodes {
		if n.scenario != nil {
			q.seats = append(q.seats, seat{n.name, n.scenario, parent})
			continue
		}
		q.add(&branch{parent: parent, name: n.name, empty: make(chan struct{}), over: make(chan struct{})}, n.children)
	}
}

// next runs the next scenario to its end; false says that there was none.
func (q *queue) next() bool {
	over, parent := q.start()
	if parent == nil {
		return false
	}
	<-over
	q.leave(parent)
	return true
}

// start starts the next scenario. The channel is closed when it is over, which it is
// at once if -run leaves it out.
func (q *queue) start() (over <-chan struct{}, parent *branch) {
	q.starting.Lock()
	defer q.starting.Unlock()
	if len(q.seats) == 0 {
		return nil, nil
	}
	next := q.seats[0]
	q.seats = q.seats[1:]
	ended := make(chan struct{})
	t := next.parent.open()
	if t == nil {
		close(ended)
		return ended, next.parent
	}
	begin(t, next.name, ended, func(t *testing.T) {
		t.Helper()
		q.run(t, next.scenario)
	})
	return ended, next.parent
}

// open starts the subtest of a branch, unless it is there. The caller holds
// queue.starting.
func (b *branch) open() *testing.T {
	if b.opened {
		return b.t
	}
	b.opened = true
	parent := b.parent.open()
	if parent == nil {
		close(b.over)
		return nil
	}
	b.t = begin(parent, b.name, b.over, func(*testing.T) { <-b.empty })
	return b.t
}

// begin starts a subtest of t and returns it once it runs, or nil if -run leaves it out.
// In a goroutine of its own even a subtest that ends all those above it ends nothing
// else.
func begin(t *testing.T, name string, over chan<- struct{}, run func(*testing.T)) *testing.T {
	t.Helper()
	begun := make(chan *testing.T, 1)
	go func() {
		defer close(over)
		defer close(begun)
		t.Run(name, func(t *testing.T) {
			begun <- t
			run(t)
		})
	}()
	return <-begun
}

// leave says that something beneath a branch is over, and with the last of it the
// branch.
func (q *queue) leave(b *branch) {
	q.mu.Lock()
	b.left--
	last := b.left == 0
	q.mu.Unlock()
	if !last || b.parent == nil {
		return
	}
	close(b.empty)
	<-b.over
	q.leave(b.parent)
}

// workers is how many scenarios go test lets run at once.
func workers() int {
	if f := flag.Lookup("test.parallel"); f != nil {
		if n, err := strconv.Atoi(f.Value.String()); err == nil && n > 0 {
			return n
		}
	}
	return runtime.GOMAXPROCS(0)
}
