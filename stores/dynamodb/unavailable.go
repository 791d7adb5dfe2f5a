package dynamodb

import (
	"errors"
	"net"
)

// unavailable tells whether an error means that the service cannot be reached. One that
// answers, whatever it says, can be; the client has repeated what it may repeat.
func unavailable(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	_, unknown := errors.AsType[*net.DNSError](err)
	return network || unknown
}
