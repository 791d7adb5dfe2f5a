// Package quickstart keeps the garbage collector away from the start of a program that
// imports it. What packages and the command line allocate while they are set up stays in
// use, so a collection finds little, but takes milliseconds of a start that takes few.
package quickstart

import (
	"runtime/debug"
	"time"
)

const (
	length = time.Second // of a start
	room   = 64 << 20    // bytes that it may take without a collection
)

// ended is closed once the start of this program is over.
//
//nolint:gochecknoglobals // it has to begin before the other packages are set up
var ended = begin(length)

// begin switches collections off, up to a limit of memory. After a while it sets again what
// was set before, and closes the channel.
func begin(length time.Duration) <-chan struct{} {
	limit := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, room))
	percent := debug.SetGCPercent(-1)
	over := make(chan struct{})
	time.AfterFunc(length, func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		close(over)
	})
	return over
}
