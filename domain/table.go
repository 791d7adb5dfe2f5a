package domain

import (
	"encoding/binary"

	"github.com/benbjohnson/immutable"
)

// Table holds a value for each of some ids. It is never changed: With gives another
// one, which shares with the first nearly all that is the same, so it costs next to the
// same whatever the table holds. The zero value is empty. Calls may overlap.
type Table[K ~[16]byte, V any] struct{ entries *immutable.Map[K, V] }

// Get returns what the table holds for an id.
func (t Table[K, V]) Get(id K) (value V, ok bool) {
	if t.entries == nil {
		return value, false
	}
	return t.entries.Get(id)
}

// Has tells whether the table holds something for an id.
func (t Table[K, V]) Has(id K) bool {
	_, ok := t.Get(id)
	return ok
}

// Len is the number of ids.
func (t Table[K, V]) Len() int {
	if t.entries == nil {
		return 0
	}
	return t.entries.Len()
}

// With is the table that holds a value for an id, in place of the one before, and
// otherwise the same.
func (t Table[K, V]) With(id K, value V) Table[K, V] {
	if t.entries == nil {
		t.entries = immutable.NewMap[K, V](hasher[K]{})
	}
	return Table[K, V]{t.entries.Set(id, value)}
}

// All yields what the table holds, in no order.
func (t Table[K, V]) All(yield func(K, V) bool) {
	if t.entries == nil {
		return
	}
	for entries := t.entries.Iterator(); ; {
		if id, value, ok := entries.Next(); !ok || !yield(id, value) {
			return
		}
	}
}

// hasher mixes all bytes of an id, so that ids which agree in some, such as those
// that begin with the time, are told apart.
type hasher[K ~[16]byte] struct{}

func (hasher[K]) Hash(id K) uint32 {
	x := binary.LittleEndian.Uint64(id[:8])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(id[8:])
	x *= 0xff51afd7ed558ccd // a multiplier of MurmurHash3's last step
	return uint32(x >> 32)  //nolint:gosec // the upper half
}

func (hasher[K]) Equal(a, b K) bool { return a == b }
