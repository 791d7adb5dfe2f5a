//go:build !linux

package reach

import (
	"syscall"
	"time"
)

// breaksAfter does nothing: it is of Linux.
func breaksAfter(time.Duration) func(network, address string, socket syscall.RawConn) error {
	return nil
}
