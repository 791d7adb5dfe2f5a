package es

import (
	"maps"
	"reflect"
)

// Map is a map for states: With makes another one and leaves this one as it is, at the
// cost of what is changed, not of what is held. The zero value is empty. It is free to
// copy, and calls may overlap.
//
// It is made of layers, of which a later one counts before an earlier one, and each has
// no more than half of what the one below it has. So an entry is copied no more often
// than the number of entries can be halved.
type Map[K comparable, V any] struct{ layers []map[K]V }

// Get returns what is held under a key; ok is false if nothing is.
func (m Map[K, V]) Get(key K) (value V, ok bool) {
	for i := len(m.layers) - 1; i >= 0; i-- {
		if value, ok = m.layers[i][key]; ok {
			return value, true
		}
	}
	return value, false
}

// With is a map with some entries changed or added. It keeps the changes, which must not
// be changed any more.
func (m Map[K, V]) With(changes map[K]V) Map[K, V] {
	if len(changes) == 0 {
		return m
	}
	kept := len(m.layers)
	for size := len(changes); kept > 0 && len(m.layers[kept-1]) < 2*size; kept-- {
		size += len(m.layers[kept-1])
	}
	if kept < len(m.layers) {
		merged := maps.Clone(m.layers[kept])
		for _, layer := range m.layers[kept+1:] {
			maps.Copy(merged, layer)
		}
		maps.Copy(merged, changes)
		changes = merged
	}
	return Map[K, V]{append(m.layers[:kept:kept], changes)}
}

// All is a copy of what is held.
func (m Map[K, V]) All() map[K]V {
	all := map[K]V{}
	for _, layer := range m.layers {
		maps.Copy(all, layer)
	}
	return all
}

// Equal tells whether two maps hold equal values under the same keys: by the values'
// method Equal if they have one, or else deeply equal ones.
func (m Map[K, V]) Equal(other Map[K, V]) bool {
	return maps.EqualFunc(m.All(), other.All(), func(a, b V) bool {
		if a, ok := any(a).(interface{ Equal(other V) bool }); ok {
			return a.Equal(b)
		}
		return reflect.DeepEqual(a, b)
	})
}
