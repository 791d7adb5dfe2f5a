//go:build !linux

package dsn

import (
	"syscall"
	"time"
)

// breaksAfter does nothing: it is of Linux.
func breaksAfter(time.Duration) func(network, address string, socket syscall.RawConn) error {
	return nil
}
