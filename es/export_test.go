package es

// Swept is how many states are gone from memory.
func (c *Cache) Swept() int { return int(c.states.Metrics().Evictions) } //nolint:gosec // a small count

// Layers is how many layers a map has.
func (m Map[K, V]) Layers() int { return len(m.layers) }
