package es

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/jellydator/ttlcache/v3"
)

// CacheConfig says how much a [Cache] may hold. A zero field means the default.
type CacheConfig struct {
	States   int           // 10,000
	Bytes    int64         // of the events that the states were folded of, see [Cache.Bytes]; 128 MiB
	Lifetime time.Duration // of a state that nobody asks for; 20 minutes
}

// Cache keeps the folded states of streams between calls, so that only the tail of a
// stream has to be read. When it holds as much as it may, it drops the state unused for
// longest. States of several categories share one Cache. Calls may overlap. It runs no
// goroutine. A nil Cache keeps nothing.
type Cache struct {
	states *ttlcache.Cache[StreamName, cached]

	hits, misses atomic.Int64

	mu       sync.Mutex // makes the comparison in put and the write after it one step
	lifetime time.Duration
	sweeping bool // a timer runs that forgets what is due
}

type cached struct {
	version Version
	state   any
	bytes   int64
	skips   bool // an event was of an unknown type
}

// perEvent is what an event adds to a state besides its type and its body, and perState
// what a state takes by itself.
const (
	perEvent = 64
	perState = 256
)

// bytesOf is what a stored event may add to what a state holds.
func bytesOf(event *EventData) int64 {
	return perEvent + int64(len(event.Type)+len(event.Data))
}

// NewCache makes a cache of up to so many states, each forgotten when unused for
// lifetime. Zero means the default of [CacheConfig].
func NewCache(states int, lifetime time.Duration) *Cache {
	return NewCacheOf(CacheConfig{States: max(states, 0), Lifetime: max(lifetime, 0)})
}

// NewCacheOf makes a cache. Fields below zero count as zero.
func NewCacheOf(config CacheConfig) *Cache {
	if config.States <= 0 {
		config.States = 10_000
	}
	if config.Bytes <= 0 {
		config.Bytes = 128 << 20
	}
	if config.Lifetime <= 0 {
		config.Lifetime = 20 * time.Minute
	}
	return &Cache{lifetime: config.Lifetime, states: ttlcache.New(
		ttlcache.WithCapacity[StreamName, cached](uint64(config.States)),
		ttlcache.WithMaxCost(uint64(config.Bytes), func(item ttlcache.CostItem[StreamName, cached]) uint64 {
			return uint64(item.Value.bytes) //nolint:gosec // a sum of lengths
		}),
		ttlcache.WithTTL[StreamName, cached](config.Lifetime),
	)}
}

// Len is the number of states held.
func (c *Cache) Len() int { return c.states.Len() }

// Bytes is about as much memory as the states take. How large a state is nobody
// knows here; each counts as the bodies of the events that it was folded of.
func (c *Cache) Bytes() int64 {
	sum := int64(0)
	c.states.Range(func(item *ttlcache.Item[StreamName, cached]) bool {
		sum += item.Value().bytes
		return true
	})
	return sum
}

// Looks is how often a state was looked for and was there, and how often it was not.
func (c *Cache) Looks() (hits, misses int64) { return c.hits.Load(), c.misses.Load() }

// look is get for who needs the state.
func (c *Cache) look(stream StreamName) cached {
	entry := c.get(stream)
	switch {
	case c == nil:
	case entry.state == nil:
		c.misses.Add(1)
	default:
		c.hits.Add(1)
	}
	return entry
}

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
	entry.bytes += perState
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.get(stream).version > entry.version {
		return
	}
	c.states.Set(stream, entry, ttlcache.DefaultTTL)
	if !c.sweeping {
		c.sweeping = true
		time.AfterFunc(c.lifetime, c.sweep)
	}
}

// sweep forgets what is due, also where nobody asks for anything any more, and comes
// again while there is something.
func (c *Cache) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.states.DeleteExpired()
	if c.sweeping = c.states.Len() > 0; c.sweeping {
		time.AfterFunc(c.lifetime/2, c.sweep)
	}
}

// drop forgets the state of a stream.
func (c *Cache) drop(stream StreamName) {
	if c != nil {
		c.states.Delete(stream)
	}
}
