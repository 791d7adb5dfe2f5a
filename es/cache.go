package es

import (
	"sync"
	"time"

	"github.com/jellydator/ttlcache/v3"
)

// Cache keeps the folded states of streams between calls, so that only the
// tail of a stream has to be read. It holds at most as many states as it was
// made for, drops the one unused for longest, and forgets a state that nobody
// asked for during its lifetime. States of several categories share one Cache.
// Calls may overlap. It runs no goroutine. A nil Cache keeps nothing.
type Cache struct {
	putting sync.Mutex // makes the comparison in put and the write after it one step
	states  *ttlcache.Cache[StreamName, cached]
}

type cached struct {
	version Version
	state   any
}

// NewCache makes a cache of up to size states, each forgotten when unused for
// lifetime. Zero means 10,000 states and 20 minutes.
func NewCache(size int, lifetime time.Duration) *Cache {
	if size <= 0 {
		size = 10_000
	}
	if lifetime <= 0 {
		lifetime = 20 * time.Minute
	}
	return &Cache{states: ttlcache.New(
		ttlcache.WithCapacity[StreamName, cached](uint64(size)),
		ttlcache.WithTTL[StreamName, cached](lifetime),
	)}
}

// Len is the number of states held, including some that are due to be
// forgotten.
func (c *Cache) Len() int { return c.states.Len() }

// get returns the state of a stream and extends its life. It returns a nil
// state if there is none.
func (c *Cache) get(stream StreamName) cached {
	if c != nil {
		if item := c.states.Get(stream); item != nil {
			return item.Value()
		}
	}
	return cached{}
}

// put keeps a state unless a newer one is there: two callers may load the same
// stream at the same time and finish in either order.
func (c *Cache) put(stream StreamName, entry cached) {
	if c == nil {
		return
	}
	c.putting.Lock()
	defer c.putting.Unlock()
	if c.get(stream).version <= entry.version {
		c.states.Set(stream, entry, ttlcache.DefaultTTL)
	}
}

// drop forgets the state of a stream.
func (c *Cache) drop(stream StreamName) {
	if c != nil {
		c.states.Delete(stream)
	}
}
