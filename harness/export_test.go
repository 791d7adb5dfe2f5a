package harness

// EventualLimit is how long a check may be made again.
const EventualLimit = eventualLimit

// BeInexact makes a harness believe that a check may have to be made again.
func (w *World) BeInexact() { w.harness.exact = false }

// Harness is the one that made the world.
func (w *World) Harness() *Harness { return w.harness }
